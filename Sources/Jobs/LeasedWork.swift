import Fediverse

/// Work that one process does at a time, under a lease that is renewed while the work lasts.
///
/// A process that is killed holds its lease for `term` at most. One that stands still for longer loses it to the next, and
/// finds out at its next write, which is refused.
public struct LeasedWork: Sendable {
    public static let standardTerm: Duration = .seconds(45)

    private let book: any JobBook
    private let holder: String
    let term: Duration
    private let pause: @Sendable (Duration) async throws -> Void

    /// - Parameters:
    ///   - holder: names this process in the leases; a random word, nothing about the machine.
    ///   - term: for how long the lease is taken; it is renewed every third of it, so that two renewals in a row may fail.
    ///   - pause: waits; throws when the task is cancelled.
    public init(
        book: any JobBook, holder: String, term: Duration = standardTerm,
        pause: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.book = book
        self.holder = holder
        self.term = term
        self.pause = pause
    }

    /// - Returns: nil when another process has the lease.
    /// - Throws: `JobLeaseLost` when another has taken it meanwhile; nothing was written since.
    public func perform<Result: Sendable>(_ job: String, _ body: @escaping @Sendable () async throws -> Result) async throws -> Result? {
        guard let lease = try await book.lease(job, holder: holder, for: span, at: book.now()) else { return nil }
        let result: Result
        do {
            result = try await renewing(lease, body)
        } catch {
            try await book.release(lease, at: book.now())
            throw error
        }
        try await book.release(lease, at: book.now())
        return result
    }

    private var span: Instant.Span { Instant.Span(microseconds: Int64(term / .microseconds(1))) }

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
            do { try await pause(term / 3) } catch { return }
            let isHeld: Bool
            do {
                isHeld = try await book.renew(lease, for: span, at: book.now())
            } catch {
                // A database that is busy now: the next turn tries again, and meanwhile the fence stands.
                continue
            }
            if !isHeld { throw JobLeaseLost() }
        }
    }
}
