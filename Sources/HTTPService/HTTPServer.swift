import HummingbirdCore
import NIOCore
import NIOPosix
public import ServiceLifecycle
public import Telemetry

/// An HTTP/1.1 server that streams both ways with back-pressure and gives the request's target byte for byte.
///
/// A client that goes cancels the task of its responder. A HEAD request gets the head that GET would get; a stream is then not
/// started. What a client breaks (two hosts, two lengths, a target that is no path) is answered here with a JSON error and never
/// reaches `respond`.
public struct HTTPServer: Service {
    private let address: ListenAddress
    private let limits: ServerLimits
    private let logger: Log
    private let onRunning: @Sendable (Int) async -> Void
    private let respond: @Sendable (ServerRequest) async -> ServerResponse

    /// - Parameters:
    ///   - onRunning: called once with the port, when connections are taken.
    ///   - respond: called for each request, on the connection's own task.
    public init(
        address: ListenAddress, limits: ServerLimits = ServerLimits(), logger: Log,
        onRunning: @escaping @Sendable (_ port: Int) async -> Void = { _ in },
        respond: @escaping @Sendable (ServerRequest) async -> ServerResponse
    ) {
        self.address = address
        self.limits = limits
        self.logger = logger
        self.onRunning = onRunning
        self.respond = respond
    }

    /// Serves until a graceful stop or a cancellation. A stop lets running answers end, at most `limits.stopTime`.
    public func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: limits.eventLoops)
        let executors = Dictionary(uniqueKeysWithValues: group.makeIterator().map { (ObjectIdentifier($0), LoopExecutor($0)) })
        let result: Result<Void, any Error>
        do {
            try await serve(on: group, executors)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        for executor in executors.values { await executor.retire() }
        try await group.shutdownGracefully()
        try result.get()
    }

    private func serve(on group: MultiThreadedEventLoopGroup, _ executors: [ObjectIdentifier: LoopExecutor]) async throws {
        let quiet = logger.forLibraries
        let onRunning = onRunning
        let server = Server(
            childChannelSetup: Connections(limits: limits, executors: executors, respond: respond),
            configuration: ServerConfiguration(
                address: .hostname(address.host, port: address.port), backlog: 1_024,
                availableConnectionsDelegate: MaximumAvailableConnections(limits.connections, logger: quiet)),
            onServerRunning: { channel in await onRunning(channel.localAddress?.port ?? 0) },
            eventLoopGroup: group, logger: quiet)

        try await withThrowingTaskGroup(of: Bool.self) { tasks in
            tasks.addTask {
                try await server.run()
                return true
            }
            tasks.addTask {
                // Ends with an error on cancellation, normally on a graceful stop.
                try await gracefulShutdown()
                try await Task.sleep(for: limits.stopTime)
                return true
            }
            _ = try await tasks.next()
            tasks.cancelAll()
        }
    }
}
