import COpenSSL

/// A key for HMAC-SHA256 whose two hash states are kept, so that a code of a short message costs two blocks of hashing.
///
/// Any number of threads may use it at once: each copies the states, and nothing is shared but what is only read. Keying anew
/// for each code costs five times as much; OpenSSL's own kept context, which cannot be shared, half as much again.
public final class HMACKey: @unchecked Sendable {
    // Unchecked: written in init, only read until deinit. Allocated, so that deinit can wipe it where it stands.
    private let states: UnsafeMutablePointer<copenssl_hmac_key>

    /// - Parameter key: 1 byte or more; longer than 64 are hashed first, as RFC 2104 says.
    public init(_ key: some Sequence<UInt8>) throws(OpenSSLError) {
        var bytes = Array(key)
        defer { cleanse(&bytes) }
        guard !bytes.isEmpty else { throw .emptyKey }
        if bytes.count > Int(SHA256_CBLOCK) {
            let short = SHA256.digest(of: bytes).bytes
            cleanse(&bytes)
            bytes = short
        }
        states = .allocate(capacity: 1)
        guard copenssl_hmac_key_init(states, bytes, bytes.count) == 1 else {
            states.deallocate()
            throw .operationFailed("keying an HMAC")
        }
    }

    deinit {
        OPENSSL_cleanse(states, MemoryLayout<copenssl_hmac_key>.size)
        states.deallocate()
    }

    /// The code of one message.
    public func code(of message: some Sequence<UInt8>) -> Digest {
        let whole: Digest? = message.withContiguousStorageIfAvailable { bytes in code(ofBytes: UnsafeRawBufferPointer(bytes)) }
        return whole ?? Array(message).withUnsafeBytes { bytes in code(ofBytes: bytes) }
    }

    public func code(ofBytes message: UnsafeRawBufferPointer) -> Digest {
        Digest(filledBy: { output in
            // SHA-256 in memory has no way to fail but a broken library; then it is better to stop than to give a wrong alias.
            guard copenssl_hmac_code(states, message.baseAddress, message.count, output) == 1 else { fatalError("HMAC-SHA256 failed") }
        })
    }
}
