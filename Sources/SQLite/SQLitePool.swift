public import Database

/// One SQLite file: a thread that writes and some that read, each with a connection of its own.
///
/// `:memory:` is a database that lives as long as the pool; as only its own connection can see it, one thread both reads and
/// writes. Closures run on the pool's threads: they may block, must not begin or end transactions by statements of their
/// own (`Connection.transaction` is right), and must not keep the connection.
public final class SQLitePool: ConnectionPool {
    /// Whether this process serves the file, which only one may do, or runs a command beside it.
    public enum Role: Sendable { case serve, command }

    let path: String
    let line: Monitor<PoolLine>

    /// Opens the file and every connection; blocks until that is done.
    /// - Parameters:
    ///   - path: is created where there is none, for its owner only. `:memory:` takes no lock and has no readers.
    ///   - readLimit: a read that is still at a statement after so long is ended with `interrupted`, so that no reader
    ///     holds erased rows in the log for longer. Between its statements a closure cannot be stopped.
    /// - Throws: `alreadyServed`, or what `SQLiteConnection.init` throws.
    public init(
        path: String, readers: Int = 2, role: Role, readLimit: Duration = .seconds(5), limits: PoolState.Limits = PoolState.Limits()
    ) throws(DatabaseError) {
        let inMemory = path == ":memory:"
        let readers = inMemory ? 0 : max(1, readers)
        self.path = path
        line = Monitor(
            PoolLine(readers: readers, limits: limits, lock: role == .serve && !inMemory ? try ServeLock(databasePath: path) : nil),
            lines: PoolLine.Threads.count)
        let opening = Opening(connections: 1 + readers)
        // The writer first: it creates the file and its log, which a reader may not.
        PoolThread(line: line, path: path, readLimit: readLimit, access: .writer, opening: opening).start("sqlite-writer")
        opening.wait(for: 1)
        for number in 0..<readers {
            PoolThread(line: line, path: path, readLimit: readLimit, access: .reader, opening: opening).start("sqlite-reader-\(number)")
        }
        guard let error = opening.wait(for: 1 + readers) else { return }
        close()
        // Until the lock is given back, so that the caller can try again.
        line.wait(in: PoolLine.Threads.closing) { $0.state.isClosed ? () : nil }
        throw error
    }

    // Whoever forgets `shutdown` leaks no thread.
    deinit { close() }

    public func read<Result: Sendable>(_ body: @escaping @Sendable (any Connection) throws -> Result) async throws -> Result {
        try Task.checkCancellation()
        let ticket = Monitor(Ticket(), lines: 0)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let id = add(.read, Job(continuation, body))
                let wasCancelled = ticket.withLock { ticket in
                    ticket.id = id
                    return ticket.isCancelled
                }
                if wasCancelled, let id { cancel(id) }
            }
        } onCancel: {
            let id = ticket.withLock { ticket in
                ticket.isCancelled = true
                return ticket.id
            }
            if let id { cancel(id) }
        }
    }

    /// Runs `body` inside a transaction; returns after the commit. A cancelled caller's write happens all the same.
    public func write<Result: Sendable>(
        _ durability: Durability, _ body: @escaping @Sendable (any Connection) throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { _ = add(.write(durability), Job($0, body)) }
    }

    public func maintain<Result: Sendable>(_ body: @escaping @Sendable (any Connection) throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { _ = add(.maintenance, Job($0, body)) }
    }

    public func shutdown() async {
        close()
        await withCheckedContinuation { continuation in
            let waits = line.withLock { $0.wait(continuation) }
            if !waits { continuation.resume() }
        }
    }

    private struct Ticket: Sendable {
        var id: PoolState.JobID?
        var isCancelled = false
    }

    private func add(_ kind: PoolState.Kind, _ job: Job) -> PoolState.JobID? {
        let id = line.withLock { $0.add(kind, job, at: .now) }
        if id == nil { job.fail(DatabaseError.unavailable) }
        line.wakeOne(in: kind == .read && hasReaders ? PoolLine.Threads.readers : PoolLine.Threads.writer)
        return id
    }

    private func cancel(_ id: PoolState.JobID) {
        line.withLock { $0.cancel(id) }?.fail(CancellationError())
    }

    private var hasReaders: Bool { path != ":memory:" }

    private func close() {
        line.withLock { $0.state.shutDown() }
        line.wakeAll()
    }
}
