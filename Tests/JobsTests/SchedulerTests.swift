import Fediverse
import Privacy
import Recommender
import Store
import Synchronization
import Telemetry
import Testing

@testable import Jobs

/// When a job runs, and that it runs once, however many schedulers there are.
struct SchedulerTests {
    private static func scheduler(_ jobs: JobWorld, _ list: [any Job], holder: String = "one", pauses: Pauses = Pauses()) -> Scheduler {
        Scheduler(
            jobs: list, book: StoreBook(storage: jobs.storage, tenant: jobs.tenant, clock: jobs.clock), holder: holder,
            logger: .silent, pause: { try await pauses.wait($0) })
    }

    @Test func `a job is due when its period has passed since its last end, also after a restart`() async throws {
        try await JobWorld.with { jobs async throws in
            let job = CountingJob()
            #expect(try await Self.scheduler(jobs, [job]).runWhenDue(job) == .seconds(120))
            #expect(job.runs == 1)
            jobs.clock.pass(.seconds(119))
            // Another process: it knows of the run from the database only.
            #expect(try await Self.scheduler(jobs, [job], holder: "two").runWhenDue(job) == .seconds(1))
            #expect(job.runs == 1)
            jobs.clock.pass(.seconds(1))
            _ = try await Self.scheduler(jobs, [job], holder: "three").runWhenDue(job)
            #expect(job.runs == 2)
            let book = try await jobs.storage.jobRuns.recent("counting", limit: 5, in: jobs.tenant)
            #expect(book.map(\.outcome) == [.done, .done])
        }
    }

    @Test func `a run that fails is written down and due again`() async throws {
        try await JobWorld.with { jobs async throws in
            let job = CountingJob(failsAt: 1)
            let scheduler = Self.scheduler(jobs, [job])
            await #expect(throws: CountingJob.Failure.self) { try await scheduler.runWhenDue(job) }
            _ = try await scheduler.runWhenDue(job)
            #expect(job.runs == 2)
            let book = try await jobs.storage.jobRuns.recent("counting", limit: 5, in: jobs.tenant)
            #expect(Set(book.map(\.outcome)) == [.done, .failed])
        }
    }

    @Test func `while one scheduler runs a job, another leaves it alone`() async throws {
        try await JobWorld.with { jobs async throws in
            let gate = Gate()
            let job = CountingJob(gate: gate)
            let (first, second) = (Self.scheduler(jobs, [job]), Self.scheduler(jobs, [job], holder: "two"))
            async let running = first.runWhenDue(job)
            await gate.isEntered()
            for _ in 0..<5 { #expect(try await second.runWhenDue(job) == .seconds(10)) }
            gate.open()
            _ = try await running
            // It is free now, and was run just before.
            #expect(try await second.runWhenDue(job) == .seconds(120))
            #expect(job.runs == 1)
        }
    }

    @Test func `the lease of a process that died runs out within a minute, the waiting included`() async throws {
        try await JobWorld.with { jobs async throws in
            let book = StoreBook(storage: jobs.storage, tenant: jobs.tenant, clock: jobs.clock)
            let job = CountingJob()
            _ = try await book.lease("counting", holder: "dead", for: .seconds(45), at: jobs.clock.now)
            _ = try await book.started("counting", at: jobs.clock.now)
            let scheduler = Self.scheduler(jobs, [job], holder: "two")
            jobs.clock.pass(.milliseconds(44_999))
            #expect(try await scheduler.runWhenDue(job) == .seconds(10))
            #expect(job.runs == 0)
            jobs.clock.pass(.seconds(10))
            _ = try await scheduler.runWhenDue(job)
            #expect(job.runs == 1)
            let outcomes = try await jobs.storage.jobRuns.recent("counting", limit: 5, in: jobs.tenant).map(\.outcome)
            #expect(Set(outcomes) == [.done, .interrupted])
        }
    }

    @Test func `a job that takes long keeps its lease, renewed every third of its term`() async throws {
        try await JobWorld.with { jobs async throws in
            let (gate, pauses) = (Gate(), Pauses())
            let job = CountingJob(gate: gate)
            let first = Self.scheduler(jobs, [job], pauses: pauses)
            let second = Self.scheduler(jobs, [job], holder: "two")
            async let running = first.runWhenDue(job)
            await gate.isEntered()
            // Ten minutes, each quarter of one with a renewal.
            for _ in 0..<40 {
                #expect(await pauses.begun() == .seconds(15))
                #expect(try await second.runWhenDue(job) == .seconds(10))
                jobs.clock.pass(.seconds(15))
                pauses.end()
            }
            _ = await pauses.begun()
            gate.open()
            #expect(try await running == .seconds(120))
            #expect(job.runs == 1)
            let book = try await jobs.storage.jobRuns.recent("counting", limit: 5, in: jobs.tenant)
            #expect(book.map(\.outcome) == [.done])
        }
    }

    @Test func `a process that stood still for longer than its lease stops at its next batch and has written nothing`() async throws {
        try await JobWorld.with { jobs async throws in
            let gate = Gate()
            let slow = WritingJob(jobs, gate: gate)
            let first = Self.scheduler(jobs, [slow], pauses: Pauses())
            let running = Task { try await first.runWhenDue(slow) }
            await gate.isEntered()
            jobs.clock.pass(.seconds(45))
            let quick = WritingJob(jobs)
            _ = try await Self.scheduler(jobs, [quick], holder: "two").runWhenDue(quick)
            let cursor = try await jobs.cursor()
            #expect(cursor?.newestID == "1")
            gate.open()
            await #expect(throws: JobLeaseLost.self) { try await running.value }
            #expect(try await jobs.cursor() == cursor)
            // The late one has marked no end either: its row was closed by whoever came after it.
            let book = try await jobs.storage.jobRuns.recent("ingest", limit: 5, in: jobs.tenant)
            #expect(book.map(\.outcome) == [.done, .interrupted])
            #expect(book.map(\.finishedAt) == [jobs.clock.now, jobs.clock.now])
        }
    }

    @Test func `a lost lease ends the job while it waits for something else`() async throws {
        try await JobWorld.with { jobs async throws in
            let (gate, pauses) = (Gate(), Pauses())
            let job = CountingJob(gate: gate)
            let first = Self.scheduler(jobs, [job], pauses: pauses)
            let running = Task { try await first.runWhenDue(job) }
            await gate.isEntered()
            jobs.clock.pass(.seconds(45))
            let other = CountingJob()
            _ = try await Self.scheduler(jobs, [other], holder: "two").runWhenDue(other)
            _ = await pauses.begun()
            pauses.end()
            // The gate was never opened: cancellation alone has ended the wait.
            await #expect(throws: JobLeaseLost.self) { try await running.value }
            #expect(other.runs == 1)
        }
    }

    @Test func `many schedulers at once run a due job once`() async throws {
        try await JobWorld.with { jobs async throws in
            let job = CountingJob()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<8 {
                    group.addTask { _ = try await Self.scheduler(jobs, [job], holder: "s\(number)").runWhenDue(job) }
                }
                try await group.waitForAll()
            }
            #expect(job.runs == 1)
        }
    }

