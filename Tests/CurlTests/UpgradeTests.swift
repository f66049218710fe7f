import Glibc
import HTTPTypes
import Testing

@testable import Curl

/// Connections that leave HTTP behind.
struct UpgradeTests {
    private static let switching = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\nX-A: b\r\n\r\n"

    private static func echoing() -> LoopbackServer {
        LoopbackServer { peer in
            _ = peer.readHead()
            peer.write(switching)
            while case let bytes = peer.read(), !bytes.isEmpty { peer.write(bytes) }
        }
    }

    /// Sends `count` bytes in pieces of many sizes while it reads as many.
    private static func echo(_ count: Int, over tunnel: CurlTunnel) async throws {
        let sent = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
        async let sending: Void = {
            var (rest, size) = (sent[...], 1)
            while !rest.isEmpty {
                try await tunnel.write(Array(rest.prefix(size)))
                rest = rest.dropFirst(size)
                size = min(size * 2, 70_000)
            }
        }()
        var received: [UInt8] = []
        while received.count < count, let bytes = try await tunnel.next() { received += bytes }
        try await sending
        #expect(received == sent)
    }

    private static func tunnel(_ client: CurlClient, _ request: CurlRequest) async throws -> (HTTPFields, CurlTunnel) {
        switch try await client.upgrade(request, to: "echo") {
        case .switched(let fields, let tunnel): return (fields, tunnel)
        case .refused(let answer):
            Issue.record("refused with \(answer.status)")
            throw CancellationError()
        }
    }

    @Test func `the request is sent as given, and bytes pass both ways`() async throws {
        let server = Self.echoing()
        let fields: HTTPFields = [.userAgent: "Test/1", .upgrade: "h2c", .connection: "close"]
        let client = loopbackClient()
        defer { client.shutdown() }
        let (answered, tunnel) = try await Self.tunnel(
            client, CurlRequest(url: server.url + "/%7Ea?b=%2f", fields: fields, limits: .short()))
        #expect(answered[HTTPField.Name("X-A")!] == "b")
        try await Self.echo(3 << 20, over: tunnel)
        let head = try #require(server.heads.first)
        #expect(head.hasPrefix("GET /%7Ea?b=%2f HTTP/1.1\r\nHost: 127.0.0.1:\(server.port)\r\n"))
        #expect(head.contains("\r\nUser-Agent: Test/1\r\n") && head.contains("\r\nUpgrade: echo\r\n") && head.contains("\r\nConnection: Upgrade\r\n"))
        #expect(!head.lowercased().contains("accept:") && !head.lowercased().contains("expect"))
    }

    @Test func `a value that ends in a colon is sent, and a field without one is as libcurl spells it`() throws {
        let fields: HTTPFields = [HTTPField.Name("X-A")!: "b:", HTTPField.Name("X-B")!: ":", HTTPField.Name("X-C")!: ""]
        let checked = try CheckedRequest(CurlRequest(url: "http://a.example/", fields: fields), allowedPlain: true)
        let head = String(decoding: checked.head, as: UTF8.self)
        #expect(head == "GET / HTTP/1.1\r\nHost: a.example\r\nX-A: b:\r\nX-B: :\r\nX-C:\r\n\r\n")
    }

