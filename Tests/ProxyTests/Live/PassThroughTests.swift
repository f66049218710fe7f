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
/// Golden behaviour 3: what is not ours passes, byte for byte.
struct PassThroughTests {
    private static func echoing(_ body: @escaping @Sendable (LiveReader, ScriptedInstance) async throws -> Void) async throws {
        let instance = ScriptedInstance { $1.answer(200, ScriptedInstance.json, "[]") }
        try await instance.live { live in try await body(try await live.reader(.none), instance) }
    }

    @Test(arguments: [
        "/api/v1/accounts/relationships?id[]=1&id[]=2&id%5B%5D=3&with_suspended=true",
        "/api/v1/timelines/tag/caf%C3%A9?any[]=a&any[]=b&limit=1&limit=2",
        "/api/v2/search?q=%E3%81%82+b%20c&&=&x",
        "/@reader%2Ename/%2e%2e/%252F;a=b,c:d@e!$&'()*+",
        "/a//b/./../c/?",
        "/api/v1/accounts/lookup?acct=reader@social.example",
        "/",
    ])
    func `path and query arrive byte for byte`(target: String) async throws {
        try await Self.echoing { reader, instance in
            let reply = try await reader.send("GET", target)
            #expect(reply.status == 200)
            #expect(instance.requests.map(\.target) == [target])
        }
    }

    @Test func `a target with raw bytes beyond ASCII is no request, and goes nowhere`() async throws {
        try await Self.echoing { reader, instance in
            let reply = try await reader.send("GET", "/tags/café?q=日本")
            #expect(reply.status == 400 && reply.text.hasPrefix(#"{"error":"#))
            #expect(instance.requests.isEmpty)
        }
    }

