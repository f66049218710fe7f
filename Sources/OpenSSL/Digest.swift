import COpenSSL

/// The 32 bytes of a SHA-256 or an HMAC-SHA256, held without an allocation.
public struct Digest: Sendable {
    public static let byteCount = 32

    // Four words are the storage only; the bytes lie in them as OpenSSL wrote them.
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    /// - Parameter fill: writes all 32 bytes.
    init<Failure: Error>(filledBy fill: (UnsafeMutablePointer<UInt8>) throws(Failure) -> Void) throws(Failure) {
        try withUnsafeMutablePointer(to: &words) { pointer throws(Failure) in
            try pointer.withMemoryRebound(to: UInt8.self, capacity: Self.byteCount, fill)
        }
    }

    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try Swift.withUnsafeBytes(of: words, body)
    }

    public var bytes: [UInt8] { withUnsafeBytes { Array($0) } }

    /// 64 lower-case hex digits.
    public var hex: String { hex(firstBytes: Self.byteCount) }

    /// The first `count` bytes, 1 to 32, as twice as many lower-case hex digits.
    public func hex(firstBytes count: Int) -> String {
        precondition(count > 0 && count <= Self.byteCount, "\(count) of 32 bytes")
        return withUnsafeBytes { Hex.encode(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }
}

extension Digest: Hashable {
    /// Takes the same time wherever the two differ, so that it may compare what a stranger sent with a secret's code.
    public static func == (left: Digest, right: Digest) -> Bool {
        left.withUnsafeBytes { first in right.withUnsafeBytes { CRYPTO_memcmp(first.baseAddress, $0.baseAddress, byteCount) == 0 } }
    }

    /// Any word of it is as good as all four: each bit is as random as the next.
    public func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}
