/// What a client may reach, and how many connections it may hold.
public struct CurlSettings: Sendable {
    /// Loopback addresses may be reached, and by http too; for tests and demos.
    public var allowedLoopback: Bool
    /// Networks that may be reached although they are not globally routable; by https only.
    public var allowedAddresses: [AddressRange]
    /// Connections to one host at the same time, 0 for no limit; further requests wait, which their connect limit counts.
    /// A long-lived stream over HTTP/1.1 holds a connection as long as it lives: give streams a client of their own.
    public var connectionsPerHost: Int
    /// Connections kept open for later requests, over all hosts.
    public var idleConnections: Int
    /// A PEM file with the only certificate authorities to trust; nil: the system's.
    public var certificateAuthorities: String?

    public init(
        allowedLoopback: Bool = false, allowedAddresses: [AddressRange] = [], connectionsPerHost: Int = 256,
        idleConnections: Int = 64, certificateAuthorities: String? = nil
    ) {
        self.allowedLoopback = allowedLoopback
        self.allowedAddresses = allowedAddresses
        self.connectionsPerHost = connectionsPerHost
        self.idleConnections = idleConnections
        self.certificateAuthorities = certificateAuthorities
    }
}
