import Glibc
import OpenSSL

public import Fediverse

/// A backup at rest: a file sealed piece by piece under its day's key, so that nothing of it is read without that key and no
/// change, cut or swap of pieces goes unseen.
///
/// `SHELTIE-BACKUP-1\n`, the day (10 bytes), the time (8 bytes, microseconds), 16 random bytes; then pieces of at most 1 MiB:
/// 4 bytes of length (the highest bit marks the last piece), the sealed bytes, a tag of 16. A piece's nonce is its number; the
/// header, the number and the mark are associated with it. The key of a file is HKDF of the day's key, its random bytes the salt.
public struct SealedFile: Sendable {
    private static let magic = Array("SHELTIE-BACKUP-1\n".utf8)
    private static let label = Array("sheltie/backup".utf8)
    private static let headerBytes = magic.count + 10 + 8 + 16
    private static let pieceBytes = 1 << 20

    public let day: String
    /// The moment before which everything is in it.
    public let createdAt: Instant
    private let header: [UInt8]

    /// - Throws: `SealedFileError.notABackup` for another kind of file.
    public init(path: String) throws {
        let file = try Source(path)
        header = try file.read(Self.headerBytes)
        guard header.count == Self.headerBytes, header.starts(with: Self.magic) else { throw SealedFileError.notABackup }
        let rest = header.dropFirst(Self.magic.count)
        day = String(decoding: rest.prefix(10), as: UTF8.self)
        createdAt = Instant(microseconds: rest.dropFirst(10).prefix(8).reduce(Int64(0)) { $0 << 8 | Int64($1) })
    }

    /// Seals a file into a new one of mode 0600, which must not be there yet and is whole when this returns.
    public static func seal(_ path: String, to target: String, day: String, key: [UInt8], at now: Instant) throws {
        var header = magic + Array(day.utf8)
        for shift in stride(from: 56, through: 0, by: -8) { header.append(UInt8(truncatingIfNeeded: now.microseconds >> Int64(shift))) }
        header += try RandomBytes.make(count: 16)
        precondition(header.count == headerBytes, "a day of \(day.utf8.count) bytes")
        var own = try HKDF.derive(from: key, salt: Array(header.suffix(16)), label: label)
        defer { cleanse(&own) }
        let source = try Source(path)
        let out = try Target(target)
        do {
            try out.write(header)
            var number: UInt64 = 0
            var piece = try source.read(pieceBytes)
            while true {
                let next = piece.count < pieceBytes ? [] : try source.read(pieceBytes)
                let isLast = next.isEmpty
                let sealed = try AESGCM.seal(piece, key: own, nonce: nonce(number), associated: header + bytes(number) + [isLast ? 1 : 0])
                try out.write(lengthBytes(piece.count, isLast) + sealed)
                cleanse(&piece)
                if isLast { break }
                piece = next
                number += 1
            }
            try out.finish()
        } catch {
            out.remove()
            throw error
        }
    }

    /// Opens the file into a new one of mode 0600.
    /// - Throws: `SealedFileError.damaged` when a byte of it is another, or the key is; then there is no new file.
    public func open(_ path: String, to target: String, key: [UInt8]) throws {
        let out = try Target(target)
        do {
            try open(path, key: key) { try out.write($0) }
            try out.finish()
        } catch {
            out.remove()
            throw error
        }
    }

    /// Opens the file piece by piece, in memory alone.
    /// - Parameter each: the next piece, of at most 1 MiB; what came before an error is not to be used.
    /// - Throws: `SealedFileError.damaged` when a byte of it is another, or the key is.
    public func open(_ path: String, key: [UInt8], _ each: ([UInt8]) throws -> Void) throws {
        var own = try HKDF.derive(from: key, salt: Array(header.suffix(16)), label: Self.label)
        defer { cleanse(&own) }
        let source = try Source(path)
        guard try source.read(Self.headerBytes) == header else { throw SealedFileError.damaged }
        var number: UInt64 = 0
        while true {
            let length = try source.read(4)
            guard length.count == 4 else { throw SealedFileError.damaged }
            let value = length.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            let isLast = value & 0x8000_0000 != 0
            let count = Int(value & 0x7FFF_FFFF)
            guard count <= Self.pieceBytes else { throw SealedFileError.damaged }
            let sealed = try source.read(count + AESGCM.tagBytes)
            let associated = header + Self.bytes(number) + [isLast ? 1 : 0]
            guard var plain = try AESGCM.open(sealed, key: own, nonce: Self.nonce(number), associated: associated), plain.count == count else {
                throw SealedFileError.damaged
            }
            defer { cleanse(&plain) }
            try each(plain)
            if isLast { break }
            number += 1
        }
        guard try source.read(1).isEmpty else { throw SealedFileError.damaged }
    }

    private static func bytes(_ number: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * UInt64($0))) } }
    private static func nonce(_ number: UInt64) -> [UInt8] { [0, 0, 0, 0] + bytes(number) }

    private static func lengthBytes(_ count: Int, _ isLast: Bool) -> [UInt8] {
        let value = UInt32(count) | (isLast ? 0x8000_0000 : 0)
        return (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * UInt32($0))) }
    }
}

/// What is wrong with a backup, in words that say what to do.
public enum SealedFileError: Error, Equatable, CustomStringConvertible {
    case notABackup
    case damaged
    case keyDestroyed(day: String)
    case alreadyThere
    case system(operation: String, code: Int32)

    public var description: String {
        switch self {
        case .notABackup: "this file is no backup that 'sheltie db backup' wrote"
        case .damaged: "the backup is damaged, or another installation's; nothing was restored"
        case .keyDestroyed(let day): "the key of \(day) is not in the file beside the master key: it is destroyed after 30 days, and its backups with it"
        case .alreadyThere: "there is a file of this name already; name another"
        case .system(let operation, let code): "could not \(operation) the backup: \(String(cString: strerror(code)))"
        }
    }
}

private final class Source {
    private let file: Int32

    init(_ path: String) throws(SealedFileError) {
        file = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .system(operation: "read", code: errno) }
    }

    deinit { close(file) }

    /// - Returns: fewer bytes at the end only.
    func read(_ count: Int) throws(SealedFileError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let got = bytes.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress.map { $0 + filled }, count - filled) }
            if got < 0 && errno == EINTR { continue }
            guard got >= 0 else { throw .system(operation: "read", code: errno) }
            if got == 0 { break }
            filled += got
        }
        bytes.removeSubrange(filled...)
        return bytes
    }
}

private final class Target {
    private let path: String
    private let file: Int32

    init(_ path: String) throws(SealedFileError) {
        self.path = path
        file = Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw errno == EEXIST ? .alreadyThere : .system(operation: "create", code: errno) }
    }

    deinit { close(file) }

    func write(_ bytes: [UInt8]) throws(SealedFileError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress.map { $0 + written }, bytes.count - written) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw .system(operation: "write", code: count < 0 ? errno : EIO) }
            written += count
        }
    }

    func finish() throws(SealedFileError) {
        guard fsync(file) == 0 else { throw .system(operation: "save", code: errno) }
    }

    func remove() { unlink(path) }
}
