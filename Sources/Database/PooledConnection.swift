/// A connection as a pool's thread drives it: the thread begins and ends what callers' closures run in.
package protocol PooledConnection: Connection, SendableMetatype {
    /// Stops the read that runs on this connection, from any thread; nil where the engine ends reads by itself only.
    var readStop: (any ReadStop)? { get }

    /// Asks the server for a sign of life; without one the connection counts as lost. Does not wait long.
    func probe()

    /// Called before each closure: connects anew where the connection was lost.
    func makeReady() throws(DatabaseError)

    /// Opens one snapshot for the length of a closure.
    /// - Parameter limit: a statement that is still at work after so long is ended with `interrupted`.
    func beginRead(limit: Duration) throws(DatabaseError)
    func endRead()

    /// Opens the transaction that a group of writes shares.
    func beginGroup(_ durability: Durability) throws(DatabaseError)
    func commitGroup() throws(DatabaseError)
    func rollbackGroup()

    /// Whether the open transaction is gone with all that was done in it, whoever caught the error.
    var hasLostTransaction: Bool { get }

    /// Frees the closure that follows from the limits of reads and writes.
    func beginMaintenance() throws(DatabaseError)
    /// Undoes whatever is still open, however it was opened.
    func endMaintenance()
}

/// Stops one read on its connection's server.
package protocol ReadStop: Sendable {
    /// From now on the connection works for this read.
    func begin(_ id: PoolState.JobID)
    /// Returns when no stop of this read can reach the connection any more.
    func end()
    /// Asks for the read to be ended; does nothing when it is over. Does not block.
    func stop(_ id: PoolState.JobID)
}
