import CSQLite
import Database

/// The one owner of an open database file: opens in `init`, closes in `deinit`, nowhere else.
struct SQLiteHandle: ~Copyable {
    let pointer: OpaquePointer

    enum Mode { case readWrite, readOnly }

    /// - Throws: `cannotOpen`. A file that is no database is noticed only at its first read.
    init(path: String, mode: Mode) throws(DatabaseError) {
        guard !path.isEmpty, !path.utf8.contains(0) else { throw .cannotOpen(reason: "the path is empty or holds a NUL byte") }
        // NOMUTEX: a connection is used from the one thread that it lives on, so SQLite's own locks would be taken for
        // nothing (sqlite.org/threadsafe.html, "Multi-thread"). That needs a library built with threads at all.
        guard sqlite3_threadsafe() != 0 else { throw .cannotOpen(reason: "libsqlite3 was built without threads") }
        let access = mode == .readWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY
        var opened: OpaquePointer?
        let code = sqlite3_open_v2(path, &opened, access | SQLITE_OPEN_NOMUTEX, nil)
        guard code == SQLITE_OK, let opened else {
            // Even a failed open leaves a handle to close; closing NULL does nothing.
            sqlite3_close_v2(opened)
            throw DatabaseError(code: code, statement: "open")
        }
        pointer = opened
        sqlite3_extended_result_codes(opened, 1)
    }

    // close_v2 waits for statements that are still to be finalized instead of refusing, so it cannot fail.
    deinit { sqlite3_close_v2(pointer) }

    var isInTransaction: Bool { sqlite3_get_autocommit(pointer) == 0 }

    func check(_ code: Int32, _ statement: String) throws(DatabaseError) {
        guard code == SQLITE_OK else { throw DatabaseError(code: code, statement: statement) }
    }
}
