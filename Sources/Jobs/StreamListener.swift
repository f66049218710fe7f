public import Fediverse
public import Privacy
public import Recommender
public import Telemetry
public import Upstream

/// Hears of deletions and edits as they happen, where the instance lets us listen. The re-check stays what is relied on: nobody misses
/// a thing for a stream that is off.
public struct StreamListener: Sendable {
    private let stream: StatusStream
    private let statuses: any StatusRepository
    private let intake: StatusIntake
    private let tenant: TenantKey
    private let logger: Log
    private let clock: @Sendable () -> Instant
    private let pause: @Sendable (Duration) async throws -> Void

    /// - Parameter pause: waits; throws when the task is cancelled.
    public init(
        stream: StatusStream, statuses: any StatusRepository, intake: StatusIntake, tenant: TenantKey, logger: Log,
        clock: @escaping @Sendable () -> Instant, pause: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.stream = stream
        self.statuses = statuses
        self.intake = intake
        self.tenant = tenant
        self.logger = logger
        self.clock = clock
        self.pause = pause
    }

    /// Listens, and after each end again, after longer and longer waits; until it is cancelled.
    public func run() async throws {
        var wait = Self.shortestWait
        while true {
            let began = clock()
            let refusal: Duration?
            do {
                try await stream.listen { try await take($0) }
                refusal = nil
            } catch let error as UpstreamError {
                if error.isOurStop { throw CancellationError() }
                refusal = Self.wait(after: error)
                if refusal != nil { logger.note(.warning, "the instance's stream is closed to us; the re-check goes on without it", .failure(error)) }
            }
            try Task.checkCancellation()
            // One that has held for a while was no failure to connect.
            if clock() - began >= .minutes(1) { wait = Self.shortestWait }
            try await pause(refusal ?? wait)
            wait = min(wait * 2, Self.longestWait)
        }
    }

    static let shortestWait: Duration = .seconds(1)
    static let longestWait: Duration = .seconds(300)

    /// How long an instance that does not want us is left alone; nil for one that was only not reached.
    static func wait(after error: UpstreamError) -> Duration? {
        switch error {
        case .status(429, let asked), .status(503, let asked): asked.map { .microseconds($0.microseconds) }
        case .status(300...499, _), .notUnderstood: .seconds(3_600)
        case .status, .transport: nil
        }
    }

    /// What an event changes about a status that is stored already; of any other nothing is kept.
    public func take(_ event: StatusStream.Event) async throws {
        let now = clock()
        switch event {
        case .deleted(let id):
            guard try await !statuses.candidates(among: [id], in: tenant).isEmpty else { return }
            _ = try await statuses.withdraw(localIDs: [id], in: tenant, at: now)
        case .edited(let status):
            // What is not stored is left to the ingest.
            guard try await !statuses.candidates(among: [status.id], in: tenant).isEmpty else { return }
            _ = try await intake.take([status], from: "stream", ignoringAge: true, into: statuses, in: tenant, at: now)
        }
    }
}
