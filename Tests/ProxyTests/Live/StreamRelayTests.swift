import Curl
import HTTPService
import LoopbackClient
import Proxy
import Synchronization
import TestSupport
import Testing
import Upstream

/// WebSockets through the proxy: whatever is said after the handshake passes as it is.
@Suite(.timeLimit(.minutes(2)))
struct StreamRelayTests {
    /// Answers the handshake and then does what `talk` says.
    static func instance(_ talk: @escaping @Sendable (ScriptedRequest, ScriptedConnection) -> Void) -> ScriptedInstance {
        ScriptedInstance { request, connection in
            guard let key = request["Sec-WebSocket-Key"] else { return connection.answer(404, ScriptedInstance.json, "{}") }
            connection.write(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    + "Sec-WebSocket-Accept: \(WebSocket.acceptance(of: key))\r\n"
                    + (request["Sec-WebSocket-Protocol"].map { "Sec-WebSocket-Protocol: \($0)\r\n" } ?? "") + "\r\n")
            talk(request, connection)
            connection.close()
        }
    }

    static func connect(_ live: LiveWorld, _ target: String = "/api/v1/streaming?stream=user", _ headers: [(String, String)] = []) async throws -> WebSocketClient {
        try await WebSocketClient(port: live.port, target, headers: [("Authorization", "Bearer a-token")] + headers)
    }

