import CSQLite
import Database
import Glibc

extension SQLiteConnection {
    /// Stands in the file's header (`PRAGMA application_id`), so that another program's database is never taken for ours: "SHLT".
    public static let applicationID: Int64 = 0x5348_4C54

    /// Creates the file before SQLite would, readable by its owner only; the log beside it takes the same mode from it.
    static func createFile(_ path: String) throws(DatabaseError) {
        guard path != ":memory:" else { return }
        // The system's call would take the name to end there.
        guard !path.utf8.contains(0) else { throw .cannotCreate(reason: "the path holds a NUL byte") }
        // O_EXCL: a file that is there is never opened here, because closing it again would drop the locks that
        // other connections of this process hold on it (sqlite.org/howtocorrupt.html, 2.2).
        let file = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
        if file >= 0 {
            close(file)
        } else if errno != EEXIST {
            throw .cannotCreate(reason: String(cString: strerror(errno)))
        }
    }

    /// Sets what does not stick to the file, and reads back what must hold.
    func configure(inMemory: Bool, busyTimeout: Duration) throws(DatabaseError) {
        let milliseconds = busyTimeout / .milliseconds(1)
        try handle.check(sqlite3_busy_timeout(handle.pointer, Int32(milliseconds)), "busy_timeout")
        // A misspelt column in double quotes is an error, not a text; a schema from elsewhere calls no function with side effects.
        for setting in [SQLITE_DBCONFIG_DQS_DML, SQLITE_DBCONFIG_DQS_DDL, SQLITE_DBCONFIG_TRUSTED_SCHEMA] {
            try handle.check(sqlite_db_config_switch(handle.pointer, setting, 0), "db_config")
        }
        if access != .foreignReader { try refuseForeignFile() }
        if access == .writer { try claimFile(inMemory: inMemory) }
        // FAST would answer 2, and leaves erased bytes in overflow pages.
        guard try pragma("PRAGMA secure_delete = ON") == .integer(1) else {
            throw .cannotOpen(reason: "this SQLite does not overwrite what is deleted")
        }
        try script("PRAGMA foreign_keys = ON")
        guard try pragma("PRAGMA foreign_keys") == .integer(1) else {
            throw .cannotOpen(reason: "this SQLite does not check foreign keys")
        }
        // The cache is in KiB where negative. No memory map: a disk error would be a signal instead of an error code.
        let cache = access == .writer ? -32 * 1024 : -16 * 1024
        try script("PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0; PRAGMA cache_size = \(cache); PRAGMA synchronous = NORMAL")
        if access != .writer || inMemory { deadline.install(on: handle.pointer) }
    }

    /// The first value of a statement that is prepared anew each time, as a PRAGMA must be; nil for no row.
    func pragma(_ text: String) throws(DatabaseError) -> SQLValue? {
        let statement = try Statement(text, on: handle.pointer, persistent: false)
        guard try statement.step() else { return nil }
        return SQLiteRow(statement: statement.pointer).value(0)
    }

    private func refuseForeignFile() throws(DatabaseError) {
        let id = try pragma("PRAGMA application_id")
        guard id != .integer(Self.applicationID) else { return }
        guard id == .integer(0), try pragma("SELECT count(*) FROM sqlite_schema") == .integer(0) else {
            throw .cannotOpen(reason: "the file is another program's SQLite database")
        }
    }

    /// Write-ahead log and our mark: both stay in the file.
    private func claimFile(inMemory: Bool) throws(DatabaseError) {
        guard sqlite3_db_readonly(handle.pointer, "main") == 0 else { throw .readOnly }
        if !inMemory, try pragma("PRAGMA journal_mode") != .text("wal"), try pragma("PRAGMA journal_mode = WAL") != .text("wal") {
            throw .cannotOpen(reason: "the file system allows no write-ahead log")
        }
        if try pragma("PRAGMA application_id") != .integer(Self.applicationID) {
            try script("PRAGMA application_id = \(Self.applicationID)")
        }
    }
}
