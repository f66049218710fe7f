public import Database

/// One PostgreSQL database: a thread that writes and some that read, each with a session of its own.
///
/// Closures run on the pool's threads: they may block, must not begin or end transactions by statements of their own
/// (`Connection.transaction` is right), and must not keep the connection. A lost session is opened anew before the next
/// closure; what was under way is reported, and not repeated.
public final class PostgresPool: ConnectionPool {
    private let workers: WorkerPool<PostgresConnection>

    /// Opens the writer's session and those of the readers that are always open; blocks until that is done.
    /// - Parameters:
    ///   - readers: the most sessions that read, at least 1.
    ///   - writing: whether a server that takes no writes is refused.
    ///   - sessions: how many of them are always open, and when one is closed, replaced or probed.
    ///   - readLimit: a statement of a read that takes longer is ended on the server with `interrupted`.
    /// - Throws: what `PostgresConnection.init` throws.
    public init(
        _ settings: PostgresSettings, readers: Int = 4, writing: Bool = true, sessions: PoolState.Sessions = PoolState.Sessions(), readLimit: Duration = .seconds(5),
        limits: PoolState.Limits = PoolState.Limits()
    ) throws(DatabaseError) {
        // Above 64 savepoints in one transaction the server keeps their list on disk, and every reader looks there.
        var limits = limits
        limits.groupJobs = min(limits.groupJobs, 60)
        limits.sessions = sessions
        workers = try WorkerPool(name: "pg", readers: max(1, readers), readLimit: readLimit, limits: limits) { part throws(DatabaseError) in
            try PostgresConnection(settings, writing: writing && part == .writer)
        }
    }

    var line: Monitor<PoolLine> { workers.line }

    /// A cancelled caller's read is ended on the server as well.
    public func read<Result: Sendable>(_ body: @escaping @Sendable (any Connection) throws -> Result) async throws -> Result {
        try await workers.read(body)
    }

    /// Runs `body` inside a transaction; returns after the commit. A cancelled caller's write happens all the same.
    /// - Throws: `disconnected` when nothing was written, `outcomeUnknown` when nobody can tell.
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
