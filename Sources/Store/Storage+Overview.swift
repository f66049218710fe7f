import Database

public import Fediverse
public import Privacy

/// What an operator may know of how people's data is kept: counts and dates, and nobody in it.
public struct Overview: Sendable, Equatable {
    /// One run of the anonymizer.
    public struct Run: Sendable, Equatable {
        public var startedAt: Instant
        public var seconds: Double?
        public var outcome: JobRun.Outcome?
        /// Rows that it ended, all steps together.
        public var removed: Int
    }

    public var people: [PrivacyLevel: Int]
    /// Rows that ought to be gone for a day or longer, by table.
    public var pastDue: [String: Int]
    /// The last thirty, the newest first.
    public var anonymizerRuns: [Run]
    /// Statuses that people acted on, on a day of the last seven, with too few of them for a shared number.
    public var refusedCells: Int
    /// Marks of erasures and of lowered levels, of the last 37 days.
    public var erasures: Int
    public var loweredLevels: Int
    /// Of the last 30 days: from a removal until its bytes had left the files; nil where none was needed.
    public var longestScrub: Instant.Span?
    /// Bytes of removed rows that wait to leave the files, beside the weekly rewriting: how many tables, and until when.
    public var waitingFiles: Int
    public var bytesLeaveBy: Instant?
    public var keys: [KeyRecord]
    /// What the ingest refused in the last 7 days, by reason; and sources that robots.txt keeps it from now.
    public var refusals: [String: Int]
    public var sourcesRefusedByRobots: Int
}

extension Storage {
    /// - Parameter retention: the steps that are in force.
    public func overview(in tenant: TenantKey, retention steps: RetentionPolicy, at now: Instant) async throws -> Overview {
        var pastDue: [String: Int] = [:]
        for step in steps.steps where step.what != .stubs && step.what != .fadedPreferences {
            pastDue[step.what.rawValue, default: 0] += try await retention.due(step, in: tenant, at: now - .days(1))
        }
        let runs = try await jobRuns.recent("anonymizer", limit: 30, in: tenant)
        let scrubs = try await jobRuns.counts(since: now - .days(30), of: "scrub", in: tenant).compactMap { JSONText.counts($0)["longest-seconds"] }
        var refusals: [String: Int] = [:]
        for counts in try await jobRuns.counts(since: now - .days(7), of: "ingest", in: tenant) {
            for (name, count) in JSONText.counts(counts) where name.hasPrefix("refused-") { refusals[String(name.dropFirst(8)), default: 0] += count }
        }
        let waiting = try await scrubbing.waiting(in: tenant).filter { !$0.isWeekly }
        let keys = try await keys(in: tenant)
        let counted = try await pool.read { try Counted($0, in: tenant, at: now) }
        return Overview(
            people: counted.people, pastDue: pastDue,
            anonymizerRuns: runs.map { run in
                let removed = JSONText.counts(run.counts ?? "").filter { $0.key != "scrubbed" && $0.key != "clock-doubted" }.values.reduce(0, +)
                return Overview.Run(startedAt: run.startedAt, seconds: run.finishedAt.map { ($0 - run.startedAt).seconds }, outcome: run.outcome, removed: removed)
            },
            refusedCells: counted.refusedCells, erasures: counted.erasures, loweredLevels: counted.lowered,
            longestScrub: scrubs.max().map { .seconds(Int64($0)) }, waitingFiles: Set(waiting.map(\.relation)).count,
            bytesLeaveBy: waiting.map(\.dueAt).max(), keys: keys, refusals: refusals, sourcesRefusedByRobots: counted.robots)
    }
}

private struct Counted: Sendable {
    var people: [PrivacyLevel: Int] = [:]
    var refusedCells: Int
    var erasures: Int
    var lowered: Int
    var robots: Int

    init(_ connection: any Connection, in tenant: TenantKey, at now: Instant) throws {
        let start = now.floored(to: .days(1))
        refusedCells = try (1...7).reduce(0) { sum, day in
            let from = start - .days(Int64(day))
            return try sum + connection.count("""
                SELECT count(*) FROM (
                    SELECT post_key FROM user_interactions WHERE tenant_id = \(tenant) AND occurred_at >= \(from) AND occurred_at < \(from + .days(1))
                    AND kind IN (0, 1, 2) GROUP BY post_key HAVING count(DISTINCT alias_key) < \(KeepingPolicy.Shared.fewestPeople)) AS few
                """)
        }
        erasures = try connection.count("SELECT count(*) FROM erasure_ledger WHERE tenant_id = \(tenant) AND privacy_level = 'NONE'")
        lowered = try connection.count("SELECT count(*) FROM erasure_ledger WHERE tenant_id = \(tenant) AND privacy_level <> 'NONE'")
        robots = try connection.count("""
            SELECT count(*) FROM ingest_cursors WHERE tenant_id = \(tenant) AND refusal = 'robots' AND not_before > \(now)
            """)
        var people: [PrivacyLevel: Int] = [.none: 0, .limited: 0, .full: 0]
        try connection.rows("SELECT privacy_level, count(*) FROM user_aliases WHERE tenant_id = \(tenant) GROUP BY privacy_level") {
            people[PrivacyLevel(rawValue: $0.text(0)) ?? .none] = $0.int(1)
        }
        self.people = people
    }
}
