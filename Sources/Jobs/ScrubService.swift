import Fediverse
public import Privacy
public import ServiceLifecycle
public import Telemetry

/// Takes the bytes of removed rows out of the database's files when they are due: within a minute what names an alias, at night the rest.
///
/// Not a job with a period: it looks often, and leaves a line in the jobs' book only where there was something to do.
public struct ScrubService: Service {
    public static let name = "scrub"
    /// So that with its own time, and a restart of the process that held the lease, a minute is enough.
    static let pause = Duration.seconds(20)

    private let scrubs: any ScrubRepository
    private let tenant: TenantKey
    private let book: any JobBook
    private let work: LeasedWork
    private let logger: Log

    /// - Parameter holder: names this process in the leases; a random word.
    public init(scrubs: any ScrubRepository, tenant: TenantKey, book: any JobBook, holder: String, logger: Log) {
        self.scrubs = scrubs
        self.tenant = tenant
        self.book = book
        work = LeasedWork(book: book, holder: holder, term: .seconds(30))
        self.logger = logger
    }

    public func run() async throws {
        try? await cancelWhenGracefulShutdown {
            var isPlanned = false
            while true {
                var pause = Self.pause
                do {
                    if !isPlanned { try await scrubs.plan(in: tenant, at: book.now()) }
                    isPlanned = true
                    // Who holds it up is given time.
                    if let report = try await runWhenDue(), !report.held.isEmpty { pause = .seconds(60) }
                } catch let cancelled as CancellationError {
                    throw cancelled
                } catch {
                    logger.note(.error, "job failed", .part(Self.self), .failure(error))
                }
                try await Task.sleep(for: pause)
            }
        }
    }

    /// - Returns: what was done; nil where nothing was due, or another process is at it.
    @discardableResult
    public func runWhenDue() async throws -> ScrubReport? {
        let now = try await book.now()
        guard try await scrubs.waiting(in: tenant).contains(where: { $0.dueAt <= now }) else { return nil }
        return try await work.perform(Self.name) {
            let run = try await book.started(Self.name, at: book.now())
            do {
                let report = try await scrubs.carryOut(in: tenant, at: book.now())
                try await book.finished(run, counts: report.counts, failed: false, at: book.now())
                return report
            } catch {
                try await book.finished(run, counts: [:], failed: true, at: book.now())
                throw error
            }
        }
    }
}

extension ScrubReport {
    var counts: [String: Int] {
        ["rewritten": Set(ended.map(\.relation)).count, "held": Set(held.map(\.relation)).count, "longest-seconds": Int(longest.seconds)]
    }
}
