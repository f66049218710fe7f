import Fediverse
import Jobs
import OpenSSL
import Privacy
import Store

/// The jobs' book in the database.
struct StoredJobBook: JobBook {
    let storage: Storage
    let tenant: TenantKey

    func now() async throws -> Instant { try await storage.sharedTime(else: Clock.now()) }

    func lease(_ job: String, holder: String, for span: Instant.Span, at now: Instant) async throws -> JobLease? {
        try await storage.leases.acquire(Self.name(of: job), for: span, by: holder, in: tenant, at: now)
            .map { JobLease(job: job, holder: holder, fence: $0.fence) }
    }

    func renew(_ lease: JobLease, for span: Instant.Span, at now: Instant) async throws -> Bool {
        try await storage.leases.renew(stored(lease), for: span, at: now)
    }

    func release(_ lease: JobLease, at now: Instant) async throws {
        try await storage.leases.release(stored(lease), at: now)
    }

    func fencing<Result: Sendable>(_ lease: JobLease, _ body: @Sendable () async throws -> Result) async throws -> Result {
        do {
            return try await storage.leases.fencing(stored(lease), body)
        } catch StoreError.leaseLost {
            throw JobLeaseLost()
        }
    }

    private static func name(of job: String) -> String { "job:" + job }

    private func stored(_ lease: JobLease) -> Lease {
        Lease(tenant: tenant, name: Self.name(of: lease.job), holder: lease.holder, fence: lease.fence)
    }

    /// Runs `body` as the only one who does this job now.
    func alone<Result: Sendable>(_ job: String, _ body: @escaping @Sendable () async throws -> Result) async throws -> Result {
        let work = LeasedWork(book: self, holder: Hex.encode(try RandomBytes.make(count: 8)))
        guard let result = try await work.perform(job, body) else {
            throw Failure("the service is doing this just now, or was stopped in the middle of it; try again in a minute", .tryAgain)
        }
        return result
    }

    func lastFinished(_ job: String) async throws -> Instant? {
        try await storage.jobRuns.recent(job, limit: 5, in: tenant).compactMap { $0.outcome == .done ? $0.finishedAt : nil }.first
    }

    func started(_ job: String, at now: Instant) async throws -> Int64 {
        _ = try await storage.jobRuns.interruptUnfinished(of: job, in: tenant, at: now)
        return try await storage.jobRuns.begin(job, in: tenant, at: now)
    }

    func finished(_ run: Int64, counts: [String: Int], failed: Bool, at now: Instant) async throws {
        try await storage.jobRuns.finish(run, failed ? .failed : .done, counts: counts, in: tenant, at: now)
    }
}
