import COpenSSL

/// SHA-256 of what is at hand.
public enum SHA256 {
    public static func digest(of message: some Sequence<UInt8>) -> Digest {
        let bytes = Array(message)
        return Digest(filledBy: { output in
            var written: UInt32 = 0
            // Fails only where OpenSSL has no SHA-256 or no memory; HMACKey says the first as an error when the process starts.
            guard let algorithm = try? Algorithms.shared().sha256,
                bytes.withUnsafeBytes({ EVP_Digest($0.baseAddress, $0.count, output, &written, algorithm, nil) }) == 1,
                written == UInt32(Digest.byteCount)
            else { fatalError("SHA-256 failed") }
        })
    }
}
