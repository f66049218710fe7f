import Fediverse
import Recommender

/// What `x_recommendation` tells: clients ignore it, our own and curious people read it.
struct RecommendationNote: Sendable, Equatable {
    /// The reason's code.
    var code: String
    /// The reason's sentence in the viewer's language.
    var text: String
    /// The policy that made the slate.
    var policy: String
    /// The page that tells more.
    var why: String

    func json() -> [UInt8] {
        var json = JSONWriter(capacity: 256)
        json.object {
            $0.member("code", code)
            $0.member("text", text)
            $0.member("policy", policy)
            $0.member("why", why)
        }
        return json.bytes
    }
}

/// One recommendation as an entry of a timeline.
struct Wrapper: Sendable {
    /// The entry's position id and time, from the plan.
    var shownAs: String
    var createdAt: String
    /// The status's id at the viewer's instance.
    var innerID: String
    var account: VirtualAccount
    /// `account.json()`.
    var accountJSON: [UInt8]
    /// The policy that made the slate.
    var policy: String

    var note: RecommendationNote {
        RecommendationNote(
            code: account.reason.code.rawValue, text: ReasonCatalogue.sentence(account.reason, in: account.language),
            policy: policy, why: account.links.why(shownAs))
    }

    /// The entry's bytes.
    /// - Parameter inner: the status as the viewer's instance sent it, which stands inside unchanged.
    /// - Returns: nil where `inner` is not a status that can be passed on, and with label `off`.
    func bytes(around inner: [UInt8], label: RecommendationLabel) -> [UInt8]? {
        guard label != .off, let members = StatusMembers(inner), !members.isReblog else { return nil }
        return label == .json ? extended(inner, members) : wrapped(inner, members, collapsed: label == .filtered)
    }

    /// The status itself with one more member, the last.
    private func extended(_ inner: [UInt8], _ members: StatusMembers) -> [UInt8] {
        let told = note.json()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(members.whole.count + told.count + 24)
        bytes.append(contentsOf: inner[members.whole.dropLast()])
        bytes.append(contentsOf: (members.isEmpty ? "\"x_recommendation\":" : ",\"x_recommendation\":").utf8)
        bytes.append(contentsOf: told)
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    /// Every member of a reblog as Mastodon 4.6 sends it: strict clients drop an entry, or the page, for a missing one.
    private func wrapped(_ inner: [UInt8], _ members: StatusMembers, collapsed: Bool) -> [UInt8] {
        let uri = account.links.wrapper(shownAs, of: innerID, by: account.short)
        var json = JSONWriter(capacity: members.whole.count + accountJSON.count + 2_048)
        json.object {
            $0.member("id", shownAs)
            $0.member("created_at", createdAt)
            $0.members(#""in_reply_to_id":null,"in_reply_to_account_id":null"#)
            $0.copy("sensitive", members.sensitive, of: inner, else: "false")
            $0.members(#""spoiler_text":"""#)
            $0.copy("visibility", members.visibility, of: inner, else: "\"public\"")
            $0.copy("language", members.language, of: inner, else: "null")
            $0.member("uri", uri)
            if let url = members.url { $0.copy("url", url, of: inner, else: "null") } else { $0.member("url", uri) }
            $0.members(#""replies_count":0,"reblogs_count":0,"favourites_count":0,"quotes_count":0,"edited_at":null"#)
            // `reblogged` true would be shown as "you boosted" by Mastodon for iOS.
            $0.members(#""favourited":false,"reblogged":false,"muted":false,"bookmarked":false,"content":"""#)
            $0.key("filtered")
            filterResults(members.filtered.map { inner[$0] }, collapsed: collapsed, in: &$0)
            $0.copy("reblog", members.whole, of: inner, else: "null")
            $0.members(#""application":null"#)
            $0.key("account")
            $0.raw(accountJSON)
            $0.members(#""media_attachments":[],"mentions":[],"tags":[],"emojis":[],"tagged_collections":[],"quote":null,"card":null,"poll":null"#)
            $0.members(#""quote_approval":{"automatic":[],"manual":[],"current_user":"denied"}"#)
            $0.key("x_recommendation")
            $0.raw(note.json())
        }
        return json.bytes
    }

    /// The inner status's filter results, since Android and Elk look at the outer ones; before them ours if it is to be collapsed.
    private func filterResults(_ inner: ArraySlice<UInt8>?, collapsed: Bool, in json: inout JSONWriter) {
        json.array {
            if collapsed {
                $0.object {
                    $0.member("filter") {
                        $0.object {
                            $0.member("id", account.id)
                            $0.member("title", account.displayName)
                            $0.member("context") { $0.array { $0.string("home") } }
                            $0.member("expires_at", nil)
                            $0.member("filter_action", "warn")
                            $0.member("keywords") { $0.array { _ in } }
                            $0.member("statuses") { $0.array { _ in } }
                        }
                    }
                    $0.member("keyword_matches") { $0.array { _ in } }
                    $0.member("status_matches") { $0.array { $0.string(shownAs) } }
                }
            }
            if let inner { $0.raw(inner) }
        }
    }
}

extension JSONWriter {
    /// A member whose value is a part of `bytes`, as it stands there.
    fileprivate mutating func copy(_ name: String, _ part: Range<Int>?, of bytes: [UInt8], else fallback: String) {
        key(name)
        if let part { raw(bytes[part]) } else { raw(fallback) }
    }
}
