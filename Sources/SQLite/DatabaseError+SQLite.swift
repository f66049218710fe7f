import CSQLite
import Database

extension DatabaseError {
    /// The error for one of SQLite's result codes, extended or not.
    ///
    /// Only SQLite's fixed sentence for the code is kept: its message for the occasion may hold a value.
    /// - Parameter statement: the text with placeholders.
    init(code: Int32, statement: String) {
        switch code & 0xff {
        case SQLITE_BUSY, SQLITE_LOCKED: self = .busy
        case SQLITE_FULL: self = .diskFull
        // SQLITE_IOERR_SHMSIZE: no room for the index of the log (a macro made of shifts, too).
        case SQLITE_IOERR where code >> 8 == 19: self = .diskFull
        case SQLITE_READONLY: self = .readOnly
        case SQLITE_INTERRUPT: self = .interrupted
        case SQLITE_CORRUPT, SQLITE_NOTADB: self = .corrupt(reason: Self.sentence(code))
        case SQLITE_CANTOPEN, SQLITE_PERM: self = .cannotOpen(reason: Self.sentence(code))
        case SQLITE_CONSTRAINT: self = .constraint(kind: Self.kind(code))
        default: self = .failed(code: Int(code), statement: statement)
        }
    }

    private static func sentence(_ code: Int32) -> String { String(cString: sqlite3_errstr(code)) }

    // The extended codes are macros made of shifts, which Swift does not import: SQLITE_CONSTRAINT | (n << 8).
    private static func kind(_ code: Int32) -> ConstraintKind {
        switch code >> 8 {
        case 6, 8, 10: .unique  // PRIMARYKEY, UNIQUE, ROWID
        case 3: .foreignKey
        case 1: .check
        case 5: .notNull
        default: .other
        }
    }
}
