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
    private let pseudonymizer: Pseudonymizer
    private let tenant: TenantKey
    private let consent: ConsentPolicy

    public init(
        mastodon: Mastodon, statuses: any StatusRepository, pseudonymizer: Pseudonymizer, tenant: TenantKey, consent: ConsentPolicy
    ) {
        self.mastodon = mastodon
        self.statuses = statuses
        self.pseudonymizer = pseudonymizer
        self.tenant = tenant
        self.consent = consent
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
            let living = shown.map(\.status).filter {
                consent.refusal(of: $0, at: min(now, $0.createdAt + .hours(71)), isLocalAuthor: mastodon.instance.isHome,
                    authorOptedOut: { _ in false }) == nil
            }
            let gone = Set(due).subtracting(living.map(\.id))
            try await statuses.confirm(
                living.map { Pseudonymizer.postID(host: mastodon.instance.domain, uri: $0.uri) }, in: tenant, at: now)
            counts["confirmed", default: 0] += living.count
            counts["withdrawn", default: 0] += try await statuses.withdraw(localIDs: gone.sorted(), in: tenant, at: now)
        }
        return counts
    }
}
