import Glibc
import OpenSSL

extension KeyRing {
    private static let longestFile = 4_096

    /// Reads the keys from a file that nobody else can reach.
    ///
    /// - Parameter path: a file (or a link to one) as ``KeyFile`` reads it; owned by the user of this process, mode 0600 or narrower.
    public static func load(path: String) throws -> KeyRing {
        var file = try secrets(in: path)
        defer { file.cleanse() }
        return try KeyRing(file)
    }

    private static func secrets(in path: String) throws -> KeyFile {
        var content = try content(of: path)
        defer { cleanse(&content) }
        return try KeyFile(content)
    }

    private static func content(of path: String) throws -> [UInt8] {
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
        return try readAll(file, path: path)
    }

    /// Makes a new key in a new file of mode 0600, as hex digits, and has it on the disk before this returns.
    ///
    /// An existing file is never touched. What was begun is removed again when a later step fails.
    /// - Returns: the key's id.
    public static func create(at path: String) throws -> String {
        var file = KeyFile(active: try RandomBytes.make(count: MasterKey.byteCount))
        defer { file.cleanse() }
        try save(file, toNew: path)
        return try KeyRing(file).active.keyID
    }

    /// Makes a new active key beside the file, as `PATH.new`: nothing has changed until ``Rotation/commit()``.
    ///
    /// - Parameter emergency: accepts none of the keys that were there, because they are known to others.
    public static func rotate(at path: String, emergency: Bool) throws -> Rotation {
        let path = try resolved(path)
        var old = try secrets(in: path)
        defer { old.cleanse() }
        let before = try KeyRing(old)
        var new = try old.rotated(to: RandomBytes.make(count: MasterKey.byteCount), emergency: emergency)
        defer { new.cleanse() }
        let after = try KeyRing(new)
        // A rotation that was killed left its file behind, and nobody uses that key.
        unlink(path + Rotation.suffix)
        try save(new, toNew: path + Rotation.suffix)
        return Rotation(path: path, before: before, after: after)
    }

    /// The rotation whose new keys lie beside the file, because it was killed before they took its place; nil for none.
    public static func unfinishedRotation(at path: String) throws -> Rotation? {
        let path = try resolved(path)
        guard access(path + Rotation.suffix, F_OK) == 0 else { return nil }
        return Rotation(path: path, before: try load(path: path), after: try load(path: path + Rotation.suffix))
    }

    /// Removes keys that have ended from the file.
    public static func remove(_ keyIDs: Set<String>, at path: String) throws {
        let path = try resolved(path)
        var file = try secrets(in: path)
        defer { file.cleanse() }
        let count = file.accepting.count
        file.accepting = try file.accepting.filter { !keyIDs.contains(try MasterKey(bytes: $0).keyID) }
        guard file.accepting.count < count else { return }
        unlink(path + Rotation.suffix)
        try save(file, toNew: path + Rotation.suffix)
        try replace(path)
    }

    /// New keys that wait beside the file.
    public struct Rotation: Sendable {
        static let suffix = ".new"

        let path: String
        public let before: KeyRing
        public let after: KeyRing

        /// Puts the new keys in the file's place: all of them or none, whenever the process is killed.
        public func commit() throws { try KeyRing.replace(path) }
    }

    /// The file itself where the path is a link: the link stays.
    private static func resolved(_ path: String) throws -> String {
        guard let real = realpath(path, nil) else {
            throw errno == ENOENT ? MasterKeyError.missing(path: path) : .system(operation: "find", path: path, code: errno)
        }
        defer { free(real) }
        return String(cString: real)
    }

    fileprivate static func replace(_ path: String) throws {
        let former = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
        guard former >= 0 else { throw MasterKeyError.system(operation: "open", path: path, code: errno) }
        defer { close(former) }
        guard rename(path + Rotation.suffix, path) == 0 else { throw MasterKeyError.system(operation: "replace", path: path, code: errno) }
        try saveFolder(of: path)
        // The file has no name any more; what it held is gone from its blocks, as far as the file system writes in place.
        var facts = stat()
        guard fstat(former, &facts) == 0 else { throw MasterKeyError.system(operation: "examine", path: path, code: errno) }
        try writeAll([UInt8](repeating: 0, count: Int(facts.st_size)), to: former, path: path)
        guard fsync(former) == 0 else { throw MasterKeyError.system(operation: "save", path: path, code: errno) }
    }

    private static func save(_ keys: KeyFile, toNew path: String) throws {
        var text = keys.text
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
        } catch {
            unlink(path)
            throw error
        }
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
