package import Database

extension PostgresConnection: PooledConnection {
    package var readStop: (any ReadStop)? { cancel }

    package func makeReady() throws(DatabaseError) {
        if hasUnansweredEnd {
            hasUnansweredEnd = false
            _ = try? handle.answer(to: "COMMIT", until: .now + settings.grace)
        }
        guard handle.hasBeenLeft() else { return endTransactions() }
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
    }

    package func commitGroup() throws(DatabaseError) {
        guard let scope = poolScope else { return }
        try commit(scope)
        poolScope = nil
    }

    package func rollbackGroup() {
        if let scope = poolScope { rollback(scope) }
        poolScope = nil
    }

    package func beginMaintenance() throws(DatabaseError) { try setLimits(statement: nil, lock: nil) }
    package func endMaintenance() { endTransactions() }
}
