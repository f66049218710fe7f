import Curl
import Fediverse
import Glibc
import HTTPService
import LoopbackClient
import Privacy
import Proxy
import Synchronization
import TestSupport
import Testing
import Upstream

/// Both kinds of stream over their life: how long they may be silent, how many there may be, and when they are cut.
@Suite(.timeLimit(.minutes(2)))
struct OpenStreamTests {
    enum Kind: CaseIterable { case webSocket, events }

    /// An instance that knows `a-token` until it is revoked, and streams what `talk` says in the form that is asked for.
    final class StreamingInstance: Sendable {
        let isRevoked = Atomic(false)
        let status = Atomic(401)
        let questions = Atomic(0)
        private let held = Mutex<ScriptedServer?>(nil)

        /// `b-token` is another person's.
        private static func account(_ request: ScriptedRequest) -> String {
            let account = ScriptedInstance.account
            return request["Authorization"] == "Bearer b-token" ? account.replacing(#""id":"1""#, with: #""id":"2""#) : account
        }

        func live(
            _ settings: @escaping @Sendable (inout ProxySettings) -> Void = { _ in },
            passing: (@Sendable (StatusStream.Event) async throws -> Void)? = nil,
            _ talk: @escaping @Sendable (_ say: @escaping (String, String) -> Void, ScriptedConnection) -> Void,
            _ body: @escaping @Sendable (LiveWorld) async throws -> Void
        ) async throws {
            let server = ScriptedServer { request, connection in
                if request.path == "/api/v1/accounts/verify_credentials" {
                    self.questions.add(1, ordering: .relaxed)
                    let isRevoked = self.isRevoked.load(ordering: .relaxed)
                    return connection.answer(isRevoked ? self.status.load(ordering: .relaxed) : 200, ScriptedInstance.json, isRevoked ? "{}" : Self.account(request))
                }
                if request.path == "/oauth/revoke" { return connection.answer(200, ScriptedInstance.json, "{}") }
                if let key = request["Sec-WebSocket-Key"] {
                    connection.write(
                        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: \(WebSocket.acceptance(of: key))\r\n\r\n")
                    talk({ name, data in
                        let payload = data.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
                        connection.write(WebSocket.frame(.text, Array(#"{"stream":["user"],"event":"\#(name)","payload":"\#(payload)"}"#.utf8)))
                    }, connection)
                } else {
                    connection.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
                    talk({ connection.write("event: \($0)\ndata: \($1)\n\n") }, connection)
                }
                connection.close()
            }
            held.withLock { $0 = server }
            var changes = LiveWorld.Changes()
            changes.settings = settings
            changes.parts = { $0.passing = passing }
            try await LiveWorld.withUpstream(server.authority, changes, body)
        }
    }

    /// A client's end of either kind.
    struct Client {
        let socket: LoopbackSocket

        init(_ kind: Kind, _ live: LiveWorld, token: String = "a-token") async throws {
            socket = try LoopbackSocket(port: live.port)
            try await socket.send(
                "GET /api/v1/streaming/user HTTP/1.1\r\nHost: 127.0.0.1:\(live.port)\r\nAuthorization: Bearer \(token)\r\n"
                    + (kind == .events
                        ? "\r\n"
                        : "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: \(WebSocketClient.key)\r\n\r\n"))
        }
    }

    @Test(arguments: Kind.allCases) func `each event is here before the next one is sent`(kind: Kind) async throws {
        let heard = Mutex(-1)
        try await StreamingInstance().live(
            { _ in },
            { say, _ in
                for number in 0..<20 {
                    say("update", "number-\(number).")
                    while heard.withLock({ $0 }) < number { pauseThread() }
                }
            }
        ) { live in
            let client = try await Client(kind, live)
            for number in 0..<20 {
                _ = try await client.socket.receive(until: "number-\(number).")
                heard.withLock { $0 = number }
            }
        }
    }

    @Test(arguments: Kind.allCases) func `a stream may be silent for longer than any other answer`(kind: Kind) async throws {
        let isTime = Gate()
        try await StreamingInstance().live(
            { settings in
                settings.passThroughLimits.idle = .milliseconds(200)
                settings.streamIdle = .seconds(60)
            },
            { say, _ in
                say("update", "first.")
                isTime.pass()
                say("update", "second.")
            }
        ) { live in
            let client = try await Client(kind, live)
            _ = try await client.socket.receive(until: "first.")
            try await Task.sleep(for: .milliseconds(1_200))
            isTime.open()
            _ = try await client.socket.receive(until: "second.")
        }
    }

    @Test(arguments: Kind.allCases) func `a stream that is silent beyond its own limit ends`(kind: Kind) async throws {
        try await StreamingInstance().live({ $0.streamIdle = .milliseconds(300) }, { $1.waitUntilClosed() }) { live in
            _ = try await Client(kind, live).socket.receiveAll()
        }
    }

    @Test(arguments: Kind.allCases) func `a revoked token gets nothing more after the interval`(kind: Kind) async throws {
        let instance = StreamingInstance()
        try await instance.live(
            { $0.streamCheckInterval = .milliseconds(200) },
            { say, connection in
                say("update", "first.")
                connection.waitUntilClosed()
            }
        ) { live in
            let (client, second) = (try await Client(kind, live), try await Client(kind, live))
            for one in [client, second] { _ = try await one.socket.receive(until: "first.") }
            let asked = instance.questions.load(ordering: .relaxed)
            while instance.questions.load(ordering: .relaxed) < asked + 3 { try await Task.sleep(for: .milliseconds(10)) }
            // What is no word about the token ends nothing.
            for status in [503, 403, 422, 429] {
                instance.status.store(status, ordering: .relaxed)
                instance.isRevoked.store(true, ordering: .relaxed)
                let before = instance.questions.load(ordering: .relaxed)
                while instance.questions.load(ordering: .relaxed) < before + 2 { try await Task.sleep(for: .milliseconds(10)) }
            }
            #expect(live.openStreams() == 2)
            instance.status.store(401, ordering: .relaxed)
            for one in [client, second] { _ = try await one.socket.receiveAll() }
            while live.openStreams() > 0 { try await Task.sleep(for: .milliseconds(10)) }
        }
    }

    @Test(arguments: Kind.allCases) func `a token that is revoked through us gets nothing more at once`(kind: Kind) async throws {
        try await StreamingInstance().live(
            { _ in },
            { say, connection in
                say("update", "first.")
                connection.waitUntilClosed()
            }
        ) { live in
            let client = try await Client(kind, live)
            _ = try await client.socket.receive(until: "first.")
            let reply = try await LoopbackClient.send(
                "POST", port: live.port, "/oauth/revoke", headers: [("Content-Type", "application/x-www-form-urlencoded")], body: Array("token=a-token".utf8))
            #expect(reply.status == 200)
            _ = try await client.socket.receiveAll()
        }
    }

    @Test func `beyond the limit the answer is 503 until one ends`() async throws {
        try await StreamingInstance().live({ $0.streamLimit = 2 }, { $1.waitUntilClosed() }) { live in
            let target = "/api/v1/streaming?access_token=a-token"
            let first = try await WebSocketClient(port: live.port, target)
            let second = try await WebSocketClient(port: live.port, target)
            #expect(first.answer.status == 101 && second.answer.status == 101 && live.openStreams() == 2)
            let third = try await WebSocketClient(port: live.port, target)
            #expect(third.answer.status == 503 && third.answer["Retry-After"] == "30")
            #expect(third.answer.text.hasPrefix(#"{"error":"#))
            #expect(try await LoopbackClient.send(port: live.port, "/api/v1/streaming/user").status == 503)
            first.close()
            while live.openStreams() > 1 { try await Task.sleep(for: .milliseconds(10)) }
            #expect(try await WebSocketClient(port: live.port, target).answer.status == 101)
            withExtendedLifetime(second) {}
        }
    }

    @Test(arguments: Kind.allCases, [PrivacyLevel.none, .limited, .full])
    func `deletions are noticed for people at a level, and nothing at NONE`(kind: Kind, level: PrivacyLevel) async throws {
        let seen = Mutex<[StatusStream.Event]>([])
        let isTime = Gate()
        let streams = Atomic(0)
        try await StreamingInstance().live(
            passing: { event in seen.withLock { $0.append(event) } },
            { say, connection in
                if streams.add(1, ordering: .relaxed).oldValue > 0 {
                    say("delete", "99")
                    return connection.waitUntilClosed()
                }
                isTime.pass()
                say("update", #"{"id":"7"}"#)
                say("delete", "11")
                say("notification", "{}")
                say("delete", "11")
                say("status.update", "{ is broken")
                say("delete", "12")
                say("update", "last.")
                connection.waitUntilClosed()
            }
        ) { live in
            _ = try await live.reader(level)
            let client = try await Client(kind, live)
            isTime.open()
            _ = try await client.socket.receive(until: "last.")
            let expected: [StatusStream.Event] = level == .none ? [] : [.deleted(id: "11"), .deleted(id: "12")]
            // Behind another person's event, which is acted on after all that came before.
            _ = try await live.reader(.limited, token: "b-token", accountID: "2")
            let behind = try await Client(kind, live, token: "b-token")
            while seen.withLock({ $0.last }) != .deleted(id: "99") { try await Task.sleep(for: .milliseconds(10)) }
            #expect(seen.withLock { $0 } == expected + [.deleted(id: "99")], "each once")
            withExtendedLifetime(behind) {}
        }
    }

    @Test(arguments: Kind.allCases) func `a level that rises and falls while a stream is open counts`(kind: Kind) async throws {
        let seen = Mutex<[StatusStream.Event]>([])
        let said = Atomic(0)
        let instance = StreamingInstance()
        try await instance.live(
            { $0.streamCheckInterval = .seconds(1) }, passing: { event in seen.withLock { $0.append(event) } },
            { say, connection in
                while said.load(ordering: .relaxed) >= 0 {
                    say("delete", String(said.add(1, ordering: .relaxed).newValue))
                    pauseThread()
                }
            }
        ) { live in
            defer { said.store(.min, ordering: .relaxed) }
            let reader = try await live.reader(.none)
            let client = try await Client(kind, live)
            async let reading = client.socket.receiveAll()
            func pass(_ count: Int) async throws {
                let before = said.load(ordering: .relaxed)
                while said.load(ordering: .relaxed) < before + count { try await Task.sleep(for: .milliseconds(10)) }
            }
            let asked = instance.questions.load(ordering: .relaxed)
            while instance.questions.load(ordering: .relaxed) < asked + 2 { try await Task.sleep(for: .milliseconds(10)) }
            #expect(seen.withLock { $0.isEmpty })
            _ = try await live.reader(.limited)
            while seen.withLock({ $0.isEmpty }) { try await Task.sleep(for: .milliseconds(10)) }
            let answer = try await reader.send(
                "PUT", "/sheltie/api/v1/privacy/level", headers: [("Content-Type", "application/json")], body: Array(#"{"level":"NONE"}"#.utf8))
            #expect(answer.status == 200, "\(answer.text)")
            try await pass(20)
            let count = seen.withLock { $0.count }
            try await pass(200)
            #expect(seen.withLock { $0.count } == count)
            client.socket.close()
            _ = try await reading
        }
    }

    @Test(arguments: Kind.allCases) func `a token that is revoked while its stream opens gets nothing`(kind: Kind) async throws {
        let isTime = Gate()
        let instance = ScriptedInstance { request, connection in
            if request.path == "/oauth/revoke" { return connection.answer(200, ScriptedInstance.json, "{}") }
            isTime.pass()
            if let key = request["Sec-WebSocket-Key"] {
                connection.write(
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: \(WebSocket.acceptance(of: key))\r\n\r\n")
            } else {
                connection.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
            }
            connection.waitUntilClosed()
            connection.close()
        }
        try await instance.live { live in
            let client = try await Client(kind, live)
            while !instance.requests.contains(where: { $0.path.hasPrefix("/api/v1/streaming") }) { try await Task.sleep(for: .milliseconds(5)) }
            let reply = try await LoopbackClient.send(
                "POST", port: live.port, "/oauth/revoke", headers: [("Content-Type", "application/x-www-form-urlencoded")], body: Array("token=a-token".utf8))
            #expect(reply.status == 200)
            isTime.open()
            _ = try await client.socket.receiveAll()
        }
    }

    @Test func `one token, and those without one, cannot take all places`() async throws {
        try await StreamingInstance().live({ $0.streamLimit = 80 }, { $1.waitUntilClosed() }) { live in
            func open(_ query: String) async throws -> WebSocketClient { try await WebSocketClient(port: live.port, "/api/v1/streaming" + query) }
            var held: [WebSocketClient] = []
            for _ in 0..<32 { held.append(try await open("?access_token=a-token")) }
            #expect(try await open("?access_token=a-token").answer.status == 503)
            for _ in 0..<10 { held.append(try await open("")) }
            #expect(try await open("").answer.status == 503)
            held.append(try await open("?access_token=b-token"))
            #expect(held.allSatisfy { $0.answer.status == 101 })
            held[0].close()
            while live.openStreams() == held.count { try await Task.sleep(for: .milliseconds(10)) }
            #expect(try await open("?access_token=a-token").answer.status == 101)
        }
    }
}

private func pauseThread() { usleep(1_000) }
