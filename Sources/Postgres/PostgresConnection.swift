import CPostgres
public import Database

/// One session at a PostgreSQL server, for the thread that it lives on.
///
/// Statements are prepared once per text, at most `statementCapacity`; the server says of which type each parameter is, and
/// the values take that form. An error inside a transaction ends it, up to the savepoint that is rolled back. NaN is stored as NULL.
public final class PostgresConnection: Connection {
    static let statementCapacity = 256
    /// Rows of a batch that are sent before their answers are read.
    private static let batchRows = 256

    public let dialect = Dialect.postgres
    let settings: PostgresSettings
    private let writing: Bool
    let cancel: ServerCancel
    private(set) var statements = PreparedStatements(capacity: statementCapacity)
    private(set) var handle: PostgresHandle
    private var parameters = Parameters()
    /// Transactions and savepoints that `begin` opened and nobody has ended.
    private(set) var depth = 0
    /// Beginnings and ends of scopes of which the server has not heard.
    private var unsent: [Unsent] = []
    /// How long the server may be at one statement; nil for as long as it takes.
    private(set) var limit: Duration?
    /// How long a statement waits for a lock; as the server was told.
    private var lockLimit: Duration?

    /// When the connection was lost: whether it may be tried again.
    var backoff = Backoff()
    /// What the pool's thread has opened around a closure.
    var poolScope: Scope?
    /// Whether that is a transaction for writes.
    var isInGroup = false
    /// The end of a read that was sent and not yet answered.
    var hasUnansweredEnd = false

    /// - Parameter writing: whether the session is of no use where nothing can be written: then such a server is refused.
    /// - Throws: `cannotOpen`, `unreachable`, `notAdmitted`, `unfit` or `readOnly`.
    public init(_ settings: PostgresSettings, writing: Bool = false) throws(DatabaseError) {
        self.settings = settings
        self.writing = writing
        cancel = ServerCancel(patience: settings.cancelTime)
        handle = try PostgresHandle(settings, writing: writing)
        try begin()
    }

    @discardableResult
    public func run(_ statement: SQL) throws(DatabaseError) -> Int { try execute(statement.text, statement.values).changed }

    public func rows(_ statement: SQL, _ each: (any Row) throws -> Void) throws {
        let result = try execute(statement.text, statement.values)
        let row = PostgresRow(result)
        for index in 0..<result.rowCount {
            row.index = index
            try each(row)
        }
    }

    /// All rows or none: an error undoes the batch. An INSERT takes many rows in one statement, and the statements are sent behind
    /// each other without waiting for each answer.
    @discardableResult
    public func bulk(_ statement: String, _ rows: some Sequence<[SQLValue]>) throws(DatabaseError) -> Int {
        var rest = rows.makeIterator()
        var next = rest.next()
        if next == nil { return 0 }
        // A pipeline is one transaction by itself on one server, and not on a distributed one: so it always stands in a real one.
        let scope = try beginScope()
        do {
            let template = RowTemplate(statement)
            var changed = 0
            while next != nil {
                var batch: [[SQLValue]] = []
                while batch.count < Self.batchRows, let row = next {
                    batch.append(row)
                    next = rest.next()
                }
                let parts = try template?.parts(of: batch, of: statement) ?? batch.map { (statement, $0) }
                // Whose answers are read at once, so before the pipeline.
                for part in parts { _ = try prepare(part.text) }
                changed += try pipeline(statement) { () throws(DatabaseError) in
                    for part in parts { try send(prepare(part.text), part.values, statement) }
                }.changed
            }
            try commit(scope)
            return changed
        } catch {
            rollback(scope)
            throw error
        }
    }

    public func script(_ text: String) throws(DatabaseError) {
        _ = try command(text)
    }

    public func transaction<Result>(_ body: () throws -> Result) throws -> Result {
        let scope = try beginScope()
        do {
            let result = try body()
            try commit(scope)
            return result
        } catch {
            rollback(scope)
            throw error
        }
    }

    /// What `beginScope` opened: 1 is the transaction, above it savepoints.
    struct Scope { let depth: Int }

    /// A command that goes out with the next statement, as one trip to the server.
    private struct Unsent {
        let text: String
        /// The depth of the scope that it opens; nil for the end of one.
        let opens: Int?
    }

    /// Opens a scope on the server with its first statement.
    func beginScope(_ begin: String = "BEGIN") throws(DatabaseError) -> Scope {
        try checkUsable(begin)
        depth += 1
        unsent.append(Unsent(text: depth == 1 ? begin : "SAVEPOINT s\(depth)", opens: depth))
        return Scope(depth: depth)
    }

    /// - Throws: `outcomeUnknown` when the connection was lost on the way of a COMMIT.
    func commit(_ scope: Scope) throws(DatabaseError) {
        if dropUnsent(scope) { return }
        guard scope.depth == 1 else {
            let release = "RELEASE SAVEPOINT s\(scope.depth)"
            try checkUsable(release)
            // As the server would say.
            guard !handle.isInFailedTransaction else { throw .refused(state: "25P02", statement: release) }
            unsent.append(Unsent(text: release, opens: nil))
            depth = scope.depth - 1
            return
        }
        guard !handle.isBroken, handle.isInTransaction else { throw .transactionLost }
        let result = try sendCommit()
        depth = 0
        // A transaction in which a statement failed is rolled back by COMMIT, without an error.
        guard result.tag == "COMMIT" else { throw .transactionLost }
    }

