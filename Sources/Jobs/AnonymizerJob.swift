public import Fediverse
public import Privacy
import Synchronization

/// Carries out the anonymizer's plan every hour, then takes the bytes of removed rows out of the file.
public final class AnonymizerJob: Job {
    public let name = "anonymizer"
    public let period: Duration = .seconds(3_600)

    private let anonymizer: Anonymizer
    private let retention: any RetentionRepository
    private let people: any PeopleRepository
    private let tenant: TenantKey
    private let sinceBoot: @Sendable () -> Instant.Span?
    private let prepareDays: @Sendable (Instant) async throws -> Int
    private let lastRun = Mutex<ClockMark?>(nil)
    /// Whether bytes of removed rows may be left: at first, since a command or another process may not have got them out.
    private let owesScrub = Mutex(true)

    /// - Parameters:
    ///   - lastFinished: when a run of an earlier process ended, to judge the clock by.
    ///   - sinceBoot: a clock that nobody can set.
    ///   - prepareDays: makes room for the days to come; gives how many rows had found none, which is an alarm.
    public init(
        anonymizer: Anonymizer, retention: any RetentionRepository, people: any PeopleRepository, tenant: TenantKey,
        lastFinished: Instant?, sinceBoot: @escaping @Sendable () -> Instant.Span?,
        prepareDays: @escaping @Sendable (Instant) async throws -> Int = { _ in 0 }
    ) {
        self.anonymizer = anonymizer
        self.retention = retention
        self.people = people
        self.tenant = tenant
        self.sinceBoot = sinceBoot
        self.prepareDays = prepareDays
        lastRun.withLock { $0 = lastFinished.map(ClockMark.init(finishedAt:)) }
    }

    public func run(at now: Instant) async throws -> [String: Int] {
        let report = try await anonymizer.run(
            on: retention, tenant: tenant, at: ClockReading(wall: now, sinceBoot: sinceBoot()), lastRun: lastRun.withLock { $0 })
        lastRun.withLock { $0 = report.mark }
        let strayed = try await prepareDays(report.at)
        var counts: [String: Int] = report.clockDoubted ? ["clock-doubted": 1] : [:]
        if strayed > 0 { counts["evidence-without-a-day"] = strayed }
        for outcome in report.outcomes where outcome.removed > 0 {
            let name = [outcome.step.what.rawValue, outcome.step.level?.rawValue].compactMap { $0 }.joined(separator: "-")
            counts[name, default: 0] += outcome.removed
        }
        if report.removed > 0 || owesScrub.withLock({ $0 }) {
            let isScrubbed = try await people.scrub()
            owesScrub.withLock { $0 = !isScrubbed }
            if report.removed > 0 { counts["scrubbed"] = isScrubbed ? 1 : 0 }
        }
        // After the scrub: what the other steps have removed must leave the file all the same.
        if let failure = report.firstFailure { throw failure }
        return counts
    }
}
