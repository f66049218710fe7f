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
/// Who asks, and how often the instance is asked for it.
struct IdentityTests {
    private static let verify = "/api/v1/accounts/verify_credentials"

    /// An instance that counts the questions, and can change its mind about the token.
    private final class Opened: Sendable {
        let verdict = Mutex(200)
        let home = Mutex(200)
        private let held = Mutex<ScriptedServer?>(nil)

        var server: ScriptedServer {
            held.withLock { held in
                if let held { return held }
                let server = ScriptedServer { [unowned self] request, connection in
                    if request.path == IdentityTests.verify {
                        let status = verdict.withLock { $0 }
                        connection.answer(status, ScriptedInstance.json, status == 200 ? ScriptedInstance.account : #"{"error":"no"}"#)
                    } else {
                        connection.answer(home.withLock { $0 }, ScriptedInstance.json, "[]")
                    }
                }
                held = server
                return server
            }
        }

        var questions: Int { server.requests.filter { $0.path == IdentityTests.verify }.count }
    }

    private static func counting(_ body: @escaping @Sendable (LiveReader, Opened) async throws -> Void) async throws {
        let opened = Opened()
        try await LiveWorld.withUpstream(opened.server.authority) { live in try await body(try await live.reader(.limited), opened) }
    }

    private static func home(_ reader: LiveReader) async throws { _ = try await reader.send("GET", "/api/v1/timelines/home") }

    @Test func `a person is remembered for 5 minutes`() async throws {
        try await Self.counting { reader, instance in
            for _ in 0..<3 { try await Self.home(reader) }
            #expect(instance.questions == 1)
            reader.live.clock.pass(.seconds(299))
            try await Self.home(reader)
            #expect(instance.questions == 1)
            reader.live.clock.pass(.seconds(1))
            try await Self.home(reader)
            #expect(instance.questions == 2)
        }
    }

    @Test(arguments: [401, 403, 422])
    func `a refusal is remembered for 30 seconds, and served as nobody`(status: Int) async throws {
        try await Self.counting { reader, instance in
            instance.verdict.withLock { $0 = status }
            for _ in 0..<3 { try await Self.home(reader) }
            #expect(instance.questions == 1)
            reader.live.clock.pass(.seconds(29))
            try await Self.home(reader)
            #expect(instance.questions == 1)
            reader.live.clock.pass(.seconds(1))
            try await Self.home(reader)
            #expect(instance.questions == 2)
            #expect(reader.live.counters.value(of: .pageWithoutRecommendation) == 0, "a page was looked at for nobody")
        }
    }

    @Test func `a wrong token costs one question in 30 seconds however often it is used`() async throws {
        try await Self.counting { reader, instance in
            instance.verdict.withLock { $0 = 401 }
            instance.home.withLock { $0 = 401 }
            for _ in 0..<5 {
                for path in ["/api/v1/timelines/home", "/api/v1/notifications"] {
                    let reply = try await reader.send("GET", path)
                    #expect(reply.status == 401)
                }
            }
            #expect(instance.questions == 1)
        }
    }

    @Test(arguments: [500, 503, 429])
    func `an instance in trouble is not remembered as a refusal`(status: Int) async throws {
        try await Self.counting { reader, instance in
            instance.verdict.withLock { $0 = status }
            try await Self.home(reader)
            instance.verdict.withLock { $0 = 200 }
            try await Self.home(reader)
            try await Self.home(reader)
            #expect(instance.questions == 2)
        }
    }

    @Test(arguments: ["/api/v1/timelines/home", "/api/v1/notifications", "/api/v1/statuses/1/favourite"])
    func `a 401 from the instance on any route asks anew who it is`(path: String) async throws {
        try await Self.counting { reader, instance in
            try await Self.home(reader)
            instance.home.withLock { $0 = 401 }
            let refused = path.hasSuffix("favourite") ? try await reader.form("POST", path) : try await reader.send("GET", path)
            #expect(refused.status == 401)
            instance.home.withLock { $0 = 200 }
            try await Self.home(reader)
            #expect(instance.questions == 2)
        }
    }