    /// Undoes the scope and what was begun inside it. Where that fails, the session is over, and the server undoes it.
    func rollback(_ scope: Scope) {
        if dropUnsent(scope) { return }
        unsent = []
        depth = scope.depth - 1
        guard !handle.isBroken, handle.isInTransaction else { return }
        if scope.depth > 1 {
            _ = try? command("ROLLBACK TO SAVEPOINT s\(scope.depth); RELEASE SAVEPOINT s\(scope.depth)")
        } else {
            _ = try? command("ROLLBACK")
        }
    }

    /// Forgets a scope of which the server has not heard, because nothing was done in it.
    private func dropUnsent(_ scope: Scope) -> Bool {
        guard let place = unsent.firstIndex(where: { $0.opens == scope.depth }) else { return false }
        unsent.removeSubrange(place...)
        depth = scope.depth - 1
        return true
    }

    /// The unsent commands, which are sent now.
    private func takeUnsent() -> [String] {
        defer { unsent = [] }
        return unsent.map(\.text)
    }

    /// Sends the end of a transaction that only read.
    /// - Returns: whether an answer will come.
    func endReadOnly() -> Bool {
        if dropUnsent(Scope(depth: 1)) { return false }
        depth = 0
        unsent = []
        let text = "COMMIT"
        return !handle.isBroken && (try? handle.post(text) { PQsendQuery(handle.pointer, text) }) != nil
    }

    /// The session ended, or the server ended the transaction, while somebody believed it open.
    package var hasLostTransaction: Bool { depth > 0 && (handle.isBroken || isBegun && !handle.isInTransaction) }

    /// Whether the server knows of the transaction.
    private var isBegun: Bool { depth > 0 && !unsent.contains { $0.opens == 1 } }

    /// Undoes whatever is still open, however it was opened.
    func endTransactions() { rollback(Scope(depth: 1)) }

    /// The one statement whose end a server may hold back for ever: a standby that must agree and is away.
    private func sendCommit() throws(DatabaseError) -> PostgresResult {
        let text = (takeUnsent() + ["COMMIT"]).joined(separator: "; ")
        do {
            try handle.post(text) { PQsendQuery(handle.pointer, text) }
        } catch {
            throw .outcomeUnknown
        }
        var wasCancelled = false
        let first = deadline
        if let first, !handle.isAnswered(by: first) {
            // The server then commits without the standby, which is less than was asked for.
            cancel.cancelStatement()
            wasCancelled = true
        }
        do throws(DatabaseError) {
            let result = try handle.answer(to: text, until: wasCancelled ? .now + settings.grace : first)
            cancel.end()
            if wasCancelled { throw .outcomeUnknown }
            return result
        } catch {
            if wasCancelled { cancel.end() }
            if error == .disconnected || wasCancelled {
                depth = 0
                throw .outcomeUnknown
            }
            throw error
        }
    }

    private var deadline: ContinuousClock.Instant? { limit.map { .now + $0 + settings.grace } }

    /// Sends what is unsent by itself, before what cannot share its trip.
    func sendUnsent() throws(DatabaseError) {
        if unsent.isEmpty { return }
        let whole = takeUnsent().joined(separator: "; ")
        _ = try handle.ask(whole, until: deadline) { PQsendQuery(handle.pointer, whole) }
    }

    /// Runs statements without values and without keeping them.
    func command(_ text: String) throws(DatabaseError) -> PostgresResult {
        try checkUsable(text)
        let whole = (takeUnsent() + [text]).joined(separator: "; ")
        return try handle.ask(text, until: deadline) { PQsendQuery(handle.pointer, whole) }
    }

    private func execute(_ text: String, _ values: [SQLValue]) throws(DatabaseError) -> PostgresResult {
        let prepared = try prepare(text)
        do {
            guard unsent.isEmpty else { return try pipeline(text) { () throws(DatabaseError) in try send(prepared, values, text) }.last }
            try send(prepared, values, text)
            return try handle.answer(to: text, until: deadline)
        } catch {
            forgetIfStale(text, after: error)
            throw error
        }
    }

    private func send(_ prepared: PreparedStatement, _ values: [SQLValue], _ text: String) throws(DatabaseError) {
        try parameters.set(values, as: prepared.parameters, of: text)
        try parameters.withPointers { count, pointers, lengths, formats in
            Result { () throws(DatabaseError) in
                try handle.post(text) { PQsendQueryPrepared(handle.pointer, prepared.name, count, pointers, lengths, formats, 1) }
            }
        }.get()
    }

