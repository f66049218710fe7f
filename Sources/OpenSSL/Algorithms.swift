import COpenSSL

/// The algorithms, fetched once for the process: a fetch costs more than a hash (measured: 5 times an HMAC of 32 bytes).
///
/// `@unchecked Sendable`: the pointers are written once, before anyone sees the value; a fetched EVP_MAC, EVP_KDF or EVP_MD
/// is immutable and reference-counted atomically (openssl.org, provider(7) and EVP_MAC(3)); they live as long as the process.
struct Algorithms: @unchecked Sendable {
    let hmac: OpaquePointer
    let hkdf: OpaquePointer
    let sha256: OpaquePointer

    private static let fetched: Result<Algorithms, OpenSSLError> = {
        guard let hmac = EVP_MAC_fetch(nil, OSSL_MAC_NAME_HMAC, nil) else { return .failure(.algorithmMissing("HMAC")) }
        guard let hkdf = EVP_KDF_fetch(nil, OSSL_KDF_NAME_HKDF, nil) else { return .failure(.algorithmMissing("HKDF")) }
        guard let sha256 = EVP_MD_fetch(nil, "SHA256", nil) else { return .failure(.algorithmMissing("SHA-256")) }
        return .success(Algorithms(hmac: hmac, hkdf: hkdf, sha256: sha256))
    }()

    static func shared() throws(OpenSSLError) -> Algorithms { try fetched.get() }

    /// Calls `body` with the parameter list that says SHA-256, which HMAC and HKDF both ask for.
    static func withDigestName<Value>(_ parameterName: String, _ body: (OSSL_PARAM) -> Value) -> Value {
        // OpenSSL keeps the two addresses only during the call that takes the list, but wants the value mutable.
        var value = Array("SHA256\0".utf8CString)
        return parameterName.withCString { name in
            value.withUnsafeMutableBufferPointer { body(OSSL_PARAM_construct_utf8_string(name, $0.baseAddress, 0)) }
        }
    }
}
