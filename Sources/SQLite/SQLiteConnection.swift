import CSQLite
public import Database

/// One connection to an SQLite file, for the thread that it lives on.
///
/// Statements are kept by their text, at most `statementCapacity`; NaN is stored as NULL, as SQLite does.
public final class SQLiteConnection: Connection {
    public enum Access: Sendable {
        /// Reads and writes, creates the file; its transactions take the write lock at once.
        case writer
        /// Reads only; its transactions see one snapshot from their first statement on.
        case reader
        /// The same over a file that may be another program's.
        case foreignReader
    }

    static let statementCapacity = 256

    public let dialect = Dialect.sqlite
    let access: Access
    let handle: SQLiteHandle
    let deadline = ReadDeadline()
    private(set) var statements: StatementCache
    /// Transactions and savepoints that `begin` opened and nobody has ended.
    private var depth = 0
    /// What the pool's thread has opened around a closure.
    var poolScope: Scope?
    /// What `PRAGMA synchronous` is set to; a connection opens with NORMAL.
    var durability = Durability.process

    /// Opens the file with the settings that this product relies on (`SQLiteConnection+Opening.swift`).
    /// - Parameters:
    ///   - path: a file, or `:memory:` for a database of this connection's own.
    ///   - busyTimeout: how long a statement waits for another process's lock.
    /// - Throws: `cannotOpen`, `cannotCreate`, `corrupt` for a file that is no database, `readOnly` for a writer that may not write.
    public init(path: String, access: Access, busyTimeout: Duration = .seconds(5)) throws(DatabaseError) {
        if access == .writer { try Self.createFile(path) }
        handle = try SQLiteHandle(path: path, mode: access == .writer ? .readWrite : .readOnly)
        self.access = access
        statements = StatementCache(capacity: Self.statementCapacity)
        try configure(inMemory: path == ":memory:", busyTimeout: busyTimeout)
    }

    // Statements hold on to the database: they go before the handle does.
    deinit { statements.removeAll() }

    @discardableResult
    public func run(_ statement: SQL) throws(DatabaseError) -> Int {
        let prepared = try take(statement.text)
        defer { statements.giveBack(prepared) }
        try prepared.bind(statement.values)
        return try finish(prepared)
    }

    public func rows(_ statement: SQL, _ each: (any Row) throws -> Void) throws {
        let prepared = try take(statement.text)
        defer { statements.giveBack(prepared) }
        try prepared.bind(statement.values)
        let row: any Row = SQLiteRow(statement: prepared.pointer)
        while try prepared.step() { try each(row) }
    }

    /// All rows or none: an error undoes the batch.
    @discardableResult
    public func bulk(_ statement: String, _ rows: some Sequence<[SQLValue]>) throws(DatabaseError) -> Int {
        let scope = try begin(toWrite: access == .writer)
        do {
            let changed = try insert(statement, rows)
            try commit(scope)
            return changed
        } catch {
            rollback(scope)
            throw error
        }
    }

    public func script(_ text: String) throws(DatabaseError) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            try checkUsable(rest)
            let whole = rest
            guard let pointer = try Statement.first(of: &rest, on: handle.pointer, persistent: false) else { return }
            let one = try Statement(pointer: pointer, text: String(decoding: whole.dropLast(rest.count), as: UTF8.self))
            while try one.step() {}
        }
    }

    public func transaction<Result>(_ body: () throws -> Result) throws -> Result {
        let scope = try begin(toWrite: access == .writer)
        do {
            let result = try body()
            try commit(scope)
            return result
        } catch {
            rollback(scope)
            throw error
        }
    }

    /// SQLite itself rolls everything back after some errors (a full disk, an input/output error): then nothing of the
    /// open transaction is left, whoever caught the error.
    package var hasLostTransaction: Bool { depth > 0 && !handle.isInTransaction }

    /// What `begin` opened: 1 is the transaction, above it savepoints.
    struct Scope { let depth: Int }

    /// - Parameter toWrite: takes the write lock at once, so that no statement finds the file changed under its snapshot.
    func begin(toWrite: Bool) throws(DatabaseError) -> Scope {
        if depth == 0 {
            try run(toWrite ? "BEGIN IMMEDIATE" : "BEGIN")
        } else {
            try run(SQL(raw: "SAVEPOINT s\(depth + 1)"))
        }
        depth += 1
        return Scope(depth: depth)
    }

    func commit(_ scope: Scope) throws(DatabaseError) {
        try run(scope.depth == 1 ? "COMMIT" : SQL(raw: "RELEASE s\(scope.depth)"))
        depth = scope.depth - 1
    }

    /// Undoes the scope and what was begun inside it. Its own failure means that SQLite has rolled back already.
    func rollback(_ scope: Scope) {
        depth = scope.depth - 1
        guard handle.isInTransaction else { return }
        if scope.depth > 1 {
            let savepoint = "s\(scope.depth)"
            if (try? script("ROLLBACK TO \(savepoint); RELEASE \(savepoint)")) != nil { return }
        }
        // Also where a savepoint could not be undone: then nothing of the transaction may stay.
        sqlite3_exec(handle.pointer, "ROLLBACK", nil, nil, nil)
    }

    private func take(_ text: String) throws(DatabaseError) -> Statement {
        try checkUsable(text.utf8)
        return try statements.take(text, on: handle.pointer)
    }

    private func checkUsable(_ statement: some Collection<UInt8>) throws(DatabaseError) {
        // Without this, what follows a lost transaction would be committed statement by statement.
        guard !hasLostTransaction else { throw .failed(code: Int(SQLITE_ABORT), statement: String(decoding: statement, as: UTF8.self)) }
        guard !deadline.isOver else { throw .interrupted }
    }

    /// Runs the statement to its end (a RETURNING, too) and counts the rows that it changed.
    private func finish(_ statement: Statement) throws(DatabaseError) -> Int {
        let before = sqlite3_total_changes64(handle.pointer)
        while try statement.step() {}
        // The count stays from the statement before where one changes nothing by its nature (CREATE, PRAGMA).
        return sqlite3_total_changes64(handle.pointer) == before ? 0 : Int(sqlite3_changes64(handle.pointer))
    }

    private func insert(_ statement: String, _ rows: some Sequence<[SQLValue]>) throws(DatabaseError) -> Int {
        let prepared = try take(statement)
        defer { statements.giveBack(prepared) }
        var changed = 0
        for row in rows {
            try prepared.bind(row)
            while try prepared.step() {}
            changed += Int(sqlite3_changes64(handle.pointer))
            prepared.reset()
        }
        return changed
    }
}