    @Test(arguments: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"])
    func `every method arrives as itself`(method: String) async throws {
        try await Self.echoing { reader, instance in
            let body = ["POST", "PUT", "PATCH", "QUERY"].contains(method) ? Array(#"{"a":1}"#.utf8) : nil
            let reply = try await reader.send(method, "/api/v1/accounts/update_credentials", headers: [("Content-Type", "application/json")], body: body)
            #expect(reply.status == 200)
            #expect(reply.text == (method == "HEAD" ? "" : "[]"))
            #expect(reply["Content-Length"] == "2")
            #expect(instance.requests.map(\.method) == [method])
            #expect(instance.requests.first?.body == body ?? [])
        }
    }

    @Test func `an idempotency key, an agent and unknown headers arrive, a client's way to us does not`() async throws {
        try await Self.echoing { reader, instance in
            _ = try await reader.send(
                "POST", "/api/v1/statuses",
                headers: [
                    ("Idempotency-Key", "k-1"), ("X-Anything", "a"), ("x-anything", "b"), ("Content-Type", "application/json"),
                    ("Cookie", "session=1"), ("X-Forwarded-For", "10.0.0.9"), ("X-Real-IP", "10.0.0.9"), ("Forwarded", "for=10.0.0.9"),
                    ("Keep-Alive", "timeout=5"), ("TE", "trailers"), ("Proxy-Authorization", "Basic eDp5"), ("Upgrade", "h2c"),
                    ("X-Hop", "1"), ("Connection", "X-Hop"),
                ], body: Array(#"{"status":"hello"}"#.utf8))
            let request = try #require(instance.requests.first)
            #expect(request["Idempotency-Key"] == "k-1")
            #expect(request["User-Agent"] == "Mozilla/5.0")
            #expect(request.headers.filter { $0.name.lowercased() == "x-anything" }.map(\.value) == ["a", "b"])
            #expect(request["Authorization"] == "Bearer a-token")
            #expect(request["Host"] == instance.server.authority)
            for name in ["Cookie", "X-Forwarded-For", "X-Real-IP", "Forwarded", "Keep-Alive", "TE", "Proxy-Authorization", "Upgrade", "X-Hop"] {
                #expect(request[name] == nil, "\(name) crossed")
            }
            #expect(!instance.server.requests.contains { $0.headers.contains { $0.value.contains("10.0.0.9") } })
        }
    }

    @Test func `an answer's headers arrive but for cookies and what is each connection's own`() async throws {
        let instance = ScriptedInstance { _, connection in
            connection.answer(
                200,
                [
                    ("Content-Type", "text/plain"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-One", "1"), ("X-One", "2"),
                    ("Connection", "X-Gone"), ("X-Gone", "1"), ("Keep-Alive", "timeout=9"), ("Vary", "Origin"), ("ETag", #""e""#),
                    ("X-RateLimit-Remaining", "5"),
                ], "body")
        }
        try await instance.live { live in
            let reply = try await live.reader(.none).send("GET", "/api/v1/instance")
            #expect(reply.headers.filter { $0.name == "X-One" }.map(\.value) == ["1", "2"])
            #expect(reply["Vary"] == "Origin" && reply["ETag"] == #""e""# && reply["X-RateLimit-Remaining"] == "5")
            for name in ["Set-Cookie", "X-Gone", "Keep-Alive"] { #expect(reply[name] == nil, "\(name) crossed") }
        }
    }

    @Test func `a multipart upload of 12 MB arrives, and 12 MB come back`() async throws {
        let instance = ScriptedInstance { request, connection in
            connection.answer(200, [("Content-Type", "application/octet-stream")], request.body)
        }
        try await instance.live { live in
            let body = (0..<12_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
            let type = "multipart/form-data; boundary=xyz"
            let reply = try await live.reader(.full).send("POST", "/api/v2/media", headers: [("Content-Type", type)], body: body)
            #expect(reply.status == 200)
            // Told by the place: twelve million bytes as text take minutes.
            let other = zip(reply.body, body).enumerated().first { $1.0 != $1.1 }?.offset
            #expect(reply.body.count == body.count && other == nil)
            #expect(instance.requests.first?["Content-Type"] == type)
            #expect(instance.requests.first?["Content-Length"] == "12000000")
        }
    }

    @Test func `a chunked body arrives whole`() async throws {
        try await Self.echoing { reader, instance in
            let socket = try LoopbackSocket(port: reader.live.port, patience: 60)
            try await socket.send(
                "POST /api/v1/media HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")
            #expect(try await socket.receiveAll().hasPrefix("HTTP/1.1 200"))
            #expect(instance.requests.first.map { String(decoding: $0.body, as: UTF8.self) } == "hello world")
        }
    }

    @Test(arguments: [301, 302, 303, 307, 308])
    func `a redirect reaches the client and is followed by nobody`(status: Int) async throws {
        let elsewhere = ScriptedServer { $1.answer(200, ScriptedInstance.json, "[]") }
        let location = "http://\(elsewhere.authority)/stolen?x=1"
        let instance = ScriptedInstance { _, connection in connection.answer(status, [("Location", location)], "moved") }
        try await instance.live { live in
            for level in [PrivacyLevel.none, .full] {
                let reader = try await live.reader(level)
                for target in ["/api/v1/timelines/home", "/api/v1/accounts/1", "/media/1.png", "/api/v1/statuses/1"] {
                    let reply = try await reader.send("GET", target)
                    #expect(reply.status == status && reply["Location"] == location && reply.text == "moved")
                }
                let act = try await reader.form("POST", "/api/v1/statuses/1/favourite")
                #expect(act.status == status && act["Location"] == location)
            }
        }
        #expect(elsewhere.requests.isEmpty, "a request, perhaps with a token, went to another host")
    }

    @Test(arguments: [204, 304, 404, 418, 451, 503])
    func `a status without meaning for us is passed on`(status: Int) async throws {
        let instance = ScriptedInstance { _, connection in
            if status == 204 || status == 304 {
                connection.write("HTTP/1.1 \(status) X\r\nETag: \"e\"\r\nRetry-After: 9\r\n\r\n")
            } else {
                connection.answer(status, [("Content-Type", "text/html"), ("Retry-After", "9")], "<h1>X</h1>")
            }
        }
        try await instance.live { live in
            let reply = try await live.reader(.full).send("GET", "/api/v1/trends/tags")
            #expect(reply.status == status && reply["Retry-After"] == "9")
            #expect(reply.text == (status == 204 || status == 304 ? "" : "<h1>X</h1>"))
        }
    }

    @Test func `Link names the proxy, and nothing but the host is changed`() async throws {
        let authority = Mutex("")
        let instance = ScriptedInstance { _, connection in
            let host = authority.withLock { $0 }
            let link = #"<http://\#(host)/api/v1/x?max_id=1&a[]=2>; rel="next", <https://other.example/y>; rel="prev""#
            connection.answer(200, ScriptedInstance.json + [("Link", link)], "[]")
        }
        authority.withLock { $0 = instance.server.authority }
        try await instance.live { live in
            let reply = try await live.reader(.none).send("GET", "/api/v1/favourites")
            let expected = #"<http://127.0.0.1:\#(live.port)/api/v1/x?max_id=1&a[]=2>; rel="next", <https://other.example/y>; rel="prev""#
            #expect(reply["Link"] == expected)
        }
    }

    @Test func `our own parameters of home stay here, with every other byte as it was`() async throws {
        try await Self.echoing { reader, instance in
            for (sent, expected) in [
                ("?inject=false&limit=20", "?limit=20"), ("?limit=20&strategy=corgi-v1&a%5B%5D=%20+", "?limit=20&a%5B%5D=%20+"),
                ("?strategy=x", ""), ("?injected=1&x=inject=false", "?injected=1&x=inject=false"),
            ] {
                _ = try await reader.send("GET", "/api/v1/timelines/home" + sent)
                #expect(instance.requests.last?.target == "/api/v1/timelines/home" + expected)
            }
        }
    }
}
