public import Fediverse

/// Work that is done again and again: idempotent, bounded, resumable, and told what time it is.
public protocol Job: Sendable {
    /// As it stands in `job_runs`.
    var name: String { get }
    var period: Duration { get }

    /// One run.
    /// - Returns: counts for the operator's report; never an id.
    func run(at now: Instant) async throws -> [String: Int]
}

/// What is written down about the runs, and who may run: one scheduler acts, however many there are.
public protocol JobBook: Sendable {
    /// Takes or renews the lease of a job.
    /// - Returns: the fencing number, nil when another holder has the lease.
    func lease(_ job: String, holder: String, until: Instant, at now: Instant) async throws -> Int64?
    /// Lets the next one in at once.
    func release(_ job: String, holder: String, at now: Instant) async throws
    func lastFinished(_ job: String) async throws -> Instant?
    func started(_ job: String, at now: Instant) async throws -> Int64
    func finished(_ run: Int64, counts: [String: Int], failed: Bool, at now: Instant) async throws
}
