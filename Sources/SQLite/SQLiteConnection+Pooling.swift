package import Database

extension SQLiteConnection: PooledConnection {
    // A file's connection is not lost, and its reads end by the deadline.
    package var readStop: (any ReadStop)? { nil }
    package func probe() {}
    package func makeReady() {}

    /// One deferred transaction, so that all its statements see one snapshot.
    package func beginRead(limit: Duration) throws(DatabaseError) {
        // The one connection of a database in memory could write: for the length of a read it may not, as a reader of a file may not.
        if access == .writer { try script("PRAGMA query_only = ON") }
        do {
            poolScope = try begin(toWrite: false)
        } catch {
            allowWrites()
            throw error
        }
        deadline.set(limit)
    }

    package func endRead() {
        // Its end must not be stopped by the limit. There is nothing to commit, but COMMIT is a kept statement.
        deadline.clear()
        if let scope = takePoolScope(), (try? commit(scope)) == nil { rollback(scope) }
        allowWrites()
    }

    private func allowWrites() {
        guard access == .writer else { return }
        do {
            try script("PRAGMA query_only = OFF")
        } catch {
            preconditionFailure("PRAGMA query_only: \(error)")
        }
    }

    package func beginGroup(_ wanted: Durability) throws(DatabaseError) {
        // It cannot change inside a transaction. In the write-ahead log, NORMAL survives a killed process and FULL,
        // which waits for the disk at each commit, a lost power supply too (sqlite.org/pragma.html#pragma_synchronous).
        if wanted != durability {
            try script(wanted == .power ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL")
            durability = wanted
        }
        poolScope = try begin(toWrite: true)
    }

    package func commitGroup() throws(DatabaseError) {
        guard let scope = poolScope else { return }
        try commit(scope)
        poolScope = nil
    }

    package func rollbackGroup() {
        if let scope = takePoolScope() { rollback(scope) }
    }

    package func beginMaintenance() {}
    package func endMaintenance() { rollback(Scope(depth: 1)) }

    private func takePoolScope() -> Scope? {
        defer { poolScope = nil }
        return poolScope
    }
}
