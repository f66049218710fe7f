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
    /// What time it is for all who keep this book: when a job is due and a lease ends must not hang on one machine's clock.
    func now() async throws -> Instant
    /// Takes the lease of a job.
    /// - Returns: nil when another holder has it.
    func lease(_ job: String, holder: String, for span: Instant.Span, at now: Instant) async throws -> JobLease?
    /// Holds the lease for `span` from now.
    /// - Returns: false when another has taken it.
    func renew(_ lease: JobLease, for span: Instant.Span, at now: Instant) async throws -> Bool
    /// Lets the next one in at once.
    func release(_ lease: JobLease, at now: Instant) async throws
    /// Runs `body`, whose writes, the book's own among them, fail once another has taken the lease.
    /// - Throws: `JobLeaseLost` out of such a write.
    func fencing<Result: Sendable>(_ lease: JobLease, _ body: @Sendable () async throws -> Result) async throws -> Result
    func lastFinished(_ job: String) async throws -> Instant?
    func started(_ job: String, at now: Instant) async throws -> Int64
    func finished(_ run: Int64, counts: [String: Int], failed: Bool, at now: Instant) async throws
}

/// The right to do a job alone.
public struct JobLease: Sendable, Equatable {
    public let job: String
    public let holder: String
    /// Grows with each new holder.
    public let fence: Int64

    public init(job: String, holder: String, fence: Int64) {
        self.job = job
        self.holder = holder
        self.fence = fence
    }
}

/// Another process has taken the job over, because this one stood still for longer than its lease.
public struct JobLeaseLost: Error, CustomStringConvertible {
    public init() {}
    public var description: String { "another process has taken this job over" }
}
