/// What went wrong in a database, in words that are safe to show: never a value, never a row.
public enum DatabaseError: Error, Equatable {
    /// The file cannot be opened, or the server has no such database. `reason` is the engine's fixed sentence for its code.
    case cannotOpen(reason: String)
    /// No server answers, or none that can be trusted. `reason` is the client library's sentence without what it quotes.
    case unreachable(reason: String)
    /// The server does not let us in: who we are, or what we may do.
    case notAdmitted(reason: String)
    /// The server is there, and cannot hold our data: its version, its encoding, what it lacks.
    case unfit(reason: String)
    /// The file, or the lock beside it, is not there and cannot be made. `reason` is the system's sentence.
    case cannotCreate(reason: String)
    /// The file is not a database, or fails its integrity check.
    case corrupt(reason: String)
    /// The schema was made by a newer program than this one.
    case newerSchema(found: Int, known: Int)
    /// A migration that was already applied has another text now.
    case changedMigration(number: Int)
    /// Another process holds the lock for longer than the busy timeout.
    case busy
    /// Two sessions wanted the same rows in a way that only one of them can have: this transaction was given up, and may be tried again.
    case conflict
    case diskFull
    case readOnly
    /// A constraint refused the write; `kind` is unique, foreignKey, check or notNull.
    case constraint(kind: ConstraintKind)
    /// A second process wants to serve the same file.
    case alreadyServed
    /// A text that PostgreSQL cannot hold: with a NUL byte, or bytes that are no UTF-8.
    case unstorableText
    /// Anything else: SQLite's own code, and the statement's text with placeholders instead of values.
    case failed(code: Int, statement: String)
    /// Anything else: the server's SQLSTATE, five digits and letters, and the statement's text.
    case refused(state: String, statement: String)
    /// A read went on past the pool's limit and was ended.
    case interrupted
    /// The connection to the server was lost. What had not been committed did not happen.
    case disconnected
    /// The connection was lost while a commit was under way: the write may have happened or not. Nobody repeats it by itself.
    case outcomeUnknown
    /// The engine gave up the transaction that this write shared; nothing of it happened.
    case transactionLost
    /// The pool was shut down, or waited too long for a free connection.
    case unavailable

    public enum ConstraintKind: String, Sendable { case unique, foreignKey, check, notNull, other }
}

extension DatabaseError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .cannotOpen(let reason), .unreachable(let reason), .notAdmitted(let reason), .unfit(let reason):
            "the database cannot be opened: \(reason)"
        case .cannotCreate(let reason): "the database cannot be made: \(reason)"
        case .corrupt(let reason): "the database is damaged (\(reason)); stop the service and put a copy made by 'sheltie db backup' in its place"
        case .newerSchema(let found, let known): "the database has schema version \(found), this program knows \(known); use a newer program"
        case .changedMigration(let number): "migration \(number) was changed after it had been applied to this database"
        case .busy: "the database is locked by another process"
        case .conflict: "another session wrote the same rows at the same moment; try again"
        case .diskFull: "the disk is full"
        case .readOnly: "the database is read-only"
        case .constraint(let kind): "the database refused the write (\(kind.rawValue))"
        case .alreadyServed: "another sheltie serves this database file already"
        case .unstorableText: "the text holds a NUL byte or is not UTF-8, which the database cannot keep"
        case .failed(let code, _): "the database reported error \(code)"
        case .refused(let state, _): "the database reported error \(state)"
        case .interrupted: "the database took too long to answer"
        case .disconnected: "the connection to the database was lost"
        case .outcomeUnknown: "the connection to the database was lost during a commit; whether it happened is not known"
        case .transactionLost: "the database gave up the transaction"
        case .unavailable: "no database connection is free"
        }
    }
}
