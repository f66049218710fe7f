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
    /// Requests in one run: the instance is not to be burdened. Where it answers one id at a time, so many statuses.
    static let requests = 100

    private let mastodon: Mastodon
    private let statuses: any StatusRepository
    private let intake: StatusIntake
    private let tenant: TenantKey

    public init(mastodon: Mastodon, statuses: any StatusRepository, intake: StatusIntake, tenant: TenantKey) {
        self.mastodon = mastodon
        self.statuses = statuses
        self.intake = intake
        self.tenant = tenant
    }

    public func run(at now: Instant) async throws -> [String: Int] {
        var counts = ["confirmed": 0, "withdrawn": 0]
        var spent = 0
        while spent < Self.requests {
            // A little early, so that none is older than the promise when its turn comes.
            let due = try await statuses.unconfirmed(since: now - Self.atLeastEvery + .hours(2), limit: Self.batch, in: tenant)
            if due.isEmpty { break }
            let shown: [Status]
            do {
                // What an answer forbids to keep counts as gone.
                shown = try await mastodon.statuses(due, authorization: nil).filter(\.mayBeKept).map(\.status)
            } catch let error as UpstreamError {
                if error.isOurStop { throw CancellationError() }
                // An instance that does not answer says nothing about its statuses; the display check stands in between.
                counts["unanswered"] = due.count
                break
            }
            spent += mastodon.requestsNeeded(forStatuses: due.count)
            // Those that stay are brought up to date with their edits and counters.
            let (judgement, _, refused, malformed) = try await intake.take(
                shown, from: name, ignoringAge: true, into: statuses, in: tenant, at: now)
            try await statuses.confirm(judgement.kept.map(\.postID), in: tenant, at: now)
            if malformed > 0 { counts["malformed", default: 0] += malformed }
            let gone = Set(due).subtracting(shown.map(\.id))
            counts["confirmed", default: 0] += judgement.kept.count
            counts["withdrawn", default: 0] += try await refused + statuses.withdraw(localIDs: gone.sorted(), in: tenant, at: now)
        }
        return counts
    }
}
