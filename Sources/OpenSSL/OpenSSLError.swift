/// What libcrypto refused. The texts name an operation, never a key or an input.
public enum OpenSSLError: Error, Equatable, CustomStringConvertible {
    /// The library has no such algorithm: a build or a configuration of OpenSSL without it.
    case algorithmMissing(String)
    /// An operation failed that only fails when the library is broken or memory has run out.
    case operationFailed(String)
    /// HMAC keys and HKDF input need at least one byte.
    case emptyKey
    /// HKDF-SHA256 gives 1 to 8,160 bytes (RFC 5869, 2.3).
    case lengthOutOfRange(Int)

    public var description: String {
        switch self {
        case .algorithmMissing(let name): "OpenSSL on this machine has no \(name)."
        case .operationFailed(let name): "OpenSSL could not do \(name)."
        case .emptyKey: "A key of no bytes was given to OpenSSL."
        case .lengthOutOfRange(let count): "OpenSSL was asked for \(count) derived bytes; it gives 1 to 8160."
        }
    }
}
