import Glibc
import OpenSSL

public import Fediverse

/// The keys of backups, one for each day, in a file beside the master key.
///
/// A key is destroyed after 30 days, and with it every backup of its day: whoever was erased in the meantime is gone from
/// them, too. A copy of this file that is kept longer keeps the backups readable longer.
public struct BackupKeys: Sendable {
    public static let kept = Instant.Span.days(30)
    /// A line a day: the day, a blank, 64 hex digits.
    private static let longestFile = 8_192

    private let path: String

    /// - Parameter keyFile: the master key's file, or the path that the settings name in its place (`keyRecords`).
    public init(beside keyFile: String) throws {
        path = try SecretFile.companion(of: keyFile) + ".days"
    }

    /// The key of the day of `now`, made where it is missing.
    /// - Returns: the day as `2026-07-01`, and 32 bytes.
    public func key(at now: Instant) throws -> (day: String, key: [UInt8]) {
        try alone {
            var keys = try read()
            let day = Self.day(now)
            if let key = keys.first(where: { $0.day == day })?.key { return (day, key) }
            let key = try RandomBytes.make(count: MasterKey.byteCount)
            keys.append((day, key))
            try write(keys)
            return (day, key)
        }
    }

    /// - Returns: nil when the day's key has been destroyed, or never was here.
    public func key(of day: String, at now: Instant) throws -> [UInt8]? {
        // A reader writes nothing, not even the lock's file: whoever replaces the keys has made it before, and it stays. Where it
        // cannot be written we may only read; keys that go away under that reading are a bad line, never a missing one.
        let keys = try access(path + ".lock", W_OK) == 0 ? alone { try read() } : read()
        return keys.first { $0.day == day && Self.isKept($0.day, at: now) }?.key
    }

    /// Whether the 30 days of a backup's day are over; false for what is no day.
    public static func hasEnded(_ day: String, at now: Instant) -> Bool {
        guard let start = UTCText.read(day), Self.day(start) == day else { return false }
        return !isKept(day, at: now)
    }

    /// Destroys the keys whose 30 days are over.
    /// - Returns: how many.
    @discardableResult
    public func removeEnded(at now: Instant) throws -> Int {
        try alone {
            let keys = try read()
            let kept = keys.filter { Self.isKept($0.day, at: now) }
            if kept.count < keys.count { try write(kept) }
            return keys.count - kept.count
        }
    }

    private static func day(_ now: Instant) -> String { UTCText.write(now.floored(to: .days(1))) }

    private static func isKept(_ day: String, at now: Instant) -> Bool {
        guard let start = UTCText.read(day) else { return false }
        return start + .days(1) + kept > now
    }

    /// One process at a time: a key that another one overwrites would take its backup with it.
    private func alone<Result>(_ body: () throws -> Result) throws -> Result { try SecretFile.alone(path, body) }

    private func read() throws -> [(day: String, key: [UInt8])] {
        guard access(path, F_OK) == 0 else { return [] }
        var content = try SecretFile.read(path, atMost: Self.longestFile)
        defer { cleanse(&content) }
        return try content.split(separator: UInt8(ascii: "\n")).enumerated().map { number, line in
            let parts = line.split(separator: UInt8(ascii: " "))
            guard parts.count == 2, parts[0].count == 10, let key = Hex.decode(parts[1]), key.count == MasterKey.byteCount else {
                throw MasterKeyError.badLine(number: number + 1)
            }
            return (String(decoding: parts[0], as: UTF8.self), key)
        }
    }

    private func write(_ keys: [(day: String, key: [UInt8])]) throws {
        var text = Array(keys.sorted { $0.day < $1.day }.map { "\($0.day) \(Hex.encode($0.key))\n" }.joined().utf8)
        defer { cleanse(&text) }
        let target = path + ".new"
        unlink(target)
        try SecretFile.create(text, at: target)
        try SecretFile.replace(path, by: target)
    }
}
