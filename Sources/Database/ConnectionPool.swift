/// How long a write must outlive: a killed process, or power loss as well.
public enum Durability: Sendable, Comparable { case process, power }

/// Connections on threads of their own, lent to async code for the length of one closure.
///
/// Reads run beside each other. Writes that wait at the same moment share one transaction, each under a savepoint of
/// its own, and every caller is answered only after the common commit: with the strongest durability that one of them asked for.
public protocol ConnectionPool: Sendable {
    /// Runs `body` on a connection that sees one consistent snapshot. It must not write.
    func read<Result: Sendable>(_ body: @escaping @Sendable (any Connection) throws -> Result) async throws -> Result

    /// Runs `body` inside a transaction; returns after the commit.
    func write<Result: Sendable>(
        _ durability: Durability, _ body: @escaping @Sendable (any Connection) throws -> Result
    ) async throws -> Result

    /// Runs `body` on the writing connection, outside any transaction: checkpoints, VACUUM, schema changes.
    func maintain<Result: Sendable>(_ body: @escaping @Sendable (any Connection) throws -> Result) async throws -> Result

    /// Finishes what runs, refuses what comes, closes every connection.
    func shutdown() async
}
