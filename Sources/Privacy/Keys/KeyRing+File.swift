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
        var content = try SecretFile.read(path, atMost: longestFile)
        defer { cleanse(&content) }
        return try KeyFile(content)
    }

    /// Makes a new key in a new file of mode 0600, as hex digits, and has it on the disk before this returns.
    ///
    /// An existing file is never touched. What was begun is removed again when a later step fails.
    /// - Returns: the key's id.
    public static func create(at path: String) throws -> String {
        var file = KeyFile(active: try RandomBytes.make(count: MasterKey.byteCount))
        defer { file.cleanse() }
        try save(file, at: path)
        return try KeyRing(file).active.keyID
    }

    /// Makes a new active key beside the file, as `PATH.new`: nothing has changed until ``Rotation/commit()``.
    ///
    /// - Parameter emergency: accepts none of the keys that were there, because they are known to others.
    public static func rotate(at path: String, emergency: Bool) throws -> Rotation {
        let path = try SecretFile.resolved(path)
        var old = try secrets(in: path)
        defer { old.cleanse() }
        let before = try KeyRing(old)
        var new = try old.rotated(to: RandomBytes.make(count: MasterKey.byteCount), emergency: emergency)
        defer { new.cleanse() }
        let after = try KeyRing(new)
        // A rotation that was killed left its file behind, and nobody uses that key.
        unlink(path + Rotation.suffix)
        try save(new, at: path + Rotation.suffix)
        return Rotation(path: path, before: before, after: after)
    }

    /// The rotation whose new keys lie beside the file, because it was killed before they took its place; nil for none.
    public static func unfinishedRotation(at path: String) throws -> Rotation? {
        let path = try SecretFile.resolved(path)
        guard access(path + Rotation.suffix, F_OK) == 0 else { return nil }
        return Rotation(path: path, before: try load(path: path), after: try load(path: path + Rotation.suffix))
    }

    /// Removes keys that have ended from the file.
    public static func remove(_ keyIDs: Set<String>, at path: String) throws {
        let path = try SecretFile.resolved(path)
        var file = try secrets(in: path)
        defer { file.cleanse() }
        let count = file.accepting.count
        file.accepting = try file.accepting.filter { !keyIDs.contains(try MasterKey(bytes: $0).keyID) }
        guard file.accepting.count < count else { return }
        unlink(path + Rotation.suffix)
        try save(file, at: path + Rotation.suffix)
        try SecretFile.replace(path, by: path + Rotation.suffix)
    }

    /// New keys that wait beside the file.
    public struct Rotation: Sendable {
        static let suffix = ".new"

        let path: String
        public let before: KeyRing
        public let after: KeyRing

        /// Puts the new keys in the file's place: all of them or none, whenever the process is killed.
        public func commit() throws { try SecretFile.replace(path, by: path + Rotation.suffix) }
    }

    private static func save(_ keys: KeyFile, at path: String) throws {
        var text = keys.text
        defer { cleanse(&text) }
        try SecretFile.create(text, at: path)
    }
}
