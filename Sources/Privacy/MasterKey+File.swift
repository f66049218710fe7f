import Glibc
import OpenSSL

extension MasterKey {
    /// 64 hex digits, and the line end of either kind.
    private static let longestFile = 66

    /// Reads the key from a file that nobody else can reach.
    ///
    /// - Parameter path: a file (or a link to one) of 32 bytes, or of 64 hex digits and a newline; owned by the user of
    ///   this process, mode 0600 or narrower.
    public static func load(path: String) throws -> MasterKey {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else {
            throw errno == ENOENT ? MasterKeyError.missing(path: path) : .system(operation: "open", path: path, code: errno)
        }
        defer { close(file) }

        // The open file is asked, not the path: between two looks at a path another file may have come there.
        var facts = stat()
        guard fstat(file, &facts) == 0 else { throw MasterKeyError.system(operation: "examine", path: path, code: errno) }
        guard facts.st_mode & S_IFMT == S_IFREG else { throw MasterKeyError.notAFile(path: path) }
        guard facts.st_uid == geteuid() else { throw MasterKeyError.otherOwner(path: path) }
        let mode = facts.st_mode & 0o7777
        guard mode & ~0o600 == 0 else { throw MasterKeyError.openToOthers(path: path, mode: mode) }
        guard facts.st_size <= longestFile else { throw MasterKeyError.wrongSize(bytes: Int(facts.st_size)) }

        var content = try readAll(file, path: path)
        defer { cleanse(&content) }
        var key = try decode(content)
        defer { cleanse(&key) }
        return try MasterKey(bytes: key)
    }

    /// Makes a new key in a new file of mode 0600, as hex digits, and has it on the disk before this returns.
    ///
    /// An existing file is never touched. What was begun is removed again when a later step fails.
    public static func create(at path: String) throws -> MasterKey {
        var key = try RandomBytes.make(count: byteCount)
        defer { cleanse(&key) }
        var text = Array((Hex.encode(key) + "\n").utf8)
        defer { cleanse(&text) }

        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else {
            throw errno == EEXIST ? MasterKeyError.alreadyThere(path: path) : .system(operation: "create", path: path, code: errno)
        }
        do {
            defer { close(file) }
            // The umask may have taken even the owner's rights.
            guard fchmod(file, 0o600) == 0 else { throw MasterKeyError.system(operation: "protect", path: path, code: errno) }
            try writeAll(text, to: file, path: path)
            guard fsync(file) == 0 else { throw MasterKeyError.system(operation: "save", path: path, code: errno) }
            try saveFolder(of: path)
            return try MasterKey(bytes: key)
        } catch {
            unlink(path)
            throw error
        }
    }

    private static func decode(_ content: [UInt8]) throws(MasterKeyError) -> [UInt8] {
        if content.count == byteCount { return content }
        var digits = content[...]
        if digits.last == 0x0A { digits.removeLast() }
        if digits.last == 0x0D { digits.removeLast() }
        guard digits.count == 2 * byteCount else { throw .wrongSize(bytes: content.count) }
        guard let key = Hex.decode(digits) else { throw .notHex }
        return key
    }

    private static func readAll(_ file: Int32, path: String) throws(MasterKeyError) -> [UInt8] {
        var content = [UInt8](repeating: 0, count: longestFile + 1)
        var filled = 0
        while filled < content.count {
            let count = content.withUnsafeMutableBytes { read(file, $0.baseAddress.map { $0 + filled }, $0.count - filled) }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw .system(operation: "read", path: path, code: errno) }
            if count == 0 { break }
            filled += count
        }
        content.removeSubrange(filled...)
        return content
    }

    private static func writeAll(_ bytes: [UInt8], to file: Int32, path: String) throws(MasterKeyError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { write(file, $0.baseAddress.map { $0 + written }, $0.count - written) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw .system(operation: "write", path: path, code: count < 0 ? errno : EIO) }
            written += count
        }
    }

    /// The name of a new file is in its folder, and only the folder's own sync keeps it through a power loss.
    private static func saveFolder(of path: String) throws(MasterKeyError) {
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw .system(operation: "save", path: path, code: errno) }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw .system(operation: "save", path: path, code: errno) }
    }
}
