/// Which addresses a connection may be opened to: globally routable unicast, and what the settings add.
///
/// Asked after the name is resolved, about the very address that the socket will use, so no spelling of a host and no
/// changing DNS answer gets around it. IPv6 is an allow-list: what is not known to be global is refused.
///
/// Source: the IANA special-purpose address registries (RFC 6890 and its updates).
public struct AddressPolicy: Sendable {
    public let allowedLoopback: Bool
    public let allowedAddresses: [AddressRange]

    public init(allowedLoopback: Bool = false, allowedAddresses: [AddressRange] = []) {
        self.allowedLoopback = allowedLoopback
        self.allowedAddresses = allowedAddresses
    }

    public func allows(_ address: IPAddress) -> Bool {
        if address.isLoopback && allowedLoopback { return true }
        return Self.isGlobal(address) || allowedAddresses.contains { $0.contains(address) }
    }

    /// Without TLS only what never leaves the machine.
    public func allowsPlain(_ address: IPAddress) -> Bool {
        allowedLoopback && address.isLoopback
    }

    static func isGlobal(_ address: IPAddress) -> Bool {
        switch address {
        case .v4: !specialV4.contains { $0.contains(address) }
        case .v6: globalV6.contains { $0.contains(address) } && !specialV6.contains { $0.contains(address) }
        }
    }

    private static let specialV4 = ranges([
        "0.0.0.0/8",  // this host
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",  // private
        "100.64.0.0/10",  // carrier's shared space
        "127.0.0.0/8",  // loopback
        "169.254.0.0/16",  // link-local, and the metadata services of clouds
        "192.0.0.0/24",  // protocol assignments
        "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24",  // documentation
        "192.31.196.0/24", "192.175.48.0/24",  // AS112
        "192.52.193.0/24",  // AMT
        "192.88.99.0/24",  // 6to4 relays
        "198.18.0.0/15",  // benchmarks
        "224.0.0.0/4",  // multicast
        "240.0.0.0/4",  // reserved, and the broadcast address
    ])

    private static let globalV6 = ranges(["2000::/3"])

    private static let specialV6 = ranges([
        "2001::/23",  // protocol assignments: Teredo, ORCHID, benchmarks
        "2001:db8::/32", "3fff::/20",  // documentation
        "2002::/16",  // 6to4, which carries any IPv4 address
        "2620:4f:8000::/48",  // AS112
        "3ffe::/16",  // the 6bone, returned
    ])

    private static func ranges(_ texts: [String]) -> [AddressRange] {
        texts.map { text in
            guard let range = AddressRange(text) else { preconditionFailure("not a network: \(text)") }
            return range
        }
    }
}
