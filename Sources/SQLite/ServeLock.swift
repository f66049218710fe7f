public import Database
import Glibc

/// One process may serve a database file: a lock on `<path>.lock`, given back at the latest when the process ends.
///
/// The lock file stays: removing it would let two processes lock two files of the same name.
public final class ServeLock: Sendable {
    private let file: Int32

    /// - Throws: `alreadyServed` when another holder is alive, `cannotCreate` when the lock file cannot be made.
    public init(databasePath: String) throws(DatabaseError) {
        // CLOEXEC: a child process must not hold the lock for us.
        let opened = open(databasePath + ".lock", O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard opened >= 0 else { throw .cannotCreate(reason: String(cString: strerror(errno))) }
        guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            close(opened)
            throw reason == EWOULDBLOCK ? .alreadyServed : .cannotOpen(reason: String(cString: strerror(reason)))
        }
        file = opened
    }

    deinit { close(file) }
}
