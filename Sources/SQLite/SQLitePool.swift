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
    private let workers: WorkerPool<SQLiteConnection>

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
        self.path = path
        // Given back when the last connection is closed, so that this process, too, can serve the file again.
        let lock = role == .serve && !inMemory ? try ServeLock(databasePath: path) : nil
        workers = try WorkerPool(
            name: "sqlite", readers: inMemory ? 0 : max(1, readers), readLimit: readLimit, limits: limits, holding: lock
        ) { part throws(DatabaseError) in
            try SQLiteConnection(path: path, access: part == .writer ? .writer : .reader)
        }
    }

    var line: Monitor<PoolLine> { workers.line }

    public func read<Result: Sendable>(_ body: @escaping @Sendable (any Connection) throws -> Result) async throws -> Result {
        try await workers.read(body)
    }

    /// Runs `body` inside a transaction; returns after the commit. A cancelled caller's write happens all the same.
    public func write<Result: Sendable>(
        _ durability: Durability, _ body: @escaping @Sendable (any Connection) throws -> Result
    ) async throws -> Result {
        try await workers.write(durability, body)
    }

    public func maintain<Result: Sendable>(_ body: @escaping @Sendable (any Connection) throws -> Result) async throws -> Result {
        try await workers.maintain(body)
    }

    public func shutdown() async { await workers.shutdown() }
}
