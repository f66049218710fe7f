import DemoInstance
import Fediverse
import Synchronization
import Telemetry

/// An invented instance in this process, on a free port of loopback.
struct Upstream: Sendable {
    let server: DemoServer
    let port: Int
    let world: DemoWorld

    var address: String { "http://127.0.0.1:\(port)" }

    /// Serves for the length of `body`.
    static func serving<Result: Sendable>(
        people: Int = 120, posts: Int = 2_000, days: Int = 3, _ body: @escaping @Sendable (Upstream) async throws -> Result
    ) async throws -> Result {
        let world = DemoWorld(seed: 11, people: people, posts: posts, days: days, now: now())
        var settings = DemoSettings()
        settings.requestsPerWindow = 10_000_000
        settings.grows = false
        let (ports, announce) = AsyncStream<Int>.makeStream()
        let server = DemoServer(
            world: world, settings: settings, logger: .silent, clock: { now() }
        ) { announce.yield($0) }
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                try await server.run()
                return nil
            }
            group.addTask {
                for await port in ports { return try await body(Upstream(server: server, port: port, world: world)) }
                return nil
            }
            defer { group.cancelAll() }
            while let ended = try await group.next() {
                if let result = ended { return result }
            }
            throw Program.Failure(description: "the invented instance has stopped")
        }
    }
}
