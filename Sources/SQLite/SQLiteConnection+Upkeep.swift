import CSQLite
public import Database
import Glibc

extension SQLiteConnection {
    /// Moves the write-ahead log into the file and empties it: what was deleted is then in neither.
    ///
    /// Outside any transaction. Waits for readers only for `patience`, since no write can run meanwhile: who needs it done repeats it.
    /// - Returns: false when a reader still needs the log.
    public func truncateLog(patience: Duration = .milliseconds(200)) throws(DatabaseError) -> Bool {
        let before = try pragma("PRAGMA busy_timeout")
        try handle.check(sqlite3_busy_timeout(handle.pointer, Int32(patience / .milliseconds(1))), "busy_timeout")
        let code = sqlite3_wal_checkpoint_v2(handle.pointer, nil, SQLITE_CHECKPOINT_TRUNCATE, nil, nil)
        if case .integer(let milliseconds) = before {
            try handle.check(sqlite3_busy_timeout(handle.pointer, Int32(clamping: milliseconds)), "busy_timeout")
        }
        if code & 0xff == SQLITE_BUSY { return false }
        try handle.check(code, "wal_checkpoint(TRUNCATE)")
        return true
    }

    /// Takes so many bytes of the disk that the file lives on, and gives them back at once: the log may have room for one more
    /// write on a disk that has none.
    /// - Throws: `diskFull`, or `readOnly`.
    public func checkSpace(bytes: Int) throws(DatabaseError) {
        guard let path = sqlite3_db_filename(handle.pointer, "main").map({ String(cString: $0) }), let slash = path.lastIndex(of: "/") else { return }
        // O_TMPFILE, which Glibc's module leaves out: a file without a name, which goes with its descriptor, also after a kill.
        let file = open(String(path[...slash]), 0o20_000_000 | O_DIRECTORY | O_WRONLY | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            switch errno {
            case ENOSPC, EDQUOT: throw .diskFull
            case EROFS: throw .readOnly
            // A file system that knows no files without a name: only the write itself can tell.
            default: return
            }
        }
        defer { close(file) }
        switch posix_fallocate(file, 0, off_t(bytes)) {
        case ENOSPC, EDQUOT, EFBIG: throw .diskFull
        default: return
        }
    }

    /// - Throws: `corrupt` when the file fails SQLite's quick check, which reads all of it.
    public func checkIntegrity() throws(DatabaseError) {
        guard try pragma("PRAGMA quick_check(1)") == .text("ok") else { throw .corrupt(reason: "it fails its integrity check") }
    }

    /// Copies one snapshot of the whole database to a new file, readable by its owner only; it appears under its name when it is complete.
    ///
    /// It reads for as long as it copies, and the log cannot be emptied meanwhile.
    /// - Throws: `cannotOpen` when there is a file already; `diskFull`.
    public func backup(to path: String) throws(DatabaseError) {
        guard path != ":memory:", Glibc.access(path, F_OK) != 0 else { throw .cannotOpen(reason: "there is a file of the backup's name") }
        let partial = path + ".partial"
        unlink(partial)
        try Self.createFile(partial)
        defer { unlink(partial) }
        try copy(to: partial)
        // A link, not a rename: it fails where another file took the name meanwhile.
        guard link(partial, path) == 0 else { throw .cannotOpen(reason: String(cString: strerror(errno))) }
    }

    private func copy(to path: String) throws(DatabaseError) {
        let target = try SQLiteHandle(path: path, mode: .readWrite)
        guard let backup = sqlite3_backup_init(target.pointer, "main", handle.pointer, "main") else {
            throw DatabaseError(code: sqlite3_extended_errcode(target.pointer), statement: "backup")
        }
        // All pages in one step: in several, another connection's write would begin the copy anew.
        let code = sqlite3_backup_step(backup, -1)
        let end = sqlite3_backup_finish(backup)
        guard code == SQLITE_DONE else { throw DatabaseError(code: code, statement: "backup") }
        try target.check(end, "backup")
    }
}
