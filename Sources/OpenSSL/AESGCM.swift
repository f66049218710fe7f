import COpenSSL

/// AES-256-GCM (NIST SP 800-38D): hides bytes and finds every change to them.
public enum AESGCM {
    public static let keyBytes = 32
    public static let nonceBytes = 12
    public static let tagBytes = 16

    /// - Parameters:
    ///   - key: 32 bytes.
    ///   - nonce: 12 bytes, never the same twice under one key.
    ///   - associated: bytes that are not hidden and that opening must be given again.
    /// - Returns: as many bytes as `plain`, and a tag of 16.
    public static func seal(_ plain: [UInt8], key: [UInt8], nonce: [UInt8], associated: [UInt8]) throws(OpenSSLError) -> [UInt8] {
        var sealed = [UInt8](repeating: 0, count: plain.count + tagBytes)
        try withContext(key, nonce) { (context) throws(OpenSSLError) in
            var written: Int32 = 0
            let done = EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce) == 1
                && EVP_EncryptUpdate(context, nil, &written, associated, Int32(associated.count)) == 1
                && EVP_EncryptUpdate(context, &sealed, &written, plain, Int32(plain.count)) == 1
            guard done, written == plain.count else { throw .operationFailed("an AES-GCM seal") }
            let ended = sealed.withUnsafeMutableBytes { buffer -> Bool in
                guard let tag = buffer.baseAddress.map({ $0 + plain.count }) else { return false }
                // In this mode the end adds no bytes.
                return EVP_EncryptFinal_ex(context, tag.assumingMemoryBound(to: UInt8.self), &written) == 1 && written == 0
                    && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(tagBytes), tag) == 1
            }
            guard ended else { throw .operationFailed("an AES-GCM seal") }
        }
        return sealed
    }

    /// - Returns: nil when anything was changed: the bytes, the nonce, what is associated, or the key.
    public static func open(_ sealed: [UInt8], key: [UInt8], nonce: [UInt8], associated: [UInt8]) throws(OpenSSLError) -> [UInt8]? {
        guard sealed.count >= tagBytes else { return nil }
        let count = sealed.count - tagBytes
        var plain = [UInt8](repeating: 0, count: count)
        var isWhole = false
        try withContext(key, nonce) { (context) throws(OpenSSLError) in
            var written: Int32 = 0
            var tag = Array(sealed[count...])
            let done = EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce) == 1
                && EVP_DecryptUpdate(context, nil, &written, associated, Int32(associated.count)) == 1
                && EVP_DecryptUpdate(context, &plain, &written, sealed, Int32(count)) == 1
                && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tagBytes), &tag) == 1
            guard done else { throw .operationFailed("an AES-GCM opening") }
            var end = [UInt8](repeating: 0, count: tagBytes)
            isWhole = EVP_DecryptFinal_ex(context, &end, &written) == 1
        }
        if isWhole { return plain }
        cleanse(&plain)
        return nil
    }

    private static func withContext(
        _ key: [UInt8], _ nonce: [UInt8], _ body: (OpaquePointer) throws(OpenSSLError) -> Void
    ) throws(OpenSSLError) {
        precondition(key.count == keyBytes && nonce.count == nonceBytes, "a key of \(key.count) bytes, a nonce of \(nonce.count)")
        guard let context = EVP_CIPHER_CTX_new() else { throw .operationFailed("a new AES-GCM") }
        defer { EVP_CIPHER_CTX_free(context) }
        try body(context)
    }
}
