import HTTPService
import LoopbackClient
import Privacy
import Synchronization
import Testing

@testable import Proxy

/// Streams of the lists of ours, which the instance does not know.
@Suite(.timeLimit(.minutes(2)))
struct VirtualStreamTests {
    private static let targets = VirtualList.allCases.flatMap { list in
        ["/api/v1/streaming/list?list=\(list.id)", "/api/v1/streaming?stream=list&list=\(list.id)", "/api/v1/streaming/?list=\(list.id)&stream=list"]
    }

    private static func live(ping: Duration, _ body: @escaping @Sendable (LiveWorld) async throws -> Void) async throws {
        let instance = ScriptedInstance { request, connection in
            connection.answer(request.path == "/oauth/revoke" ? 200 : 404, ScriptedInstance.json, "{}")
        }
        var changes = LiveWorld.Changes()
        changes.settings = { $0.streamPing = ping }
        try await instance.live(changes, body)
        for request in instance.requests { #expect(request.path == "/oauth/revoke", "\(request.target)") }
    }

    private static func revoke(_ live: LiveWorld) async throws {
        let headers = [("Content-Type", "application/x-www-form-urlencoded")]
        #expect(try await LoopbackClient.send("POST", port: live.port, "/oauth/revoke", headers: headers, body: Array("token=a-token".utf8)).status == 200)
    }

    @Test(arguments: targets) func `events are none, with signs of life, until the token is revoked`(target: String) async throws {
        try await Self.live(ping: .milliseconds(50)) { live in
            let socket = try LoopbackSocket(port: live.port)
            try await socket.send("GET \(target) HTTP/1.1\r\nHost: 127.0.0.1:\(live.port)\r\nAuthorization: Bearer a-token\r\n\r\n")
            var text = ""
            while text.split(separator: ":thump").count < 4 { text += String(decoding: try await socket.receive(), as: UTF8.self) }
            #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n") && text.contains("text/event-stream"))
            #expect(live.openStreams() == 1)
            try await Self.revoke(live)
            _ = try await socket.receive(until: "\r\n0\r\n\r\n")
            while live.openStreams() > 0 { try await Task.sleep(for: .milliseconds(5)) }
        }
    }

    @Test(arguments: targets) func `a socket is accepted, and pings and the close are answered`(target: String) async throws {
        try await Self.live(ping: .seconds(600)) { live in
            let client = try await WebSocketClient(port: live.port, target, headers: [("Sec-WebSocket-Protocol", "a-token, other")])
            #expect(client.answer.status == 101 && client.answer["Sec-WebSocket-Protocol"] == "a-token")
            #expect(client.answer["Sec-WebSocket-Accept"] == WebSocket.acceptance(of: WebSocketClient.key))
            #expect(client.answer["Sec-WebSocket-Extensions"] == nil)
            let mask: [UInt8] = [1, 2, 3, 4]
            try await client.send(WebSocket.frame(.text, Array(#"{"type":"subscribe","stream":"list"}"#.utf8), mask: mask))
            try await client.send(WebSocket.frame(.ping, [7, 8, 9], mask: mask))
            #expect(try await client.receive(5) == WebSocket.frame(.pong, [7, 8, 9]))
            try await client.send(WebSocket.frame(.close, [3, 232], mask: mask))
            #expect(try await client.receive(2) == WebSocket.frame(.close, []))
            #expect(try await client.isClosed())
            while live.openStreams() > 0 { try await Task.sleep(for: .milliseconds(5)) }
        }
    }

    @Test func `a socket gets pings until the token is revoked`() async throws {
        try await Self.live(ping: .milliseconds(50)) { live in
            let client = try await WebSocketClient(port: live.port, Self.targets[0], headers: [("Authorization", "Bearer a-token")])
            #expect(try await client.receive(6) == [0x89, 0, 0x89, 0, 0x89, 0])
            try await Self.revoke(live)
            while case let bytes = try await client.receive(2), !bytes.isEmpty { #expect(bytes == [0x89, 0]) }
            while live.openStreams() > 0 { try await Task.sleep(for: .milliseconds(5)) }
        }
    }

    @Test func `on a shared socket the instance hears of all other streams`() async throws {
        let instance = StreamRelayTests.instance { _, connection in
            while case let bytes = connection.read(60_000), !bytes.isEmpty { connection.write(bytes) }
        }
        try await instance.live { live in
            let mask: [UInt8] = [1, 2, 3, 4]
            func frame(_ text: String) -> [UInt8] { WebSocket.frame(.text, Array(text.utf8), mask: mask) }
            let ours = frame(#"{"type":"subscribe","stream":"list","list":"\#(VirtualList.catchUp.id)"}"#)
            let theirs = frame(#"{"type":"subscribe","stream":"user"}"#)
            // At NONE nothing is looked at.
            let unseen = try await StreamRelayTests.connect(live)
            try await unseen.send(ours + theirs)
            #expect(try await unseen.receive((ours + theirs).count) == ours + theirs)
            _ = try await live.reader(.limited)
            let client = try await StreamRelayTests.connect(live)
            try await client.send(ours + theirs)
            #expect(try await client.receive(theirs.count) == theirs)
        }
    }

    @Test func `the timeline of a list of ours is only read`() async throws {
        try await Self.live(ping: .seconds(600)) { live in
            for method in ["POST", "PUT", "PATCH", "DELETE"] {
                let reply = try await LoopbackClient.send(
                    method, port: live.port, "/api/v1/timelines/list/" + VirtualList.forYou.id, headers: [("Authorization", "Bearer a-token")])
                #expect(reply.status == 404 && reply.text.contains("Record not found"))
            }
        }
    }
}
