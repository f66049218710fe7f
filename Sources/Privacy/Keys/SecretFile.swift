import Glibc
import OpenSSL

/// A small file that holds secrets: nobody else can reach it, and it is replaced whole.
enum SecretFile {
    /// - Parameter limit: the most bytes that such a file has.
    static func read(_ path: String, atMost limit: Int) throws -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else {
            throw errno == ENOENT ? MasterKeyError.missing(path: path) : .system(operation: "open", path: path, code: errno)
        }
        defer { close(file) }

        // The open file is asked, not the path: between two looks at a path another file may have come there.
        var facts = stat()
        guard fstat(file, &facts) == 0 else { throw MasterKeyError.system(operation: "examine", path: path, code: errno) }
        guard facts.st_mode & S_IFMT == S_IFREG else { throw MasterKeyError.notAFile(path: path) }
        let mode = facts.st_mode & 0o7777
        if !isHandedOver(facts, by: file) {
            guard facts.st_uid == geteuid() else { throw MasterKeyError.otherOwner(path: path) }
            guard mode & ~0o600 == 0 else { throw MasterKeyError.openToOthers(path: path, mode: mode) }
        }
        guard facts.st_size <= limit else { throw MasterKeyError.wrongSize(bytes: Int(facts.st_size)) }
        return try readAll(file, atMost: limit, path: path)
    }

    /// Whether this is a credential that systemd hands to a service by an access list: root's, on a file system that nobody can write.
    /// The list admits the service alone, and its mask stands where the group's rights would.
    private static func isHandedOver(_ facts: stat, by file: Int32) -> Bool {
        var system = statvfs()
        guard facts.st_uid == 0, facts.st_mode & 0o7777 & ~0o440 == 0, fstatvfs(file, &system) == 0 else { return false }
        return system.f_flag & UInt(ST_RDONLY) != 0
    }

    /// Runs `body` while no other process runs one for the same path.
    ///
    /// The lock is a file of its own, `PATH.lock`: the file itself is replaced, and whoever holds a replaced file's lock keeps nobody out.
    static func alone<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
        let lock = path + ".lock"
        let file = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw MasterKeyError.system(operation: "lock", path: lock, code: errno) }
        defer { close(file) }
        while flock(file, LOCK_EX) != 0 {
            guard errno == EINTR else { throw MasterKeyError.system(operation: "lock", path: lock, code: errno) }
        }
        return try body()
    }

    /// The path beside which a file's companions lie: the file's own where it is a link, else the path as it is.
    /// - Throws: where there is not even such a folder.
    static func companion(of path: String) throws -> String {
        if access(path, F_OK) == 0 { return try resolved(path) }
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        guard access(folder, F_OK) == 0 else { throw MasterKeyError.system(operation: "find the folder of", path: path, code: errno) }
        return path
    }

    /// The file itself where the path is a link: the link stays.
    static func resolved(_ path: String) throws -> String {
        guard let real = realpath(path, nil) else {
            throw errno == ENOENT ? MasterKeyError.missing(path: path) : .system(operation: "find", path: path, code: errno)
        }
        defer { free(real) }
        return String(cString: real)
    }

    /// Puts another file in this one's place, if there is one, and overwrites what was in it.
    static func replace(_ path: String, by other: String) throws {
        let former = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
        guard former >= 0 || errno == ENOENT else { throw MasterKeyError.system(operation: "open", path: path, code: errno) }
        defer { if former >= 0 { close(former) } }
        guard rename(other, path) == 0 else { throw MasterKeyError.system(operation: "replace", path: path, code: errno) }
        try saveFolder(of: path)
        guard former >= 0 else { return }
        // The file has no name any more; what it held is gone from its blocks, as far as the file system writes in place.
        var facts = stat()
        guard fstat(former, &facts) == 0 else { throw MasterKeyError.system(operation: "examine", path: path, code: errno) }
        try writeAll([UInt8](repeating: 0, count: Int(facts.st_size)), to: former, path: path)
        guard fsync(former) == 0 else { throw MasterKeyError.system(operation: "save", path: path, code: errno) }
    }

    /// Writes a new file of mode 0600 and has it on the disk before this returns; what was begun is removed when a later step fails.
    static func create(_ bytes: [UInt8], at path: String) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else {
            throw errno == EEXIST ? MasterKeyError.alreadyThere(path: path) : .system(operation: "create", path: path, code: errno)
        }
        do {
            defer { close(file) }
            // The umask may have taken even the owner's rights.
            guard fchmod(file, 0o600) == 0 else { throw MasterKeyError.system(operation: "protect", path: path, code: errno) }
            try writeAll(bytes, to: file, path: path)
            guard fsync(file) == 0 else { throw MasterKeyError.system(operation: "save", path: path, code: errno) }
            try saveFolder(of: path)
        } catch {
            unlink(path)
            throw error
        }
    }

    private static func readAll(_ file: Int32, atMost limit: Int, path: String) throws(MasterKeyError) -> [UInt8] {
        var content: [UInt8] = []
        var part = [UInt8](repeating: 0, count: min(limit + 1, 65_536))
        defer { cleanse(&part) }
        while content.count <= limit {
            let count = Glibc.read(file, &part, min(part.count, limit + 1 - content.count))
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw .system(operation: "read", path: path, code: errno) }
            if count == 0 { break }
            content += part[..<count]
        }
        return content
    }

    static func writeAll(_ bytes: [UInt8], to file: Int32, path: String) throws(MasterKeyError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress.map { $0 + written }, $0.count - written) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw .system(operation: "write", path: path, code: count < 0 ? errno : EIO) }
            written += count
        }
    }

    /// The name of a new file is in its folder, and only the folder's own sync keeps it through a power loss.
    static func saveFolder(of path: String) throws(MasterKeyError) {
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw .system(operation: "save", path: path, code: errno) }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw .system(operation: "save", path: path, code: errno) }
    }
}
