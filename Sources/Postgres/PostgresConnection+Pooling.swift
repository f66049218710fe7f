import CPostgres
package import Database

extension PostgresConnection: PooledConnection {
    package var readStop: (any ReadStop)? { cancel }

    package func probe() {
        settle()
        // An empty query: the answer is the whole point. Without one the handle knows that it is broken.
        _ = try? handle.ask("", until: .now + settings.probeTime) { PQsendQuery(handle.pointer, "") }
    }

    package func makeReady() throws(DatabaseError) {
        settle()
        // A cancellation that nobody could wait for may still reach this session, and hit what was not meant.
        guard handle.hasBeenLeft() || cancel.isUncertain else { return endTransactions() }
        // Whoever comes before the next attempt is told at once, instead of standing in line for a server that is away.
        guard backoff.allows(at: .now) else { throw .disconnected }
        do {
            try reconnect()
        } catch {
            backoff.failed(at: .now)
            throw .disconnected
        }
        backoff.succeeded()
    }

    /// Reads the answer to the end of the last read.
    private func settle() {
        guard hasUnansweredEnd else { return }
        hasUnansweredEnd = false
        _ = try? handle.answer(to: "COMMIT", until: .now + settings.grace)
    }

    package func beginRead(limit: Duration) throws(DatabaseError) {
        try setLimits(statement: limit, lock: settings.lockTimeout)
        poolScope = try beginScope("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    }

    /// There is nothing to commit, so nobody waits for it: the answer is read before the next use.
    package func endRead() {
        guard let scope = poolScope else { return }
        poolScope = nil
        guard !hasLostTransaction, scope.depth == depth else { return endTransactions() }
        hasUnansweredEnd = endReadOnly()
    }

    /// Both kinds of write last as long as the disk: a server that is killed loses what it has not yet written there.
    package func beginGroup(_ durability: Durability) throws(DatabaseError) {
        try setLimits(statement: settings.statementTimeout, lock: settings.lockTimeout)
        poolScope = try beginScope()
        isInGroup = true
    }

    package func commitGroup() throws(DatabaseError) {
        guard let scope = poolScope else { return }
        isInGroup = false
        try commit(scope)
        poolScope = nil
    }

    package func rollbackGroup() {
        isInGroup = false
        if let scope = poolScope { rollback(scope) }
        poolScope = nil
    }

    package func beginMaintenance() throws(DatabaseError) { try setLimits(statement: nil, lock: nil) }
    package func endMaintenance() { endTransactions() }
}
