import NIOCore

/// Where a server listens.
public struct ListenAddress: Sendable, Equatable {
    /// A name or an address, without brackets.
    public var host: String
    /// 0 takes a free port, which `onRunning` then tells.
    public var port: Int

    public init(host: String = "127.0.0.1", port: Int = 0) {
        self.host = host
        self.port = port
    }
}

/// What a server takes from one client, and how long it waits. Source of the defaults: reference limits of the project's design.
public struct ServerLimits: Sendable, Equatable {
    /// Request line and header fields together, in bytes; beyond it 431.
    public var headBytes = 16 * 1024
    public var headFields = 100
    /// From the first byte of a head (of the connection, for its first one) to its end.
    public var headTime: Duration = .seconds(10)
    /// The longest silence inside a request's body while the responder wants more of it.
    public var bodyIdle: Duration = .seconds(30)
    /// The longest time in which a client takes nothing of an answer.
    public var writeIdle: Duration = .seconds(60)
    /// Between an answer and the next request.
    public var keepAlive: Duration = .seconds(75)
    public var requestsPerConnection = 1_000
    /// More connections wait in the kernel's queue.
    public var connections = 1_024
    /// How much of a body that the responder left unread is read away to keep the connection.
    public var unreadBody = 64 * 1024
    /// How long running answers may go on after a graceful stop began.
    public var stopTime: Duration = .seconds(10)
    /// Threads that read, answer and write, each for its own connections.
    public var eventLoops = System.coreCount

    public init() {}
}