    /// Runs what is unsent and what `send` puts in line; reads all answers.
    /// - Returns: rows changed, in all, and the last statement's answer.
    private func pipeline(
        _ statement: String, _ send: () throws(DatabaseError) -> Void
    ) throws(DatabaseError) -> (changed: Int, last: PostgresResult) {
        guard PQenterPipelineMode(handle.pointer) == 1 else { throw .refused(state: "XX000", statement: statement) }
        var failure: DatabaseError?
        do {
            for command in takeUnsent() { try handle.post(command) { PQsendQueryParams(handle.pointer, command, 0, nil, nil, nil, nil, 1) } }
            try send()
        } catch {
            failure = error
        }
        // What was sent already is read to its end: the rollback comes after it.
        do throws(DatabaseError) {
            try handle.post(statement) { PQpipelineSync(handle.pointer) }
            var changed = 0
            var last: PostgresResult?
            while true {
                // Each statement's results end with a nil; the pipeline's last is its own.
                guard let result = try handle.next(statement, until: deadline) else { continue }
                if result.status == PGRES_PIPELINE_SYNC { break }
                try handle.checkNoCopy(result, statement)
                if result.isFailure {
                    if failure == nil, result.status != PGRES_PIPELINE_ABORTED { failure = handle.error(of: result, statement) }
                } else {
                    changed += result.changed
                    last = result
                }
                if handle.isBroken { throw .disconnected }
            }
            _ = PQexitPipelineMode(handle.pointer)
            if let failure { throw failure }
            guard let last else { throw .refused(state: "XX000", statement: statement) }
            return (changed, last)
        } catch {
            throw failure ?? error
        }
    }

    private func prepare(_ text: String) throws(DatabaseError) -> PreparedStatement {
        try checkUsable(text)
        if let known = statements.known(text) { return known }
        guard !text.utf8.contains(0) else { throw .unstorableText }
        if let old = statements.evicted() { try deallocate(old) }
        let name = statements.nextName()
        _ = try handle.ask(text, until: deadline) { PQsendPrepare(handle.pointer, name, text, 0, nil) }
        let described = try handle.ask(text, until: deadline) { PQsendDescribePrepared(handle.pointer, name) }
        let types = (0..<PQnparams(described.pointer)).map { PQparamtype(described.pointer, $0) }
        return statements.add(text, name, parameters: types)
    }

    private func deallocate(_ statement: PreparedStatement) throws(DatabaseError) {
        let text = "DEALLOCATE \(statement.name)"
        _ = try handle.ask(text, until: deadline) { PQsendQuery(handle.pointer, text) }
    }

    /// A plan that a changed schema has made useless (0A000), or a statement that somebody else removed (26000), is prepared
    /// anew at the next use.
    private func forgetIfStale(_ text: String, after error: DatabaseError) {
        // Where it wrote before, the server is now a standby, and another one takes the writes: it is found by connecting anew.
        if error == .readOnly, writing, isInGroup { handle.leave() }
        guard case .refused(let state, _) = error, state == "0A000" || state == "26000" else { return }
        if let stale = statements.forget(text), state == "0A000", depth == 0 { try? deallocate(stale) }
    }

    private func checkUsable(_ statement: String) throws(DatabaseError) {
        guard !handle.isBroken else { throw .disconnected }
        // Without this, what follows a lost transaction would be committed statement by statement.
        guard !hasLostTransaction else { throw .transactionLost }
    }

    /// Tells the server how long it may take from now on; nothing is sent where it knows.
    func setLimits(statement: Duration?, lock: Duration?) throws(DatabaseError) {
        guard statement != limit || lock != lockLimit else { return }
        // The answer to this itself is waited for under the new limit.
        limit = statement
        lockLimit = lock
        _ = try command(
            "SET statement_timeout = \(statement.map(\.milliseconds) ?? 0); SET lock_timeout = \(lock.map(\.milliseconds) ?? 0)")
    }

    /// A new session in the place of a lost one.
    func reconnect() throws(DatabaseError) {
        handle = try PostgresHandle(settings, writing: writing)
        try begin()
    }

    /// What every session is told first.
    private func begin() throws(DatabaseError) {
        statements.removeAll()
        depth = 0
        unsent = []
        hasUnansweredEnd = false
        poolScope = nil
        isInGroup = false
        limit = settings.statementTimeout
        lockLimit = settings.lockTimeout
        // A plan that was made while a table was empty is kept while it grows, so an index is taken wherever one serves. Just-in-time
        // compiling would take longer than any statement of ours.
        // Acknowledged means on the disk; a stronger wish of the operator's (a standby) stays. The time zone and the date
        // style matter to what is written as text only.
        _ = try command(
            """
            SET statement_timeout = \(settings.statementTimeout.milliseconds); SET lock_timeout = \(settings.lockTimeout.milliseconds);
            SET idle_in_transaction_session_timeout = \(settings.idleLimit.milliseconds);
            SET enable_seqscan = off; SET random_page_cost = 1.1; SET jit = off; SET client_min_messages = error; SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET standard_conforming_strings = on;
            SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'
            """)
        cancel.follow(handle.pointer)
    }
}
