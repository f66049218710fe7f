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
/// An instance that refuses, hangs, lies or floods: the client has its answer or a clear error, never an invented timeline.
struct TroubledInstanceTests {
    enum Trouble: String, Sendable, CaseIterable {
        case refusesConnections, resets, hangsBeforeHead, hangsInHead, hangsInBody, drips, truncates, contradictsItself, floodsTheHead
    }

    private static func changes() -> LiveWorld.Changes {
        LiveWorld.Changes(settings: {
            $0.passThroughLimits = CurlRequest.Limits(firstByte: .milliseconds(700), idle: .milliseconds(700), total: nil, bodyBytes: nil)
        })
    }

    private static func play(_ trouble: Trouble, _ connection: ScriptedConnection) {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        switch trouble {
        case .refusesConnections: break
        case .resets: connection.close()
        case .hangsBeforeHead: connection.waitUntilClosed()
        case .hangsInHead:
            connection.write("HTTP/1.1 200 OK\r\nContent-Ty")
            connection.waitUntilClosed()
        case .hangsInBody:
            connection.write(head + "Content-Length: 100\r\n\r\n[{\"id\":\"1\"")
            connection.waitUntilClosed()
        case .drips:
            connection.write("HTTP/1.1 200 OK\r\n")
            connection.drip(Array(repeating: UInt8(ascii: "X"), count: 600), pause: 100, limit: 600)
            connection.close()
        case .truncates:
            connection.write(head + "Content-Length: 100\r\n\r\n[{\"id\":\"1\"")
            connection.close()
        case .contradictsItself:
            connection.write(head + "Content-Length: 5\r\nContent-Length: 9\r\n\r\n[    ]   ")
            connection.close()
        case .floodsTheHead:
            connection.write(head + String(repeating: "X-Flood: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", count: 5_000) + "\r\n[]")
            connection.close()
        }
    }

    @Test(arguments: Trouble.allCases)
    func `home of an edited reader is a clear error`(trouble: Trouble) async throws {
        let instance = ScriptedInstance { Self.play(trouble, $1) }
        let authority = trouble == .refusesConnections ? "127.0.0.1:1" : instance.server.authority
        try await LiveWorld.withUpstream(authority, Self.changes()) { live in
            let reader = try await live.reader(.full)
            let reply = try await reader.send("GET", "/api/v1/timelines/home")
            #expect([502, 504].contains(reply.status), "answered \(reply.status)")
            #expect(reply.text.hasPrefix(#"{"error":""#))
            #expect(reply["Access-Control-Allow-Origin"] == "*")
            if [.hangsBeforeHead, .hangsInHead, .hangsInBody].contains(trouble) { #expect(reply.status == 504) }
            #expect(!reply.text.contains("127.0.0.1") && !reply.text.contains("a-token"))
            #expect(try await reader.history().placements.isEmpty)
        }
    }

    @Test(arguments: [Trouble.hangsInBody, .truncates])
    func `a streamed answer that breaks off breaks off at the client too`(trouble: Trouble) async throws {
        let instance = ScriptedInstance { Self.play(trouble, $1) }
        try await LiveWorld.withUpstream(instance.server.authority, Self.changes()) { live in
            let reply = try await live.reader(.none).send("GET", "/api/v1/timelines/home")
            #expect(reply.status == 200 && reply["Content-Length"] == "100")
            #expect(reply.text == #"[{"id":"1""#, "the client has what came, and sees that it is short")
        }
    }

    @Test func `an HTML page under 200 is passed on as it is`() async throws {
        let instance = ScriptedInstance { _, connection in connection.answer(200, [("Content-Type", "text/html")], "<h1>Back soon</h1>") }
        try await instance.live { live in
            let reply = try await live.reader(.full).send("GET", "/api/v1/timelines/home")
            #expect(reply.status == 200 && reply.text == "<h1>Back soon</h1>" && reply["Content-Type"] == "text/html")
            #expect(live.counters.value(of: .pageUntouchedByFailure) == 1)
        }
    }

    @Test(arguments: ["", "null", "{}", "[", "[{}]", #"[{"id":1e400}]"#, #"[{"id":"\ud800"}]"#, "[NaN]", "\u{FEFF}[]", "nothing", #"{"error":"x"}"#])
    func `a body that is no page is passed on as it is`(body: String) async throws {
        let instance = ScriptedInstance { _, connection in connection.answer(200, ScriptedInstance.json, body) }
        try await instance.live { live in
            let reader = try await live.reader(.full)
            let reply = try await reader.send("GET", "/api/v1/timelines/home")
            #expect(reply.status == 200 && reply.text == body)
            #expect(try await reader.history().placements.isEmpty)
        }
    }

    @Test(arguments: ["gzip", "x-gzip", "br", "deflate", "gzip, gzip"])
    func `an encoded page that is not edited keeps its bytes and its encoding`(encoding: String) async throws {
        let bytes = gzip(Array("[]".utf8))
        let instance = ScriptedInstance { _, connection in
            connection.answer(200, ScriptedInstance.json + [("Content-Encoding", encoding), ("ETag", "\"e\"")], bytes)
        }
        try await instance.live { live in
            let reply = try await live.reader(.full).send("GET", "/api/v1/timelines/home", headers: [("Accept-Encoding", "gzip, br")])
            #expect(reply.body == bytes && reply["Content-Encoding"] == encoding && reply["ETag"] == "\"e\"")
            #expect(instance.requests.last?["Accept-Encoding"] == "gzip")
        }
        try await instance.live { live in
            _ = try await live.reader(.none).send("GET", "/api/v1/timelines/home", headers: [("Accept-Encoding", "gzip, br")])
            #expect(instance.requests.last?["Accept-Encoding"] == "gzip, br", "cut for nobody whose page is not edited")
        }
    }

    @Test func `a page that is larger than we edit is passed on whole`() async throws {
        let page = Array("[".utf8) + [UInt8](repeating: UInt8(ascii: " "), count: 9 << 20) + Array("]".utf8)
        let instance = ScriptedInstance { _, connection in connection.answer(200, ScriptedInstance.json, page) }
        try await instance.live { live in
            let reply = try await live.reader(.full).send("GET", "/api/v1/timelines/home")
            #expect(reply.status == 200)
            #expect(reply.body == page, "other bytes")
        }
    }
}
