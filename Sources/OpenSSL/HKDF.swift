import COpenSSL

/// Keys from a key: HKDF with SHA-256 (RFC 5869, extract and expand).
public enum HKDF {
    /// - Parameters:
    ///   - secret: the input key, 1 byte or more.
    ///   - salt: may be empty, which is 32 zero bytes.
    ///   - label: the `info` of the RFC: what the derived key is for.
    ///   - count: 1 to 8,160 bytes.
    public static func derive(from secret: [UInt8], salt: [UInt8] = [], label: [UInt8], count: Int = 32) throws(OpenSSLError) -> [UInt8] {
        guard !secret.isEmpty else { throw .emptyKey }
        guard (1...255 * Digest.byteCount).contains(count) else { throw .lengthOutOfRange(count) }
        guard let context = EVP_KDF_CTX_new(try Algorithms.shared().hkdf) else { throw .operationFailed("a new HKDF") }
        defer { EVP_KDF_CTX_free(context) }

        // OpenSSL asks for mutable addresses and only reads them.
        var (secret, salt, label) = (secret, salt, label)
        defer { cleanse(&secret) }
        var derived = [UInt8](repeating: 0, count: count)
        let done = Algorithms.withDigestName(OSSL_KDF_PARAM_DIGEST) { digest in
            withOctets(OSSL_KDF_PARAM_KEY, &secret) { key in
                withOctets(OSSL_KDF_PARAM_SALT, &salt) { salt in
                    withOctets(OSSL_KDF_PARAM_INFO, &label) { info in
                        // An octet string of no bytes has no address, which HKDF refuses: an absent one means the same.
                        let list = [digest, key] + [salt, info].filter { $0.data_size > 0 } + [OSSL_PARAM_construct_end()]
                        return EVP_KDF_derive(context, &derived, count, list)
                    }
                }
            }
        }
        guard done == 1 else { throw .operationFailed("an HKDF") }
        return derived
    }

    private static func withOctets<Value>(_ name: String, _ bytes: inout [UInt8], _ body: (OSSL_PARAM) -> Value) -> Value {
        name.withCString { name in
            bytes.withUnsafeMutableBytes { body(OSSL_PARAM_construct_octet_string(name, $0.baseAddress, $0.count)) }
        }
    }
}
