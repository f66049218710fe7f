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

    @Test(arguments: [true, false])
    func `the token carries at most 20 requests of ours in 5 minutes`(batches: Bool) async throws {
        let changes = LiveWorld.Changes(settings: { $0.budget = 20 })
        let demo = WatchedDemo { request, answer in
            if !batches, request.path == "/api/v1/statuses" { answer = WatchedDemo.Answer(status: 404, body: Array("{}".utf8)) }
        }
        try await demo.live(changes) { live, reader in
            let before = Self.ours(demo.server.requests)
            var target = "/api/v1/timelines/home?limit=20"
            var edited = 0
            for _ in 0..<25 {
                let page = try LivePage(try await reader.send("GET", target))
                edited += page.wrappers.isEmpty ? 0 : 1
                target = page.link("next") ?? target
            }
            let spent = Self.ours(demo.server.requests) - before
            #expect(spent <= 20, "\(spent) requests")
            #expect(spent > 5 && edited > 0)
            live.clock.pass(.minutes(6))
            let later = try await reader.home("limit=20")
            #expect(!later.wrappers.isEmpty || !batches)
        }
    }

    @Test func `nothing is asked while fewer than 60 requests are left to the person`() async throws {
        let left = Mutex<String?>(nil)
        let demo = WatchedDemo { _, answer in
            if let remaining = left.withLock({ $0 }) { answer.headers.append(("X-RateLimit-Remaining", remaining)) }
        }
        try await demo.live { live, reader in
            left.withLock { $0 = "59" }
            // The first answer tells how little is left.
            _ = try await reader.send("GET", "/api/v1/notifications")
            let before = Self.ours(demo.server.requests.filter { $0.path != "/api/v1/accounts/verify_credentials" })
            for _ in 0..<3 {
                let page = try await reader.home()
                #expect(page.wrappers.isEmpty)
            }
            #expect(Self.ours(demo.server.requests.filter { $0.path != "/api/v1/accounts/verify_credentials" }) == before)
            left.withLock { $0 = "250" }
            _ = try await reader.send("GET", "/api/v1/notifications")
            #expect(try await !reader.home().wrappers.isEmpty)
        }
    }
}
