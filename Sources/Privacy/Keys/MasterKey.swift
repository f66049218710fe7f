import Glibc
import OpenSSL

/// The one secret of an installation: 32 bytes, from which every key of the privacy core is derived.
///
/// Whoever has it and the database can try account ids until an alias fits, so it lies in a file of its own, outside the
/// data folder and outside the backups of the database.
public final class MasterKey: Sendable {
    public static let byteCount = 32

    /// What a derived key is for. The raw value is part of the derivation: another word, another key.
    public enum Purpose: String, Sendable, CaseIterable {
        case alias = "sheltie/alias"
        case author = "sheltie/author"
        case erasureLedger = "sheltie/erasure-ledger"
        case virtualAccount = "sheltie/virtual-account"
        case authorProof = "sheltie/author-proof"
        case proof = "sheltie/proof"
    }

    /// 16 hex digits that name the key without telling it: the first 8 bytes of HMAC-SHA256(master, "key-id").
    public let keyID: String
    private let derived: [Purpose: HMACKey]

    /// - Parameter bytes: 32 bytes that are not all the same.
    public convenience init(bytes: [UInt8]) throws { try self.init(bytes: bytes, carried: [:]) }

    /// The master itself is not kept: after this only the derived keys exist, inside OpenSSL's contexts.
    /// - Parameter carried: keys that an earlier master was asked for and that stay in use.
    init(bytes: [UInt8], carried: [Purpose: [UInt8]]) throws {
        try Self.check(bytes)
        keyID = try HMACKey(bytes).code(of: "key-id".utf8).hex(firstBytes: 8)
        var derived: [Purpose: HMACKey] = [:]
        for purpose in Purpose.allCases {
            var key = try carried[purpose] ?? Self.derive(purpose, from: bytes)
            defer { cleanse(&key) }
            derived[purpose] = try HMACKey(key)
        }
        self.derived = derived
    }

    static func derive(_ purpose: Purpose, from bytes: [UInt8]) throws(OpenSSLError) -> [UInt8] {
        try HKDF.derive(from: bytes, label: Array(purpose.rawValue.utf8))
    }

    static func check(_ bytes: [UInt8]) throws(MasterKeyError) {
        guard bytes.count == byteCount else { throw .wrongSize(bytes: bytes.count) }
        guard Set(bytes).count > 1 else { throw .allOneByte }
    }

    func key(for purpose: Purpose) -> HMACKey {
        guard let key = derived[purpose] else { preconditionFailure("every purpose is derived in init") }
        return key
    }
}

/// The errors of ``MasterKey``: each says what to do. The path is the operator's own setting and named to them alone.
public enum MasterKeyError: Error, Equatable, CustomStringConvertible {
    case missing(path: String)
    case alreadyThere(path: String)
    case notAFile(path: String)
    case openToOthers(path: String, mode: UInt32)
    case otherOwner(path: String)
    case wrongSize(bytes: Int)
    case notHex
    case allOneByte
    case badLine(number: Int)
    case tooManyKeys
    case system(operation: String, path: String, code: Int32)

    public var description: String {
        switch self {
        case .missing(let path):
            "There is no key file at \(path). Make one with: sheltie key create --key-file \(path)"
        case .alreadyThere(let path):
            "There is a file at \(path) already, and a key is never overwritten. Name another place, or move that file away."
        case .notAFile(let path):
            "\(path) is not a file. Name the key file itself."
        case .openToOthers(let path, let mode):
            "The key file can be reached by others (mode 0\(String(mode, radix: 8))). Make it yours alone: chmod 600 \(path)"
        case .otherOwner(let path):
            "The key file belongs to another user. Run sheltie as its owner, or: chown \"$(id -un)\" \(path)"
        case .wrongSize(let bytes):
            "A key is 32 bytes, or 64 hex digits and a newline; this one has \(bytes) bytes. Restore the right file, or make a new key with: sheltie key create"
        case .notHex:
            "The key has the length of 64 hex digits but holds something else. Restore the right file, or make a new key with: sheltie key create"
        case .allOneByte:
            "The key repeats one byte, which anybody can guess. Make a real one with: sheltie key create"
        case .badLine(let number):
            "Line \(number) of the key file is not what sheltie key rotate writes there. Restore the right file."
        case .tooManyKeys:
            "The key file holds \(KeyRing.mostAccepted) older keys already. Wait until the oldest has ended (sheltie key status), or end them all with: sheltie key rotate --emergency"
        case .system(let operation, let path, let code):
            "Could not \(operation) the key file at \(path): \(String(cString: strerror(code)))."
        }
    }
}
