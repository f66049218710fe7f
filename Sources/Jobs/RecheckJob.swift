public import Fediverse
public import Privacy
public import Recommender
public import Upstream

/// Asks the instance again, at least every 24 hours, whether each stored status is still there and still may be recommended.
/// Deletions, edits and an author's change of mind reach us here where no stream is open.
public struct RecheckJob: Job {
    public let name = "recheck"
    public let period: Duration = .seconds(600)

    static let atLeastEvery = Instant.Span.hours(24)
    /// Statuses in one question; Mastodon answers at most 20 to 40 ids at once.
    static let batch = 20
    /// Questions in one run: the instance is not to be burdened.
    static let batches = 100

    private let mastodon: Mastodon
    private let statuses: any StatusRepository
    private let intake: StatusIntake
    private let tenant: TenantKey

    /// - Parameter contentDays: days that a post's text is kept; 0 keeps none, also of an edit.
    public init(
        mastodon: Mastodon, statuses: any StatusRepository, pseudonymizer: Pseudonymizer, tenant: TenantKey, consent: ConsentPolicy,
        contentDays: Int = 7
    ) {
        self.mastodon = mastodon
        self.statuses = statuses
        self.tenant = tenant
        intake = StatusIntake(
            instance: mastodon.instance, pseudonymizer: pseudonymizer, consent: consent, keepsContent: contentDays > 0)
    }

    public func run(at now: Instant) async throws -> [String: Int] {
        var counts = ["confirmed": 0, "withdrawn": 0]
        for _ in 0..<Self.batches {
            // A little early, so that none is older than the promise when its turn comes.
            let due = try await statuses.unconfirmed(since: now - Self.atLeastEvery + .hours(2), limit: Self.batch, in: tenant)
            if due.isEmpty { break }
            let shown: [ShownStatus]
            do {
                shown = try await mastodon.statuses(due, authorization: nil)
            } catch is UpstreamError {
                // An instance that does not answer says nothing about its statuses; the display check stands in between.
                counts["unanswered"] = due.count
                break
            }
            var living: [String: KeptStatus] = [:]
            for status in shown.map(\.status) {
                // That it has become too old since is for the retention to say, not for its author's signals.
                let judgedAt = min(now, status.createdAt + ConsentPolicy.longestAge)
                if case .kept(let kept) = intake.judge(status, from: .public, at: judgedAt) { living[status.id] = kept }
            }
            let gone = Set(due).subtracting(living.keys)
            // An edit reaches the store; a status that has not changed is confirmed, also where a cache shows an older version.
            _ = try await statuses.keep(Array(living.values), cursor: nil, in: tenant, at: now)
            try await statuses.confirm(living.values.map(\.postID), in: tenant, at: now)
            counts["confirmed", default: 0] += living.count
            counts["withdrawn", default: 0] += try await statuses.withdraw(localIDs: gone.sorted(), in: tenant, at: now)
        }
        return counts
    }
}
