import Fediverse

/// What a viewer and a virtual account are to each other: "followed", so that clients offer to unfollow and to hide reblogs.
struct VirtualRelationship: Sendable, Equatable {
    var accountID: String
    /// False once the person wants less of this reason.
    var following: Bool
    var muting: Bool
    var blocking: Bool

    init(accountID: String, following: Bool = true, muting: Bool = false, blocking: Bool = false) {
        self.accountID = accountID
        self.following = following
        self.muting = muting
        self.blocking = blocking
    }

    func json() -> [UInt8] {
        var json = JSONWriter(capacity: 512)
        json.object {
            $0.member("id", accountID)
            $0.member("following", following)
            $0.member("showing_reblogs", following)
            $0.member("notifying", false)
            $0.member("languages") { $0.array { _ in } }
            $0.member("followed_by", false)
            $0.member("blocking", blocking)
            $0.member("blocked_by", false)
            $0.member("muting", muting)
            $0.member("muting_notifications", false)
            $0.member("muting_expires_at", nil)
            $0.member("requested", false)
            $0.member("requested_by", false)
            $0.member("domain_blocking", false)
            $0.member("endorsed", false)
            $0.member("note", "")
        }
        return json.bytes
    }
}
