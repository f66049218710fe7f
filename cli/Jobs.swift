import Fediverse
import Jobs
import OpenSSL
import Privacy
import Recommender
import Store
import Upstream

extension Installation {
    /// The jobs that the settings ask for.
    func jobs() async throws -> [any Job] {
        let lastAnonymized = try await storage.jobRuns.recent("anonymizer", limit: 1, in: tenant).first?.finishedAt
        let keeping = RetentionPolicy(contentDays: try settings.number("contentDays"))
        return [
            try ingestJob(),
            RecheckJob(mastodon: mastodon, statuses: storage.statuses, intake: try intake(), tenant: tenant),
            SignalsJob(statuses: storage.statuses, tenant: tenant),
            AnonymizerJob(
                anonymizer: Anonymizer(retention: keeping), retention: storage.retention, people: storage.people, tenant: tenant,
                lastFinished: lastAnonymized, sinceBoot: Clock.sinceBoot),
        ]
    }

    func ingestJob() throws -> IngestJob {
        var ingest = IngestJob.Settings(sources: try settings.ingestSources(), consent: consent)
        ingest.period = .seconds(try settings.number("ingestInterval"))
        ingest.obeysRobots = try settings.obeysRobots() && !instance.base.hasPrefix("http://")
        ingest.contentDays = try settings.number("contentDays")
        return IngestJob(
            mastodon: mastodon, statuses: storage.statuses, pseudonymizer: pseudonymizer, tenant: tenant, agent: Self.agent, settings: ingest)
    }

    func intake() throws -> StatusIntake {
        StatusIntake(
            instance: instance, pseudonymizer: pseudonymizer, consent: consent, keepsContent: try settings.number("contentDays") > 0)
    }

    var jobBook: StoredJobBook { StoredJobBook(storage: storage, tenant: tenant) }
}

extension Settings {
    private enum RobotsObedience: String, CaseIterable {
        case obey
        case own
    }

    func obeysRobots() throws -> Bool { try choice("robots", as: RobotsObedience.self) == .obey }

    func ingestSources() throws -> [IngestSource] {
        try text("ingestSources").split(separator: ",").map { name in
            guard let source = IngestSource(name: name.filter { $0 != " " }) else {
                throw Failure("--ingest-sources knows public, local, trends and tag:NAME", .badSetting)
            }
            return source
        }
    }
}

/// The jobs' book in the database.
struct StoredJobBook: JobBook {
    let storage: Storage
    let tenant: TenantKey

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
        let work = LeasedWork(book: self, holder: Hex.encode(try RandomBytes.make(count: 8)), clock: Clock.now)
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
