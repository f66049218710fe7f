internal import Glibc

/// An address as the socket will use it, in host byte order.
public enum IPAddress: Sendable, Equatable {
    case v4(UInt32)
    case v6(UInt128)

    /// The usual spellings only: four decimal numbers, or RFC 4291 text without a zone.
    public init?(_ text: String) {
        var v4 = in_addr()
        var v6 = in6_addr()
        if inet_pton(AF_INET, text, &v4) == 1 {
            self = .v4(UInt32(bigEndian: v4.s_addr))
        } else if inet_pton(AF_INET6, text, &v6) == 1 {
            self = .v6(Self.number(v6))
        } else {
            return nil
        }
    }

    /// - Parameters:
    ///   - address: `length` readable bytes.
    /// - Returns: nil for a family that is neither IPv4 nor IPv6, or too few bytes.
    init?(_ address: UnsafePointer<sockaddr>, length: Int) {
        let bytes = UnsafeRawPointer(address)
        switch Int32(address.pointee.sa_family) {
        case AF_INET where length >= MemoryLayout<sockaddr_in>.size:
            self = .v4(UInt32(bigEndian: bytes.loadUnaligned(as: sockaddr_in.self).sin_addr.s_addr))
        case AF_INET6 where length >= MemoryLayout<sockaddr_in6>.size:
            self = .v6(Self.number(bytes.loadUnaligned(as: sockaddr_in6.self).sin6_addr))
        default:
            return nil
        }
    }

    private static func number(_ address: in6_addr) -> UInt128 {
        withUnsafeBytes(of: address) { bytes in bytes.reduce(UInt128(0)) { $0 << 8 | UInt128($1) } }
    }

    /// 127.0.0.0/8 or ::1. An IPv4-mapped one is not: no resolver has a reason to answer with it.
    public var isLoopback: Bool {
        switch self {
        case .v4(let number): number >> 24 == 127
        case .v6(let number): number == 1
        }
    }
}

/// A network in CIDR notation: `192.168.0.0/16`, `2001:db8::/32`; an address alone is a network of one.
public struct AddressRange: Sendable, Equatable {
    private let base: IPAddress
    private let prefix: Int

    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = IPAddress(String(parts[0])) else { return nil }
        let width =
            switch address {
            case .v4: 32
            case .v6: 128
            }
        var prefix = width
        if parts.count == 2 {
            guard parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(parts[1]), number <= width else { return nil }
            prefix = number
        }
        base = address
        self.prefix = prefix
    }

    public func contains(_ address: IPAddress) -> Bool {
        switch (base, address) {
        // A shift by the whole width gives 0, so /0 holds everything of its family.
        case (.v4(let a), .v4(let b)): (a ^ b) >> (32 - prefix) == 0
        case (.v6(let a), .v6(let b)): (a ^ b) >> (128 - prefix) == 0
        default: false
        }
    }
}
