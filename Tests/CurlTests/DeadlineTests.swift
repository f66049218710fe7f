import Curl
import Glibc
import HTTPTypes
import Testing

/// Every deadline passes at its time, and only then.
struct DeadlineTests {
    let client = loopbackClient()
    static let short = Duration.milliseconds(200)

    /// The stage at which `request` times out, which takes about `short`.
    private func stage(_ request: CurlRequest) async -> String? {
        let clock = ContinuousClock()
        let start = clock.now
        let error = await failure { () throws(CurlError) in try await client.fetch(request) }
        let took = clock.now - start
        // Long before the other limits, on a machine that does much else as well.
        #expect(took >= Self.short && took < .seconds(8))
        guard case .timedOut(let stage) = error else { return nil }
        return stage
    }

    @Test func `connect`() async throws {
        // The kernel takes one or two connections for a listener without room; the next hangs.
        let server = LoopbackServer(accepting: false, backlog: 0) { _ in }
        let fillers = (0..<8).map { _ in connectWithoutWaiting(to: server.port) }
        defer { for filler in fillers { close(filler) } }
        #expect(await stage(CurlRequest(url: server.url, limits: .short(connect: Self.short))) == "connect")
    }

    @Test func `connect, while all connections to the host are taken`() async throws {
        let client = loopbackClient(connectionsPerHost: 1)
        let server = LoopbackServer { peer in
            if peer.readHead() != nil {
                peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\na")
                peer.waitForEnd()
            }
        }
        let first = try await client.send(CurlRequest(url: server.url, limits: .short()))
        let error = await failure { () throws(CurlError) in try await client.fetch(CurlRequest(url: server.url, limits: .short(connect: Self.short))) }
        #expect(error == .timedOut(stage: "connect") && server.accepted == 1)
        withExtendedLifetime(first) {}
    }

    @Test func `first byte: nothing comes, or a head that does not end`() async {
        for start in ["", "HTTP/1.1 200 OK\r\nX: ", "HTTP/1.1 103 Early Hints\r\n\r\n"] {
            let server = LoopbackServer { peer in
                if peer.readRequest() != nil {
                    peer.write(start)
                    peer.waitForEnd()
                }
            }
            #expect(await stage(CurlRequest(url: server.url, limits: .short(firstByte: Self.short))) == "firstByte")
            #expect(await stage(CurlRequest(url: server.url, method: "PUT", body: .bytes([1]), limits: .short(firstByte: Self.short))) == "firstByte")
        }
    }

    @Test func `idle: the answer's body falls silent`() async {
        let server = LoopbackServer { peer in
            if peer.readHead() != nil {
                peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
                peer.waitForEnd()
            }
        }
        #expect(await stage(CurlRequest(url: server.url, limits: .short(idle: Self.short))) == "idle")
    }

    @Test func `idle: the request's body is not taken, or not given`() async {
        let server = LoopbackServer { peer in
            guard let head = peer.readHead() else { return }
            if head.hasPrefix("PUT") { peer.waitForEnd() } else { peer.waitUntilClosed() }
        }
        let starving: @Sendable () async throws -> [UInt8]? = {
            await waitForCancellation()
            return nil
        }
        #expect(await stage(CurlRequest(url: server.url, method: "PUT", body: .stream(length: nil, starving), limits: .short(idle: Self.short))) == "idle")
        let large = [UInt8](repeating: 1, count: 64 << 20)
        #expect(await stage(CurlRequest(url: server.url, method: "POST", body: .bytes(large), limits: .short(idle: Self.short))) == "idle")
    }

    @Test func `total: an answer that drips for ever`() async {
        let server = LoopbackServer { peer in
            guard peer.readHead() != nil else { return }
            peer.write("HTTP/1.1 200 OK\r\n\r\n")
            while peer.write("a") { sched_yield() }
        }
        var limits = CurlRequest.Limits.short(total: Self.short)
        limits.bodyBytes = nil
        #expect(await stage(CurlRequest(url: server.url, limits: limits)) == "total")
    }

    @Test func `a long upload is not cut by the first byte's deadline`() async throws {
        let server = LoopbackServer.answering { _ in "HTTP/1.1 204 No\r\n\r\n" }
        let source = SlowSource(pieces: 6, pause: .milliseconds(100), client: client)
        let request = CurlRequest(url: server.url, method: "POST", body: .stream(length: nil, { await source.next() }), limits: .short(firstByte: .milliseconds(300)))
        #expect(try await client.fetch(request).status == 204)
    }

    @Test func `a reader that takes its time is not idle`() async throws {
        let server = WrittenServer(count: 4 << 20)
        let response = try await client.send(CurlRequest(url: server.server.url, limits: .short(idle: .seconds(1))))
        // Longer than the idle limit: another request's deadline is the clock.
        let silent = LoopbackServer { peer in peer.waitForEnd() }
        #expect(await failure { () throws(CurlError) in try await client.fetch(CurlRequest(url: silent.url, limits: .short(firstByte: .seconds(2)))) } == .timedOut(stage: "firstByte"))
        #expect(try await response.body.collect().count == 4 << 20)
    }

    @Test func `one deadline does not end another's transfer`() async throws {
        let goOn = Signal()
        let server = LoopbackServer { peer in
            guard let head = peer.readHead(), head.contains("/later") else { return peer.waitForEnd() }
            goOn.blockUntilHappened()
            peer.write("HTTP/1.1 204 No\r\n\r\n")
        }
        async let later = client.fetch(CurlRequest(url: server.url + "/later", limits: .short()))
        let error = await failure { () throws(CurlError) in try await client.fetch(CurlRequest(url: server.url, limits: .short(firstByte: Self.short))) }
        #expect(error == .timedOut(stage: "firstByte"))
        goOn.happen()
        #expect(try await later.status == 204)
    }
}
