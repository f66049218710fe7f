import COpenSSL

/// Bytes from the operating system's generator, by OpenSSL's own.
public enum RandomBytes {
    /// - Parameter count: 0 or more.
    public static func make(count: Int) throws(OpenSSLError) -> [UInt8] {
        precondition(count >= 0 && count <= Int(Int32.max), "\(count) random bytes")
        guard count > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: count)
        guard RAND_bytes(&bytes, Int32(count)) == 1 else { throw .operationFailed("random bytes") }
        return bytes
    }
}

/// Whether the two are the same, in a time that depends on their length only.
public func equalInConstantTime(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.count == right.count && (left.isEmpty || CRYPTO_memcmp(left, right, left.count) == 0)
}

/// Writes zeros over the bytes, also where the optimizer would see no use in it. Copies made before are out of its reach.
public func cleanse(_ bytes: inout [UInt8]) {
    bytes.withUnsafeMutableBytes { buffer in
        // No address means no bytes.
        if let start = buffer.baseAddress { OPENSSL_cleanse(start, buffer.count) }
    }
}
