import DemoInstance
import Dispatch
import Fediverse
import HTTPService
import HTTPTypes
import LoopbackClient
import Privacy
import Synchronization
import Telemetry

/// A demo instance behind a server of ours that sees every request and may change every answer.
struct WatchedDemo: Sendable {
    struct Answer: Sendable {
        var status = 200
        var headers = ScriptedInstance.json
        var body: [UInt8] = []
    }

    let server: ScriptedServer
    let demo: DemoServer
    private let clock = TestClock()

    init(_ change: @escaping @Sendable (ScriptedRequest, inout Answer) -> Void = { _, _ in }) {
        var settings = DemoSettings()
        settings.requestsPerWindow = 1_000_000
        let clock = clock
        let demo = DemoServer(world: LiveWorld.world, settings: settings, logger: .silent, clock: { clock.now })
        self.demo = demo
        server = ScriptedServer { request, connection in
            var answer = Self.ask(demo, request)
            change(request, &answer)
            connection.answer(answer.status, answer.headers, answer.body)
        }
    }

    /// The proxy before it, with what four pages of the public timeline gave, and a reader at FULL.
    func live(
        _ changes: LiveWorld.Changes = LiveWorld.Changes(), _ body: @escaping @Sendable (LiveWorld, LiveReader) async throws -> Void
    ) async throws {
        let demo = demo
        try await LiveWorld.withUpstream(server.authority, clock: clock, changes) { live in
            try await live.ingest(pages: 4)
            try await body(live, try await live.reader(.full, at: demo))
        }
    }

    private static func ask(_ demo: DemoServer, _ request: ScriptedRequest) -> Answer {
        var fields = HTTPFields()
        for (name, value) in request.headers where name.lowercased() != "host" {
            if let name = HTTPField.Name(name) { fields[name] = value }
        }
        let sent = ServerRequest(
            method: request.method, target: request.target, authority: request["Host"] ?? "", fields: fields, body: .of(request.body))
        let isAnswered = DispatchSemaphore(value: 0)
        let response = Mutex<ServerResponse?>(nil)
        Task {
            let made = await demo.respond(sent)
            response.withLock { $0 = made }
            isAnswered.signal()
        }
        // On the server's own thread, which may wait.
        isAnswered.wait()
        guard let made = response.withLock({ $0 }), case .bytes(let bytes) = made.body else { return Answer(status: 500) }
        let headers = made.fields.filter { $0.name.rawName != "X-RateLimit-Remaining" }.map { ($0.name.rawName, $0.value) }
        return Answer(status: made.status, headers: headers, body: bytes)
    }
}