    @Test func `a clock that was set back delays nothing`() async throws {
        try await JobWorld.with { jobs async throws in
            let job = CountingJob()
            jobs.clock.pass(.days(365))
            _ = try await Self.scheduler(jobs, [job]).runWhenDue(job)
            jobs.clock.pass(.days(-365))
            _ = try await Self.scheduler(jobs, [job]).runWhenDue(job)
            #expect(job.runs == 2)
        }
    }

    @Test func `the service runs what is due and ends when it is cancelled`() async throws {
        try await JobWorld.with { jobs async throws in
            let gate = Gate()
            let job = CountingJob(gate: gate)
            let scheduler = Self.scheduler(jobs, [job])
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await scheduler.run() }
                await gate.isEntered()
                gate.open()
                group.cancelAll()
                try await group.waitForAll()
            }
            #expect(job.runs == 1)
        }
    }
}

/// The jobs' book in the database, as the program keeps it.
private struct StoreBook: JobBook {
    let storage: Storage
    let tenant: TenantKey
    let clock: TestClock

    func now() -> Instant { clock.now }

    func lease(_ job: String, holder: String, for span: Instant.Span, at now: Instant) async throws -> JobLease? {
        try await storage.leases.acquire("job:" + job, for: span, by: holder, in: tenant, at: now)
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

    private func stored(_ lease: JobLease) -> Lease {
        Lease(tenant: tenant, name: "job:" + lease.job, holder: lease.holder, fence: lease.fence)
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

private final class CountingJob: Job {
    struct Failure: Error {}

    let name = "counting"
    let period: Duration = .seconds(120)
    private let count = Atomic(0)
    private let failsAt: Int
    private let gate: Gate?

    init(failsAt: Int = 0, gate: Gate? = nil) {
        self.failsAt = failsAt
        self.gate = gate
    }

    var runs: Int { count.load(ordering: .sequentiallyConsistent) }

    func run(at now: Instant) async throws -> [String: Int] {
        let number = count.add(1, ordering: .sequentiallyConsistent).newValue
        await gate?.pass()
        if number == failsAt { throw Failure() }
        return ["runs": number]
    }
}

/// Where a job waits until a test lets it go on, and tells that it is there.
private final class Gate: Sendable {
    private let (entries, entered) = AsyncStream<Void>.makeStream()
    private let (openings, opened) = AsyncStream<Void>.makeStream()

    func pass() async {
        entered.finish()
        for await _ in openings {}
    }

    func isEntered() async { for await _ in entries {} }
    func open() { opened.finish() }
}

/// A job whose run is one write; the number of the run is what it writes.
private struct WritingJob: Job {
    let name = "ingest"
    let period: Duration = .seconds(120)
    private let jobs: JobWorld
    private let gate: Gate?

    init(_ jobs: JobWorld, gate: Gate? = nil) {
        self.jobs = jobs
        self.gate = gate
    }

    func run(at now: Instant) async throws -> [String: Int] {
        await gate?.pass()
        let newest = gate == nil ? "1" : "2"
        try await jobs.storage.statuses.setCursor(IngestCursor(source: "public", newestID: newest), in: jobs.tenant, at: now)
        return [:]
    }
}

/// The waiting between two renewals, whose end a test decides.
private final class Pauses: Sendable {
    private let (lengths, begins) = AsyncStream<Duration>.makeStream()
    private let (ends, ending) = AsyncStream<Void>.makeStream()

    func wait(_ length: Duration) async throws {
        begins.yield(length)
        for await _ in ends { break }
        try Task.checkCancellation()
    }

    /// The length of the next wait, once it has begun.
    func begun() async -> Duration? {
        for await length in lengths { return length }
        return nil
    }

    func end() { ending.yield() }
}
