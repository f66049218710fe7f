import Fediverse
public import ServiceLifecycle
public import Telemetry

/// Runs the jobs, each at its own pace and one at a time, until the service stops.
///
/// When a job is due is computed from the stored end of its last run, so a restart neither skips nor repeats one.
public struct Scheduler: Service {
    private let jobs: [any Job]
    private let book: any JobBook
    private let work: LeasedWork
    private let logger: Log

    /// - Parameters:
    ///   - holder: names this process in the leases; a random word, nothing about the machine.
    ///   - leaseTerm: how long a job's lease lasts without a renewal.
    ///   - pause: what waits until a lease is to be renewed; throws when the task is cancelled.
    public init(
        jobs: [any Job], book: any JobBook, holder: String, logger: Log, leaseTerm: Duration = LeasedWork.standardTerm,
        pause: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.jobs = jobs
        self.book = book
        work = LeasedWork(book: book, holder: holder, term: leaseTerm, pause: pause)
        self.logger = logger
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                for job in jobs { group.addTask { await keepRunning(job) } }
            }
        }
    }

    private func keepRunning(_ job: any Job) async {
        while !Task.isCancelled {
            let wait: Duration
            do {
                wait = try await runWhenDue(job)
            } catch is CancellationError {
                return
            } catch {
                logger.note(.error, "a job failed", .part(type(of: job)), .failure(error))
                wait = min(job.period, .seconds(60))
            }
            do { try await Task.sleep(for: wait) } catch { return }
        }
    }

    /// - Returns: how long to wait before asking again.
    func runWhenDue(_ job: any Job) async throws -> Duration {
        if let wait = try await untilDue(job, at: book.now()) { return wait }
        let wait = try await work.perform(job.name) {
            // Another may have run it between the question and the lease.
            if let wait = try await untilDue(job, at: book.now()) { return wait }
            try await Self.runOnce(job, book: book)
            return job.period
        }
        // Together with a lease's term less than a minute, after which a killed process's job goes on here.
        return wait ?? min(job.period, .seconds(10), work.term / 3)
    }

    /// nil when the job is due. A last run in the future is one of a clock that was wrong.
    private func untilDue(_ job: any Job, at now: Instant) async throws -> Duration? {
        let period = Instant.Span(microseconds: job.period.components.seconds * 1_000_000)
        guard let last = try await book.lastFinished(job.name), now < last + period, last <= now else { return nil }
        return .microseconds((last + period - now).microseconds)
    }

    /// One run by the book, for whoever holds the lease.
    /// - Returns: the job's counts.
    @discardableResult
    public static func runOnce(_ job: any Job, book: any JobBook) async throws -> [String: Int] {
        let run = try await book.started(job.name, at: book.now())
        do {
            let counts = try await job.run(at: book.now())
            try await book.finished(run, counts: counts, failed: false, at: book.now())
            return counts
        } catch {
            try await book.finished(run, counts: [:], failed: true, at: book.now())
            throw error
        }
    }
}
