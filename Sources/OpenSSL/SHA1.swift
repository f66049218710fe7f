import COpenSSL

/// SHA-1, which the handshake of WebSockets names (RFC 6455, 4.2.2). It keeps no secret and proves nothing else.
public enum SHA1 {
    /// The digest in base64, 28 characters.
    public static func base64(of message: some Sequence<UInt8>) -> String {
        let message = Array(message)
        var digest = [UInt8](repeating: 0, count: Int(SHA_DIGEST_LENGTH))
        guard copenssl_sha1(message, message.count, &digest) == 1 else { fatalError("SHA-1 failed") }
        // 4 characters for every 3 bytes begun, and a zero byte.
        var text = [UInt8](repeating: 0, count: 29)
        let count = EVP_EncodeBlock(&text, digest, Int32(digest.count))
        return String(decoding: text.prefix(Int(count)), as: UTF8.self)
    }
}
