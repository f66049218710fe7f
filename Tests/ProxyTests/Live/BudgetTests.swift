import Curl
import DemoInstance
import Dispatch
import Fediverse
import HTTPService
import HTTPTypes
import LoopbackClient
import Privacy
import Proxy
import Recommender
import Store
import Synchronization
import TestSupport
import Testing
import Upstream
import Zlib
/// What our own requests cost a person: at most 20 in 5 minutes, and none when little is left to them.
struct BudgetTests {
    /// Requests of ours, not of the client's, that carry the person's token. Ours say who they are.
    private static func ours(_ requests: [ScriptedRequest]) -> Int { requests.filter { $0["User-Agent"] == "Sheltie/test" }.count }

    /// A demo behind a server that sees every request: the proxy's only upstream.
    private static func watched(
        _ changes: LiveWorld.Changes, batches: Bool, remaining: @escaping @Sendable () -> String?,
        _ body: @escaping @Sendable (LiveWorld, LiveReader, ScriptedServer) async throws -> Void
    ) async throws {
        let clock = TestClock()
        var settings = DemoSettings()
        settings.requestsPerWindow = 1_000_000
        let demo = DemoServer(world: LiveWorld.world, settings: settings, logger: .silent, clock: { clock.now })
        let authority = Mutex("")
        let server = ScriptedServer { request, connection in
            if !batches, request.path == "/api/v1/statuses" { return connection.answer(404, ScriptedInstance.json, "{}") }
            let (status, headers, bytes) = Self.ask(demo, request, authority.withLock { $0 })
            connection.answer(status, headers + (remaining().map { [("X-RateLimit-Remaining", $0)] } ?? []), bytes)
        }
        authority.withLock { $0 = server.authority }
        try await LiveWorld.withUpstream(server.authority, clock: clock, changes) { live in
            try await live.ingest(pages: 4)
            try await body(live, try await live.reader(.full, at: demo), server)
        }
    }

    private static func ask(_ demo: DemoServer, _ request: ScriptedRequest, _ authority: String) -> (Int, [(String, String)], [UInt8]) {
        var fields = HTTPFields()
        for (name, value) in request.headers where name.lowercased() != "host" {
            if let name = HTTPField.Name(name) { fields[name] = value }
        }
        let sent = ServerRequest(
            method: request.method, target: request.target, authority: authority, fields: fields, body: .of(request.body))
        let answered = DispatchSemaphore(value: 0)
        let response = Mutex<ServerResponse?>(nil)
        Task {
            let made = await demo.respond(sent)
            response.withLock { $0 = made }
            answered.signal()
        }
        // On the server's own thread, which may wait.
        answered.wait()
        guard let made = response.withLock({ $0 }), case .bytes(let bytes) = made.body else { return (500, [], []) }
        return (made.status, made.fields.filter { $0.name.rawName != "X-RateLimit-Remaining" }.map { ($0.name.rawName, $0.value) }, bytes)
    }

    @Test(arguments: [true, false])
    func `the token carries at most 20 requests of ours in 5 minutes`(batches: Bool) async throws {
        let changes = LiveWorld.Changes(settings: { $0.budget = 20 })
        try await Self.watched(changes, batches: batches, remaining: { nil }) { live, reader, server in
            let before = Self.ours(server.requests)
            var target = "/api/v1/timelines/home?limit=20"
            var edited = 0
            for _ in 0..<25 {
                let page = try LivePage(try await reader.send("GET", target))
                edited += page.wrappers.isEmpty ? 0 : 1
                target = page.link("next") ?? target
            }
            let spent = Self.ours(server.requests) - before
            #expect(spent <= 20, "\(spent) requests")
            #expect(spent > 5 && edited > 0)
            live.clock.pass(.minutes(6))
            let later = try await reader.home("limit=20")
            #expect(!later.wrappers.isEmpty || !batches)
        }
    }

    @Test func `nothing is asked while fewer than 60 requests are left to the person`() async throws {
        let left = Mutex<String?>(nil)
        try await Self.watched(LiveWorld.Changes(), batches: true, remaining: { left.withLock { $0 } }) { live, reader, server in
            left.withLock { $0 = "59" }
            // The first answer tells how little is left.
            _ = try await reader.send("GET", "/api/v1/notifications")
            let before = Self.ours(server.requests.filter { $0.path != "/api/v1/accounts/verify_credentials" })
            for _ in 0..<3 {
                let page = try await reader.home()
                #expect(page.wrappers.isEmpty)
            }
            #expect(Self.ours(server.requests.filter { $0.path != "/api/v1/accounts/verify_credentials" }) == before)
            left.withLock { $0 = "250" }
            _ = try await reader.send("GET", "/api/v1/notifications")
            #expect(try await !reader.home().wrappers.isEmpty)
        }
    }
}