    @Test func `frames in parts, long ones and what is no frame come back byte for byte`() async throws {
        let instance = Self.instance { _, connection in
            while case let bytes = connection.read(60_000), !bytes.isEmpty { connection.write(bytes) }
        }
        try await instance.live { live in
            let client = try await Self.connect(live)
            #expect(client.answer.status == 101)
            #expect(client.answer["Sec-WebSocket-Accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
            var random = SeededGenerator(seed: 5)
            let mask: [UInt8] = [1, 2, 3, 4]
            var sent = WebSocket.frame(.text, Array(#"{"type":"subscribe","stream":"public"}"#.utf8), mask: mask)
            // A text in three frames, with a ping between them.
            sent += [0x01, 0x83] + mask + [96, 96, 96] + WebSocket.frame(.ping, [7], mask: mask) + [0x00, 0x80] + mask + [0x80, 0x81] + mask + [9]
            sent += WebSocket.frame(.text, (0..<1 << 20).map { _ in UInt8.random(in: 0...255, using: &random) }, mask: mask)
            sent += (0..<3 << 20).map { _ in UInt8.random(in: 0...255, using: &random) }
            let whole = sent
            async let sending: Void = {
                var (rest, size) = (whole[...], 1)
                while !rest.isEmpty {
                    try await client.send(Array(rest.prefix(size)))
                    rest = rest.dropFirst(size)
                    size = min(size * 3, 100_000)
                }
            }()
            let received = try await client.receive(whole.count)
            try await sending
            #expect(received == whole)
        }
    }

    @Test func `what the instance says with its handshake comes too, and its end`() async throws {
        let first = WebSocket.frame(.text, Array("{}".utf8))
        try await Self.instance { _, connection in connection.write(first) }.live { live in
            let client = try await Self.connect(live)
            #expect(try await client.receive(first.count) == first)
            #expect(try await client.isClosed())
        }
    }

    @Test func `a client that goes takes its last words along`() async throws {
        let heard = Mutex<[UInt8]>([])
        let isOver = Atomic(false)
        let instance = Self.instance { _, connection in
            while case let bytes = connection.read(1_000), !bytes.isEmpty { heard.withLock { $0 += bytes } }
            isOver.store(true, ordering: .releasing)
        }
        try await instance.live { live in
            let client = try await Self.connect(live)
            let words = WebSocket.frame(.close, [3, 232], mask: [1, 2, 3, 4])
            try await client.send(words)
            client.close()
            while !isOver.load(ordering: .acquiring) { try await Task.sleep(for: .milliseconds(5)) }
            #expect(heard.withLock { $0 } == words)
        }
    }

    @Test func `tokens pass as the client sends them, and no compression is offered`() async throws {
        let instance = Self.instance { $1.write($0.target) }
        try await instance.live { live in
            for (target, header) in [
                ("/api/v1/streaming", ("Authorization", "Bearer a-token")), ("/api/v1/streaming?access_token=a-token&stream=user", ("X-A", "1")),
                ("/api/v1/streaming/", ("Sec-WebSocket-Protocol", "a-token")),
            ] {
                let client = try await WebSocketClient(port: live.port, target, headers: [header, ("User-Agent", "Client/1")])
                #expect(client.answer.status == 101)
                #expect(try await client.receive(target.utf8.count) == Array(target.utf8), "the target arrives byte for byte")
                let request = try #require(instance.requests.last)
                #expect(request[header.0] == header.1)
                #expect(client.answer["Sec-WebSocket-Protocol"] == request["Sec-WebSocket-Protocol"])
                #expect(request["User-Agent"] == "Client/1" && request["Host"] == instance.server.authority)
                #expect(request["Sec-WebSocket-Version"] == "13" && request["Sec-WebSocket-Extensions"] == nil)
                #expect(request["Connection"] == "Upgrade" && request["Upgrade"] == "websocket")
            }
        }
    }

    @Test(arguments: [
        (401, "Content-Length: 15\r\n\r\n{\"error\":\"no\"} "), (403, "Transfer-Encoding: chunked\r\n\r\n6\r\n{\"erro\r\n9\r\nr\":\"no\"} \r\n0\r\n\r\n"),
        (404, "Connection: close\r\n\r\n{\"error\":\"no\"} "),
    ])
    func `a refusal is the instance's own`(status: Int, rest: String) async throws {
        let instance = ScriptedInstance { _, connection in
            connection.write("HTTP/1.1 \(status) No\r\nX-Own: yes\r\nContent-Type: application/json\r\n" + rest)
            connection.close()
        }
        try await instance.live { live in
            let client = try await Self.connect(live)
            #expect(client.answer.status == status && client.answer["X-Own"] == "yes")
            #expect(client.answer.text == #"{"error":"no"} "#)
        }
    }

    @Test(arguments: [
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAA\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n", "SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 200",
        "\u{0}\u{0}\u{0}", "", "HTTP/1.1 401 No\r\nContent-Length: 20\r\n\r\nshort", "HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 Yes\r\nX: *\r\n\r\n",
    ])
    func `what is no handshake is a bad gateway`(answer: String) async throws {
        let instance = ScriptedInstance { _, connection in
            // A star stands for more than a head may have.
            connection.write(answer.replacing("*", with: String(repeating: "x", count: 70_000)))
            connection.close()
        }
        try await instance.live { live in
            let client = try await Self.connect(live)
            #expect(client.answer.status == 502)
            #expect(client.answer.text.hasPrefix(#"{"error":"#))
        }
    }

    @Test func `an instance that is not there is a bad gateway, a silent one a gateway timeout`() async throws {
        let gone = ClosedPort()
        try await LiveWorld.withUpstream("127.0.0.1:\(gone.port)") { live in
            let client = try await Self.connect(live)
            #expect(client.answer.status == 502)
        }
        withExtendedLifetime(gone) {}
        var changes = LiveWorld.Changes()
        changes.settings = { $0.passThroughLimits.firstByte = .milliseconds(200) }
        try await ScriptedInstance { $1.waitUntilClosed() }.live(changes) { live in
            let client = try await Self.connect(live)
            #expect(client.answer.status == 504)
        }
    }

    @Test func `a request for another protocol, or without a key, makes no tunnel`() async throws {
        let instance = ScriptedInstance { $1.answer(426, ScriptedInstance.json, "{}") }
        try await instance.live { live in
            let reply = try await LoopbackClient.send(port: live.port, "/api/v1/streaming", headers: [("Upgrade", "h2c"), ("Connection", "Upgrade")])
            #expect(reply.status == 426)
            #expect(instance.requests.first?["Upgrade"] == nil)
            let keyless = try await LoopbackClient.send(
                port: live.port, "/api/v1/streaming", headers: [("Upgrade", "websocket"), ("Connection", "Upgrade")])
            #expect(keyless.status == 400)
        }
    }

    @Test func `a client that takes nothing holds little, and gets all of it in the end`() async throws {
        let written = Atomic(0)
        let whole = 48 << 20
        let instance = Self.instance { _, connection in
            let piece = [UInt8](repeating: 65, count: 1 << 16)
            for _ in 0..<(whole >> 16) {
                guard connection.write(piece) else { return }
                written.add(piece.count, ordering: .relaxed)
            }
        }
        try await instance.live { live in
            let client = try await Self.connect(live)
            // Until nothing moves any more.
            var before = -1
            while case let now = written.load(ordering: .relaxed), now != before || now == 0 {
                before = now
                try await Task.sleep(for: .milliseconds(300))
            }
            // The kernel's buffers hold most of it.
            #expect(before < 24 << 20, "\(before) bytes were taken for a client that reads nothing")
            #expect(try await client.receive(whole).count == whole)
            #expect(try await client.isClosed())
        }
    }

    @Test func `an instance that takes nothing holds the client back`() async throws {
        let isFree = Gate()
        let read = Atomic(0)
        let instance = Self.instance { _, connection in
            isFree.pass()
            while case let bytes = connection.read(1 << 16), !bytes.isEmpty { read.add(bytes.count, ordering: .relaxed) }
        }
        try await instance.live { live in
            let client = try await Self.connect(live)
            let sent = Tally()
            let whole = 48 << 20
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    let piece = [UInt8](repeating: 66, count: 1 << 16)
                    for _ in 0..<(whole >> 16) {
                        try await client.send(piece)
                        sent.bytes.add(piece.count, ordering: .relaxed)
                    }
                }
                var before = -1
                while case let now = sent.bytes.load(ordering: .relaxed), now != before || now == 0 {
                    before = now
                    try await Task.sleep(for: .milliseconds(300))
                }
                #expect(before < 24 << 20, "\(before) bytes were taken for an instance that reads nothing")
                isFree.open()
                try await group.waitForAll()
            }
            while read.load(ordering: .relaxed) < whole { try await Task.sleep(for: .milliseconds(20)) }
        }
    }
}

private final class Tally: Sendable { let bytes = Atomic(0) }