    @Test(.timeLimit(.minutes(1))) func `many small chunks that come byte by byte are read once`() throws {
        var answer = UpgradeAnswer()
        let limits = CurlRequest.Limits()
        #expect(try answer.take("HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n".utf8, limits: limits) == .more)
        let count = 10_000
        for _ in 0..<count { for byte in "1\r\nx\r\n".utf8 { #expect(try answer.take([byte], limits: limits) == .more) } }
        #expect(try answer.take("0\r\n".utf8, limits: limits) == .refused(body: Array(repeating: UInt8(ascii: "x"), count: count)))
        #expect(throws: CurlError.brokenAnswer) {
            var answer = UpgradeAnswer()
            _ = try answer.take("HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n".utf8, limits: limits)
            _ = try answer.take([UInt8](repeating: UInt8(ascii: "0"), count: 2_000), limits: limits)
        }
    }

    @Test func `many at once, and each is closed when it is dropped`() async throws {
        let client = loopbackClient(connectionsPerHost: 0)
        let server = Self.echoing()
        var open: [CurlTunnel] = []
        for _ in 0..<200 { open.append(try await Self.tunnel(client, CurlRequest(url: server.url, limits: .short())).1) }
        // Others that are made and kept meanwhile take none of them away.
        for tunnel in open { try await Self.echo(1_000, over: tunnel) }
        #expect(server.openCount == 200)
        open.removeAll()
        while server.openCount > 0 { try await Task.sleep(for: .milliseconds(5)) }
    }

    @Test func `what is written last arrives before the end`() async throws {
        let heard = Signal()
        let server = LoopbackServer { peer in
            _ = peer.readHead()
            peer.write(Self.switching)
            var all: [UInt8] = []
            while case let bytes = peer.read(), !bytes.isEmpty { all += bytes }
            if all.count == 500_000 { heard.happen() }
        }
        let client = loopbackClient()
        defer { client.shutdown() }
        let (_, tunnel) = try await Self.tunnel(client, CurlRequest(url: server.url, limits: .short()))
        try await tunnel.write([UInt8](repeating: 1, count: 500_000))
        tunnel.finish()
        #expect(try await tunnel.next() == nil)
        await heard.wait()
    }

    @Test func `silence beyond the limit ends it, and so does the client's end`() async throws {
        let server = Self.echoing()
        let client = loopbackClient()
        let (_, silent) = try await Self.tunnel(client, CurlRequest(url: server.url, limits: .short(idle: .milliseconds(200), total: nil)))
        #expect(await failure { () throws(CurlError) in try await silent.next() } == .timedOut(stage: "idle"))
        let (_, other) = try await Self.tunnel(client, CurlRequest(url: server.url, limits: .short(total: nil)))
        client.shutdown()
        #expect(await failure { () throws(CurlError) in try await other.next() } == .cancelled)
    }

    @Test func `an inner address is refused before a connection`() async {
        let server = Self.echoing()
        let request = CurlRequest(url: "https://127.0.0.1:\(server.port)/", limits: .short())
        #expect(await failure { () throws(CurlError) in try await CurlClient().upgrade(request, to: "echo") } == .addressRefused)
        #expect(server.accepted == 0)
    }

    @Test(.enabled(if: access(NginxServer.program, X_OK) == 0, "no nginx program"))
    func `over TLS the certificate is checked and bytes pass both ways`() async throws {
        let server = Self.echoing()
        let front = try NginxServer(before: server.port)
        let request = CurlRequest(url: front.url + "/tunnel", limits: .short())
        #expect(await failure { () throws(CurlError) in try await loopbackClient().upgrade(request, to: "echo") } == .tlsFailed)
        #expect(server.accepted == 0)
        let client = front.client()
        defer { client.shutdown() }
        try await Self.echo(3 << 20, over: try await Self.tunnel(client, request).1)
    }

    @Test(arguments: [
        "HTTP/1.1 101 Yes\r\n\r\n\u{1}\u{2}": UpgradeAnswer.Step.switched([1, 2]),
        "HTTP/1.1 103 Early\r\nA: b\r\n\r\nHTTP/1.1 101 Yes\r\n\r\n": .switched([]),
        "HTTP/1.1 401 No\r\nContent-Length: 3\r\n\r\nabc": .refused(body: Array("abc".utf8)),
        "HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n1\r\nc\r\n0\r\n": .refused(body: Array("abc".utf8)),
        "HTTP/1.1 304 No\r\n\r\n": .refused(body: []),
    ])
    func `an answer is the same in whatever pieces it comes`(text: String, expected: UpgradeAnswer.Step) throws {
        let bytes = Array(text.utf8)
        for split in 0..<bytes.count {
            var answer = UpgradeAnswer()
            var step = try answer.take(bytes[..<split], limits: CurlRequest.Limits())
            // What follows a head may be there before or after it is read.
            if case .switched(let first) = step { step = .switched(first + bytes[split...]) } else { step = try answer.take(bytes[split...], limits: CurlRequest.Limits()) }
            #expect(step == expected, "split at \(split)")
        }
    }
}
