import Database
public import Fediverse
public import Privacy

/// One run of a job, as its book keeps it.
public struct JobRun: Sendable, Equatable {
    public enum Outcome: String, Sendable { case done, failed, interrupted }

    public var job: String
    public var startedAt: Instant
    public var finishedAt: Instant?
    /// nil while it runs.
    public var outcome: Outcome?
    /// Counts as a JSON object, never an id.
    public var counts: String?
}

/// The book of the jobs: what ran when, and how it ended.
public struct JobRuns: Sendable {
    let pool: any ConnectionPool

    /// - Returns: the run's key, for `finish`.
    public func begin(_ job: String, in tenant: TenantKey, at now: Instant) async throws -> Int64 {
        try await pool.write(.process) { connection in
            let key = try connection.first("""
                INSERT INTO job_runs (tenant_id, job, started_at) VALUES (\(tenant), \(job), \(now)) RETURNING run_key
                """) { $0.integer(0) }
            guard let key else { throw DatabaseError.constraint(kind: .other) }
            return key
        }
    }

    public func finish(
        _ run: Int64, _ outcome: JobRun.Outcome, counts: [String: Int] = [:], in tenant: TenantKey, at now: Instant
    ) async throws {
        _ = try await pool.write(.process) { connection in
            try connection.run("""
                UPDATE job_runs SET finished_at = \(now), outcome = \(outcome.rawValue), counts = \(JSONText.counts(counts))
                WHERE tenant_id = \(tenant) AND run_key = \(run)
                """)
        }
    }

    /// Marks what a killed process left running.
    /// - Returns: how many runs.
    public func interruptUnfinished(of job: String, in tenant: TenantKey, at now: Instant) async throws -> Int {
        try await pool.write(.process) { connection in
            try connection.run("""
                UPDATE job_runs SET finished_at = \(now), outcome = 'interrupted'
                WHERE tenant_id = \(tenant) AND job = \(job) AND finished_at IS NULL
                """)
        }
    }

    /// What the runs since a moment have counted, each as a JSON object.
    func counts(since start: Instant, of job: String, in tenant: TenantKey) async throws -> [String] {
        try await pool.read { connection in
            try connection.all("""
                SELECT counts FROM job_runs WHERE tenant_id = \(tenant) AND job = \(job) AND started_at >= \(start) AND counts IS NOT NULL
                """) { $0.text(0) }
        }
    }

    /// The newest first.
    public func recent(_ job: String, limit: Int, in tenant: TenantKey) async throws -> [JobRun] {
        try await pool.read { connection in
            try connection.all("""
                SELECT job, started_at, finished_at, outcome, counts FROM job_runs
                WHERE tenant_id = \(tenant) AND job = \(job) ORDER BY started_at DESC, run_key DESC LIMIT \(limit)
                """) {
                JobRun(
                    job: $0.text(0), startedAt: $0.instant(1), finishedAt: $0.instantOrNil(2),
                    outcome: $0.textOrNil(3).flatMap(JobRun.Outcome.init), counts: $0.textOrNil(4))
            }
        }
    }
}
