extension ConsentPolicy {
    /// What an author writes into their profile to be recommended where the operator asks for it (`Mode.tag`), without the sign.
    public static let optInTag = "yesrecommend"

    /// A status is recommended for three days.
    public static let longestAge = Instant.Span.hours(72)
    /// How far another instance's clock may be ahead of ours.
    public static let clockTolerance = Instant.Span.minutes(5)

    /// Why this status may not be shown to strangers; nil when its author's signals allow it.
    ///
    /// The whole candidate filter, as far as a status and its author can show it: the viewer's own blocks, mutes and filters are
    /// judged elsewhere. What a server did not say is a refusal. A status is judged
    /// as it now stands, so an edit is judged by coming here again.
    ///
    /// - Parameters:
    ///   - status: not a reblog, which is refused: pass what it reblogs.
    ///   - isLocalAuthor: whether the account lives on the instance that shows the status.
    ///   - authorOptedOut: whether the account told us to leave it alone. Asked of the quoted author too.
    public func refusal(
        of status: Status, at now: Instant, isLocalAuthor: (Account) -> Bool, authorOptedOut: (Account) -> Bool
    ) -> ConsentRefusal? {
        let account = status.account
        if status.reblog != nil { return .reblog }
        if authorOptedOut(account) { return .authorOptOut }
        if deniedInstances.holds(account) { return .instance }
        if status.visibility != .public { return .visibility }
        if let refusal = refusal(of: account, searchableBy: status.searchableBy, isLocalAuthor: { isLocalAuthor(account) }) { return refusal }
        if status.inReplyToID != nil { return .reply }
        if status.sensitive || !status.spoilerText.isEmpty { return .sensitive }
        if status.mentions > 0 { return .mention }
        if let refusal = refusal(ofAge: status.createdAt, at: now) { return refusal }
        // Last, because a quoted status goes through all of this again.
        switch status.quote {
        case nil: return nil
        case .hidden: return .quote
        case .shown(let quoted):
            let refusal = refusal(of: quoted.status, at: now, isLocalAuthor: isLocalAuthor, authorOptedOut: authorOptedOut)
            return refusal == nil ? nil : .quote
        }
    }

    /// The same for a caller who knows one author's answers. A quote of another author is refused, for theirs is not known.
    public func refusal(of status: Status, at now: Instant, isLocalAuthor: Bool, authorOptedOut: Bool) -> ConsentRefusal? {
        let author = status.account.uri
        return refusal(
            of: status, at: now,
            isLocalAuthor: { $0.uri == author && isLocalAuthor },
            authorOptedOut: { $0.uri != author || authorOptedOut })
    }

    /// Whether nothing of an author may be kept, whoever acts on it: their profile refuses, or their instance is on the list.
    public func leavesAlone(_ account: Account) -> Bool { deniedInstances.holds(account) || ProfileTags.refuse(account) }

    /// Whether the profile holds a tag by which its author refuses for ever.
    public func isTagged(_ account: Account) -> Bool { ProfileTags.refuse(account) }

    /// Why no status of this author may be shown to strangers, whatever the status says; nil when that hangs on the status.
    public func refusal(ofAuthor account: Account, isLocalAuthor: Bool) -> ConsentRefusal? {
        refusal(of: account, searchableBy: nil, isLocalAuthor: { isLocalAuthor })
    }

    /// - Parameter searchableBy: the status's own word, where it has one.
    private func refusal(of account: Account, searchableBy: [String]?, isLocalAuthor: () -> Bool) -> ConsentRefusal? {
        if account.discoverable != true { return .discoverable }
        if let refusal = refusal(ofSearch: account, searchableBy: searchableBy, isLocalAuthor: isLocalAuthor) { return refusal }
        if account.noindex == true { return .noindex }
        if account.locked { return .locked }
        if account.bot { return .bot }
        if account.group, !allowGroups { return .group }
        if account.suspended { return .suspended }
        if account.limited { return .limited }
        if account.memorial { return .memorial }
        if account.moved { return .moved }
        if ProfileTags.refuse(account) { return .optOutTag }
        if mode == .tag, !ProfileTags.invite(account) { return .optInTagMissing }
        return nil
    }

    /// FEP-268d where a server shows it: the status's own word beats the author's, and both beat `indexable`.
    private func refusal(ofSearch account: Account, searchableBy: [String]?, isLocalAuthor: () -> Bool) -> ConsentRefusal? {
        let audience = searchableBy.flatMap { $0.isEmpty ? nil : $0 } ?? account.searchableBy ?? []
        if !audience.isEmpty {
            return audience.contains(where: Self.publicCollection.contains) ? nil : .searchableBy
        }
        if account.indexable == nil, unknownIndexable == .allowLocal, isLocalAuthor() { return nil }
        return account.indexable == true ? nil : .indexable
    }

    private func refusal(ofAge createdAt: Instant, at now: Instant) -> ConsentRefusal? {
        let (age, overflow) = now.microseconds.subtractingReportingOverflow(createdAt.microseconds)
        if overflow { return createdAt < now ? .tooOld : .fromFuture }
        if age > Self.longestAge.microseconds { return .tooOld }
        return age < -Self.clockTolerance.microseconds ? .fromFuture : nil
    }

    /// The Public collection and the two short forms that JSON-LD allows for it.
    private static let publicCollection: Set<String> = ["https://www.w3.org/ns/activitystreams#Public", "as:Public", "Public"]
}
