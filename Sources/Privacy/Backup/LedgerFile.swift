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

/// That an author asked to be left alone, or took it back: what a backup from before must be told.
public struct AuthorLedgerEntry: Sendable, Hashable {
    /// 64 hex digits (`Pseudonymizer.authorID`).
    public var authorID: String
    /// Where it is asked for, by the instance's domain.
    public var domain: String
    /// The reason's name in the list of authors; letters only.
    public var source: String
    /// False where the reason has ended.
    public var leftAlone: Bool
    public var at: Instant

    public init(authorID: String, domain: String, source: String, leftAlone: Bool, at: Instant) {
        self.authorID = authorID
        self.domain = domain
        self.source = source
        self.leftAlone = leftAlone
        self.at = at
    }
}

/// What a restored backup must be told, once more in a file beside the master key: a database that is lost takes its own with it.
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
    public func append(_ entries: [LedgerEntry]) throws { try append(lines: entries.map(Self.line)) }

    /// Adds the entry and has it on the disk before this returns.
    public func append(_ entry: AuthorLedgerEntry) throws { try append(lines: [Self.line(entry)]) }

    private func append(lines: [String]) throws {
        try SecretFile.alone(path) {
            let file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard file >= 0 else { throw MasterKeyError.system(operation: "open", path: path, code: errno) }
            defer { close(file) }
            // A line that an earlier write has torn must not swallow this one.
            try SecretFile.writeAll([UInt8(ascii: "\n")] + Self.text(lines), to: file, path: path)
            guard fsync(file) == 0 else { throw MasterKeyError.system(operation: "save", path: path, code: errno) }
            try SecretFile.saveFolder(of: path)
        }
    }

    /// What can be read; a line that a power loss has torn says nothing.
    public func entries() throws -> [LedgerEntry] { try lines().compactMap(Self.entry) }

    /// The same of authors, in the order in which they were added.
    public func authorEntries() throws -> [AuthorLedgerEntry] { try lines().compactMap(Self.authorEntry) }

    // Where nothing can be written nobody else writes either.
    private func lines() throws -> [[String]] { try isWritable ? SecretFile.alone(path) { try read() } : read() }

    /// Removes entries from before a moment: no backup is left that needs them.
    public func removeEntries(before: Instant) throws {
        try SecretFile.alone(path) {
            let lines = try read()
            let kept = lines.filter { line in (Self.entry(line)?.at ?? Self.authorEntry(line)?.at).map { $0 >= before } ?? false }
            guard kept.count < lines.count else { return }
            unlink(path + ".new")
            try SecretFile.create(Self.text(kept.map { $0.joined(separator: " ") }), at: path + ".new")
            try SecretFile.replace(path, by: path + ".new")
        }
    }

    private func read() throws -> [[String]] {
        guard access(path, F_OK) == 0 else { return [] }
        return try SecretFile.read(path, atMost: 1 << 30).split(separator: UInt8(ascii: "\n")).map { line in
            line.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
        }
    }

    private static func entry(_ parts: [String]) -> LedgerEntry? {
        guard parts.count == 3, parts[0].utf8.count == 64, let level = PrivacyLevel(rawValue: parts[1]), let at = Int64(parts[2]) else { return nil }
        return LedgerEntry(tag: parts[0], level: level, at: Instant(microseconds: at))
    }

    private static func authorEntry(_ parts: [String]) -> AuthorLedgerEntry? {
        guard parts.count == 6, parts[0] == "author", parts[2].utf8.count == 64, ["alone", "back"].contains(parts[4]), let at = Int64(parts[5])
        else { return nil }
        return AuthorLedgerEntry(
            authorID: parts[2], domain: parts[1], source: parts[3], leftAlone: parts[4] == "alone", at: Instant(microseconds: at))
    }

    private static func line(_ entry: LedgerEntry) -> String { "\(entry.tag) \(entry.level.rawValue) \(entry.at.microseconds)" }

    private static func line(_ entry: AuthorLedgerEntry) -> String {
        "author \(entry.domain) \(entry.authorID) \(entry.source) \(entry.leftAlone ? "alone" : "back") \(entry.at.microseconds)"
    }

    private static func text(_ lines: [String]) -> [UInt8] { Array(lines.map { $0 + "\n" }.joined().utf8) }
}
