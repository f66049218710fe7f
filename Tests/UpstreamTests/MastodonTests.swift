import Curl
import Fediverse
import LoopbackClient
import Synchronization
import Testing
import Upstream

/// Our own calls to an instance that answers as it likes.
struct MastodonTests {
    private static let limits = CurlRequest.Limits(firstByte: .seconds(30), idle: .seconds(30), total: .seconds(60))

    private static func asking(
        _ script: @escaping @Sendable (ScriptedRequest, ScriptedConnection) -> Void, limits: CurlRequest.Limits = limits,
        _ body: (Mastodon, ScriptedServer) async throws -> Void
    ) async throws {
        let server = ScriptedServer(script)
        let client = CurlClient(CurlSettings(allowedLoopback: true))
        defer { client.shutdown() }
        let mastodon = Mastodon(
            instance: Instance(domain: server.authority, base: "http://" + server.authority), client: client, userAgent: "Sheltie/test",
            limits: limits, clock: { Instant(seconds: 1_772_366_400) })
        try await body(mastodon, server)
    }

    private static func status(_ id: String) -> String {
        #"{"id":"\#(id)","uri":"https://s.example/\#(id)","created_at":"2026-03-01T11:00:00.000Z","content":"","visibility":"public","account":{"id":"9","acct":"a","uri":"https://s.example/a"}}"#
    }

    @Test func `statuses are asked for in one question where the instance takes it`() async throws {
        let body = "[" + ["1", "2", "3"].map(Self.status).joined(separator: ",") + "]"
        try await Self.asking({ $1.answer(200, [], body) }) { mastodon, server async throws in
            let shown = try await mastodon.statuses(["1", "2", "3"], authorization: "Bearer t")
            #expect(shown.map(\.status.id) == ["1", "2", "3"])
            #expect(shown.map { String(decoding: $0.bytes, as: UTF8.self) } == ["1", "2", "3"].map(Self.status))
            #expect(server.requests.map(\.target) == ["/api/v1/statuses?id%5B%5D=1&id%5B%5D=2&id%5B%5D=3"])
            #expect(server.requests[0]["Authorization"] == "Bearer t" && mastodon.asksInBatches)
            #expect(mastodon.requestsNeeded(forStatuses: 20) == 1)
        }
    }

    @Test func `where it does not, each is asked for, and never again together`() async throws {
        try await Self.asking({ request, connection in
            let id = request.path.split(separator: "/").last.map(String.init) ?? ""
            id == "statuses" ? connection.answer(404, [], "{}") : id == "2" ? connection.answer(404, [], "{}") : connection.answer(200, [], Self.status(id))
        }) { mastodon, server async throws in
            #expect(mastodon.requestsNeeded(forStatuses: 3) == 4)
            for _ in 0..<2 { #expect(try await Set(mastodon.statuses(["1", "2", "3"], authorization: nil).map(\.status.id)) == ["1", "3"]) }
            #expect(server.requests.count == 7)
            #expect(mastodon.requestsNeeded(forStatuses: 3) == 3)
        }
    }

    @Test(arguments: [401, 429, 500, 503])
    func `a refusal is an error with what it says about waiting`(status: Int) async throws {
        try await Self.asking({ $1.answer(status, [("Retry-After", "9")], "{}") }) { mastodon, _ async throws in
            await #expect(throws: UpstreamError.status(status, retryAfter: .seconds(9))) {
                try await mastodon.verifyCredentials(authorization: "Bearer t")
            }
            await #expect(throws: UpstreamError.status(status, retryAfter: .seconds(9))) { try await mastodon.page("/api/v1/timelines/public") }
            await #expect(throws: UpstreamError.status(status, retryAfter: .seconds(9))) {
                try await mastodon.statuses(["1", "2"], authorization: nil)
            }
        }
    }

    @Test(arguments: ["", "<html>", "[", "null", "{\"id\":", "[1,2"])
    func `an answer that is not what was asked for is an error`(body: String) async throws {
        try await Self.asking({ $1.answer(200, [], body) }) { mastodon, _ async throws in
            await #expect(throws: UpstreamError.notUnderstood) { try await mastodon.verifyCredentials(authorization: "Bearer t") }
            await #expect(throws: UpstreamError.notUnderstood) { try await mastodon.status("1", authorization: nil) }
            await #expect(throws: UpstreamError.notUnderstood) { try await mastodon.relationships(to: ["1"], authorization: "Bearer t") }
        }
    }

    @Test(arguments: [301, 302, 307, 308])
    func `a redirect is an answer, and a token goes nowhere else`(status: Int) async throws {
        let elsewhere = ScriptedServer { $1.answer(200, [], "{}") }
        let location = "http://\(elsewhere.authority)/"
        try await Self.asking({ $1.answer(status, [("Location", location)], "") }) { mastodon, _ async throws in
            await #expect(throws: UpstreamError.status(status, retryAfter: nil)) { try await mastodon.verifyCredentials(authorization: "Bearer t") }
        }
        #expect(elsewhere.requests.isEmpty)
    }

    @Test func `silence, a cut and a flood end as errors in time`() async throws {
        let short = CurlRequest.Limits(firstByte: .milliseconds(500), idle: .milliseconds(500), total: .seconds(20), bodyBytes: 1_000)
        let scripts: [@Sendable (ScriptedRequest, ScriptedConnection) -> Void] = [
            { $1.waitUntilClosed() },
            { $1.write("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n[") ; $1.waitUntilClosed() },
            { $1.write("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n[") ; $1.close() },
            { $1.answer(200, [], String(repeating: " ", count: 5_000)) },
        ]
        for script in scripts {
            try await Self.asking(script, limits: short) { mastodon, _ async throws in
                let error = await #expect(throws: UpstreamError.self) { try await mastodon.page("/api/v1/timelines/public") }
                guard case .transport = error else { return #expect(Bool(false), "\(String(describing: error))") }
            }
        }
    }

    @Test func `a page says what follows it and how much is left`() async throws {
        let link = #"<https://s.example/api/v1/timelines/public?max_id=1>; rel="next""#
        try await Self.asking({ $1.answer(200, [("Link", link), ("X-RateLimit-Remaining", "12")], "[\(Self.status("1")),7]") }) { mastodon, _ async throws in
            let page = try await mastodon.page("/api/v1/timelines/public?limit=40")
            #expect(page.statuses.map(\.id) == ["1"] && page.malformed == 1 && page.rateLimit.remaining == 12)
            #expect(page.next == "https://s.example/api/v1/timelines/public?max_id=1")
        }
    }
}
