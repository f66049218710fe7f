import Glibc

public import Fediverse

/// That somebody was erased, or lets less be kept than before: what a backup from before must be told.
public struct LedgerEntry: Sendable, Hashable {
    /// 64 hex digits: HMAC of the alias under the ledger's key.
    public var tag: String
    /// The most that may be kept of what is older than this.
    public var level: PrivacyLevel
    public var at: Instant

    public init(tag: String, level: PrivacyLevel, at: Instant) {
        self.tag = tag
        self.level = level
        self.at = at
    }
}

/// The erasure ledger once more, in a file beside the master key: a database that is lost takes its own with it.
public struct LedgerFile: Sendable {
    private let path: String

    /// - Parameter keyFile: the master key's file, or the path that the settings name in its place (`keyRecords`).
    public init(beside keyFile: String) throws {
        path = try SecretFile.companion(of: keyFile) + ".ledger"
    }

    /// Whether entries can be added, now.
    public var isWritable: Bool {
        access(path, W_OK) == 0 || access(path, F_OK) != 0 && access(path.lastIndex(of: "/").map { String(path[...$0]) } ?? ".", W_OK | X_OK) == 0
    }

    /// Adds the entries and has them on the disk before this returns.
    public func append(_ entries: [LedgerEntry]) throws {
        try SecretFile.alone(path) {
            let file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard file >= 0 else { throw MasterKeyError.system(operation: "open", path: path, code: errno) }
            defer { close(file) }
            // A line that an earlier write has torn must not swallow this one.
            try SecretFile.writeAll([UInt8(ascii: "\n")] + Self.text(entries), to: file, path: path)
            guard fsync(file) == 0 else { throw MasterKeyError.system(operation: "save", path: path, code: errno) }
            try SecretFile.saveFolder(of: path)
        }
    }

    /// What can be read; a line that a power loss has torn says nothing.
    public func entries() throws -> [LedgerEntry] {
        // Where nothing can be written nobody else writes either.
        try isWritable ? SecretFile.alone(path) { try read() } : read()
    }

    /// Removes entries from before a moment: no backup is left that needs them.
    public func removeEntries(before: Instant) throws {
        try SecretFile.alone(path) {
            let entries = try read()
            let kept = entries.filter { $0.at >= before }
            guard kept.count < entries.count else { return }
            unlink(path + ".new")
            try SecretFile.create(Self.text(kept), at: path + ".new")
            try SecretFile.replace(path, by: path + ".new")
        }
    }

    private func read() throws -> [LedgerEntry] {
        guard access(path, F_OK) == 0 else { return [] }
        return try SecretFile.read(path, atMost: 1 << 30).split(separator: UInt8(ascii: "\n")).compactMap { line in
            let parts = line.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
            guard parts.count == 3, parts[0].utf8.count == 64, let level = PrivacyLevel(rawValue: parts[1]), let at = Int64(parts[2]) else { return nil }
            return LedgerEntry(tag: parts[0], level: level, at: Instant(microseconds: at))
        }
    }

    private static func text(_ entries: [LedgerEntry]) -> [UInt8] {
        Array(entries.map { "\($0.tag) \($0.level.rawValue) \($0.at.microseconds)\n" }.joined().utf8)
    }
}