    @Test(arguments: ["application/x-www-form-urlencoded", "application/json"])
    func `a token that is revoked through us is forgotten at once`(type: String) async throws {
        try await Self.counting { reader, instance in
            try await Self.home(reader)
            let body = type == "application/json" ? #"{"token":"a-token","client_id":"x"}"# : "client_id=x&token=a-token"
            let reply = try await send(
                "POST", port: reader.live.port, "/oauth/revoke", headers: [("Content-Type", type)], body: Array(body.utf8))
            #expect(reply.status == 200)
            #expect(instance.server.requests.last.map { String(decoding: $0.body, as: UTF8.self) } == body)
            try await Self.home(reader)
            #expect(instance.questions == 2)
        }
    }

    @Test func `many requests at once ask one question`() async throws {
        try await Self.counting { reader, instance in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<12 { group.addTask { try await Self.home(reader) } }
                try await group.waitForAll()
            }
            #expect(instance.questions == 1)
        }
    }

    @Test(arguments: [
        "/api/v1/timelines/home?access_token=secret", "/api/v1/accounts/1?limit=1&access%5Ftoken=secret", "/media/1.png?access_token=",
        "/api/v1/streamingx?access_token=secret",
    ])
    func `a token in an address is refused and goes nowhere`(target: String) async throws {
        try await Self.counting { reader, instance in
            let before = instance.server.requests.count
            let reply = try await send(port: reader.live.port, target)
            #expect(reply.status == 400 && reply.text.hasPrefix(#"{"error":"#) && !reply.text.contains("secret"))
            #expect(instance.server.requests.count == before)
        }
    }

    @Test(arguments: ["/api/v1/streaming?stream=user&access_token=s", "/api/v1/streaming/user?access_token=s"])
    func `on streaming paths it passes, for clients cannot do otherwise`(target: String) async throws {
        try await Self.counting { reader, instance in
            let reply = try await send(port: reader.live.port, target)
            #expect(reply.status == 200)
            #expect(instance.server.requests.last?.target == target)
        }
    }

    @Test(arguments: [
        ("/oauth/authorize?client_id=a&redirect_uri=x%3A%2F%2Fy&scope=read+write&b[]=1", "?client_id=a&redirect_uri=x%3A%2F%2Fy&scope=read+write&b[]=1"),
        ("/oauth/authorize/?client_id=a%20b", "?client_id=a%20b"), ("/oauth/authorize", ""), ("/oauth/authorize?", "?"),
    ])
    func `signing in goes to the instance's own page, with the query byte for byte`(target: String, query: String) async throws {
        try await Self.counting { reader, instance in
            let before = instance.server.requests.count
            let reply = try await send(port: reader.live.port, target)
            #expect(reply.status == 302 && reply["Location"] == "http://\(instance.server.authority)/oauth/authorize" + query)
            #expect(instance.server.requests.count == before)
        }
    }

    @Test(arguments: ["evil.example", "127.0.0.1:1", "home.example.evil.example", "home.example:444"])
    func `with a public address any other host is refused`(host: String) async throws {
        let opened = Opened()
        let changes = LiveWorld.Changes(settings: { $0.publicURL = "https://home.example" })
        try await LiveWorld.withUpstream(opened.server.authority, changes) { live in
            for (asked, status) in [(host, "400"), ("home.example", "200"), ("HOME.example:443", "200")] {
                let socket = try LoopbackSocket(port: live.port, patience: 60)
                try await socket.send("GET /api/v2/instance HTTP/1.1\r\nHost: \(asked)\r\nConnection: close\r\n\r\n")
                #expect(try await socket.receiveAll().hasPrefix("HTTP/1.1 \(status) "), "\(asked)")
            }
            #expect(opened.server.requests.count == 2)
        }
    }
}
