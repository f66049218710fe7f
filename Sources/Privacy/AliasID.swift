import OpenSSL

/// A person, as everything at rest knows them: the HMAC of their account, as 64 hex digits.
public struct AliasID: Sendable, Hashable {
    public let hex: String

    /// - Returns: nil unless `hex` is 64 lower-case hex digits.
    public init?(hex: String) {
        guard hex.utf8.count == 64, hex.utf8.allSatisfy({ ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x61 && $0 <= 0x66) }) else { return nil }
        self.hex = hex
    }

    init(_ code: Digest) { hex = code.hex }
}

/// The surrogates: dense, never reused, meaningless outside the database.
public struct TenantKey: Sendable, Hashable { public let value: Int64; public init(_ value: Int64) { self.value = value } }
public struct AliasKey: Sendable, Hashable { public let value: Int64; public init(_ value: Int64) { self.value = value } }
public struct PostKey: Sendable, Hashable, Comparable {
    public let value: Int64
    public init(_ value: Int64) { self.value = value }
    public static func < (left: PostKey, right: PostKey) -> Bool { left.value < right.value }
}
public struct AuthorKey: Sendable, Hashable { public let value: Int64; public init(_ value: Int64) { self.value = value } }
