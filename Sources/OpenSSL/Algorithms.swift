import COpenSSL

/// The algorithms of libcrypto's newer interface, fetched once for the process: a fetch costs more than a hash.
///
/// `@unchecked Sendable`: the pointers are written once, before anyone sees the value; a fetched EVP_KDF is
/// immutable and reference-counted atomically (openssl.org, provider(7) and EVP_KDF(3)); they live as long as the process.
struct Algorithms: @unchecked Sendable {
    let hkdf: OpaquePointer

    private static let fetched: Result<Algorithms, OpenSSLError> = {
        guard let hkdf = EVP_KDF_fetch(nil, OSSL_KDF_NAME_HKDF, nil) else { return .failure(.algorithmMissing("HKDF")) }
        return .success(Algorithms(hkdf: hkdf))
    }()

    static func shared() throws(OpenSSLError) -> Algorithms { try fetched.get() }

    /// Calls `body` with the parameter list that says SHA-256, which HKDF asks for.
    static func withDigestName<Value>(_ parameterName: String, _ body: (OSSL_PARAM) -> Value) -> Value {
        // OpenSSL keeps the two addresses only during the call that takes the list, but wants the value mutable.
        var value = Array("SHA256\0".utf8CString)
        return parameterName.withCString { name in
            value.withUnsafeMutableBufferPointer { body(OSSL_PARAM_construct_utf8_string(name, $0.baseAddress, 0)) }
        }
    }
}
