import DemoInstance
import Fediverse
import HTTPService
import Jobs
import LoopbackClient
import Privacy
import Proxy
import Recommender
import Store
import Synchronization
import Telemetry
import Testing
import Upstream

/// Both kinds of stream of the demo instance, through the proxy.
@Suite(.timeLimit(.minutes(2)))
struct DemoStreamTests {
    /// A client's end that reads messages or events.
    struct Listener {
        let socket: LoopbackSocket

        init(_ isWebSocket: Bool, _ live: LiveWorld, token: String, stream: String = "user") async throws {
            socket = try LoopbackSocket(port: live.port)
            let target = isWebSocket ? "/api/v1/streaming?stream=\(stream)" : "/api/v1/streaming/" + stream.replacing(":", with: "/")
            try await socket.send(
                "GET \(target) HTTP/1.1\r\nHost: 127.0.0.1:\(live.port)\r\nAuthorization: Bearer \(token)\r\n"
                    + (isWebSocket
                        ? "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: \(WebSocketClient.key)\r\n\r\n" : "\r\n"))
            _ = try await socket.receive(until: isWebSocket ? "\r\n\r\n" : ":)\n")
        }
    }

    @Test(arguments: [true, false]) func `a post, an edit and a deletion come in as they happen`(isWebSocket: Bool) async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.none, at: demo)
            let listener = try await Listener(isWebSocket, live, token: reader.token)
            let posted = try await reader.form("POST", "/api/v1/statuses", "status=Streamed%20words")
            let id = try StatusReader.status(in: posted.body).id
            #expect(try await listener.socket.receive(until: "Streamed words").contains("update"))
            #expect(try await reader.form("PUT", "/api/v1/statuses/\(id)", "status=Changed%20words").status == 200)
            #expect(try await listener.socket.receive(until: "Changed words").contains("status.update"))
            #expect(try await reader.send("DELETE", "/api/v1/statuses/\(id)").status == 200)
            #expect(try await listener.socket.receive(until: id).contains("delete"))
        }
    }

    @Test func `streams are subscribed to and left over one WebSocket`() async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.none, at: demo)
            let client = try await WebSocketClient(port: live.port, "/api/v1/streaming", headers: [("Sec-WebSocket-Protocol", reader.token)])
            #expect(client.answer.status == 101 && client.answer["Sec-WebSocket-Protocol"] == reader.token)
            let messages = Messages(client)
            let mask: [UInt8] = [1, 2, 3, 4]
            try await client.send(WebSocket.frame(.text, Array(#"{"type":"subscribe","stream":"hashtag","tag":"Sheep"}"#.utf8), mask: mask))
            try await client.send(WebSocket.frame(.ping, [42], mask: mask))
            // Its answer says that what was sent before is done.
            #expect(try await messages.next(.pong) == [42])
            _ = try await reader.form("POST", "/api/v1/statuses", "status=Away")
            _ = try await reader.form("POST", "/api/v1/statuses", "status=About%20%23sheep")
            let first = String(decoding: try await messages.next(.text), as: UTF8.self)
            #expect(first.hasPrefix(#"{"stream":["hashtag","sheep"],"event":"update","payload":"{"#) && first.contains("About"))
            try await client.send(WebSocket.frame(.text, Array(#"{"type":"unsubscribe","stream":"hashtag","tag":"sheep"}"#.utf8), mask: mask))
            try await client.send(WebSocket.frame(.text, Array(#"{"type":"subscribe","stream":"nowhere"}"#.utf8), mask: mask))
            #expect(try await messages.next(.text) == Array(#"{"error":"Unknown stream type"}"#.utf8))
            _ = try await reader.form("POST", "/api/v1/statuses", "status=Again%20%23sheep")
            try await client.send(WebSocket.frame(.close, [3, 232], mask: mask))
            #expect(try await messages.next(.close) == [3, 232], "nothing came in between")
            #expect(try await client.isClosed())
        }
    }

    @Test(arguments: ["/api/v1/streaming/user", "/api/v1/streaming?stream=user", "/api/v1/streaming/nowhere"])
    func `who has no token, a wrong one, or asks for what there is not is told as at the instance`(target: String) async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.none, at: demo)
            for token in [nil, "wrong", reader.token] where token != reader.token || target.hasSuffix("nowhere") {
                let headers = token.map { [("Authorization", "Bearer " + $0)] } ?? []
                let (through, beside) = (
                    try await LoopbackClient.send(port: live.port, target, headers: headers),
                    try await LoopbackClient.send(port: try #require(Int(live.instance.authority.split(separator: ":")[1])), target, headers: headers)
                )
                #expect(through.status == (token == reader.token ? 404 : 401))
                #expect(through.status == beside.status && through.body == beside.body)
            }
        }
    }

    @Test(arguments: [true, false], [PrivacyLevel.none, .limited])
    func `a deletion that passes withdraws the stored post`(isWebSocket: Bool, level: PrivacyLevel) async throws {
        var changes = LiveWorld.Changes()
        let listener = Mutex<StreamListener?>(nil)
        changes.parts = { parts in
            let (statuses, tenant, clock) = (parts.statuses, parts.tenant, parts.clock)
            guard let statuses else { return }
            let made = StreamListener(
                stream: StatusStream(instance: parts.mastodon.instance, client: parts.streams, userAgent: "Sheltie/test", token: nil), statuses: statuses,
                intake: StatusIntake(instance: parts.mastodon.instance, pseudonymizer: parts.pseudonymizer, consent: ConsentPolicy(), keepsContent: true),
                tenant: tenant, logger: .silent, clock: clock)
            listener.withLock { $0 = made }
            parts.passing = { try await made.take($0) }
        }
        try await LiveWorld.withDemo(changes) { live, demo in
            // Somebody whose posts may be recommended deletes one while another person listens.
            let reader = try await live.reader(level, at: demo)
            var author: LiveReader?
            var stored: String?
            let page = try StatusReader.statuses(in: try await reader.direct("GET", "/api/v1/timelines/public?local=true&limit=40").body)
            let candidates = try await live.storage.statuses.candidates(among: page.map(\.status.id), in: live.tenant)
            for entry in page where candidates.contains(entry.status.id) {
                guard let token = demo.issueToken(for: entry.status.account.acct) else { continue }
                author = LiveReader(live: live, token: token, viewer: reader.viewer, accountID: entry.status.account.id)
                stored = entry.status.id
                break
            }
            let id = try #require(stored, "the demo has no stored post of its own people")
            let stream = try await Listener(isWebSocket, live, token: reader.token, stream: "public")
            #expect(try await author?.direct("DELETE", "/api/v1/statuses/\(id)").status == 200)
            _ = try await stream.socket.receive(until: id)
            func isStored() async throws -> Bool { try await !live.storage.statuses.candidates(among: [id], in: live.tenant).isEmpty }
            if level == .none {
                #expect(try await isStored(), "nothing is looked at for a person at NONE")
            } else {
                while try await isStored() { try await Task.sleep(for: .milliseconds(10)) }
            }
        }
    }
}

/// The frames that a client gets, one by one; of a server, short ones or with a length in 16 bits.
private final class Messages: Sendable {
    private let client: WebSocketClient

    init(_ client: WebSocketClient) { self.client = client }

    /// The payload of the next frame of this kind; signs of life in between are left out.
    func next(_ kind: WebSocket.Kind) async throws -> [UInt8] {
        while true {
            let head = try await client.receive(2)
            try #require(head.count == 2, "the stream ended")
            var length = Int(head[1])
            if length == 126 {
                let more = try await client.receive(2)
                length = Int(more[0]) << 8 | Int(more[1])
            }
            try #require(length < 65_536 && head[1] != 127)
            let payload = length == 0 ? [] : try await client.receive(length)
            if head[0] == 0x80 | WebSocket.Kind.ping.rawValue, kind != .ping { continue }
            try #require(head[0] == 0x80 | kind.rawValue, "another frame: \(String(decoding: payload, as: UTF8.self))")
            return payload
        }
    }
}
