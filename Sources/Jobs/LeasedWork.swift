public import Fediverse

/// Work that one process does at a time, under a lease that is renewed while the work lasts.
///
/// A process that is killed holds its lease for `term` at most. One that stands still for longer loses it to the next, and
/// finds out at its next write, which is refused.
public struct LeasedWork: Sendable {
    static let term = Instant.Span.seconds(45)
    /// So that two renewals in a row may fail.
    static let renewal: Duration = .seconds(15)

    private let book: any JobBook
    private let holder: String
    private let clock: @Sendable () -> Instant
    private let pause: @Sendable (Duration) async throws -> Void

    /// - Parameters:
    ///   - holder: names this process in the leases; a random word, nothing about the machine.
    ///   - pause: waits; throws when the task is cancelled.
    public init(
        book: any JobBook, holder: String, clock: @escaping @Sendable () -> Instant,
        pause: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.book = book
        self.holder = holder
        self.clock = clock
        self.pause = pause
    }

    /// - Returns: nil when another process has the lease.
    /// - Throws: `JobLeaseLost` when another has taken it meanwhile; nothing was written since.
    public func perform<Result: Sendable>(_ job: String, _ body: @escaping @Sendable () async throws -> Result) async throws -> Result? {
        guard let lease = try await book.lease(job, holder: holder, for: Self.term, at: clock()) else { return nil }
        let result: Result
        do {
            result = try await renewing(lease, body)
        } catch {
            try await book.release(lease, at: clock())
            throw error
        }
        try await book.release(lease, at: clock())
        return result
    }

    private func renewing<Result: Sendable>(
        _ lease: JobLease, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await book.fencing(lease, body) }
            group.addTask {
                try await keep(lease)
                return nil
            }
            while let ended = try await group.next() {
                guard let result = ended else { continue }
                group.cancelAll()
                return result
            }
            throw CancellationError()
        }
    }

    /// Renews the lease until it is cancelled; throws when the lease is lost, which ends the work beside it.
    private func keep(_ lease: JobLease) async throws {
        while true {
            do { try await pause(Self.renewal) } catch { return }
            let isHeld: Bool
            do {
                isHeld = try await book.renew(lease, for: Self.term, at: clock())
            } catch {
                // A database that is busy now: the next turn tries again, and meanwhile the fence stands.
                continue
            }
            if !isHeld { throw JobLeaseLost() }
        }
    }
}
