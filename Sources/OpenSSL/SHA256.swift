import COpenSSL

/// SHA-256 of what is at hand.
public enum SHA256 {
    public static func digest(of message: some Sequence<UInt8>) -> Digest {
        let whole: Digest? = message.withContiguousStorageIfAvailable { bytes in digest(ofBytes: UnsafeRawBufferPointer(bytes)) }
        return whole ?? Array(message).withUnsafeBytes { bytes in digest(ofBytes: bytes) }
    }

    public static func digest(ofBytes message: UnsafeRawBufferPointer) -> Digest {
        Digest(filledBy: { output in
            guard copenssl_sha256(message.baseAddress, message.count, output) == 1 else { fatalError("SHA-256 failed") }
        })
    }
}
