import Curl
import HTTPTypes
import Synchronization
import Testing

/// Connections, streams, and how they end.
struct TransferTests {
    let client = loopbackClient()

    static let mebibyte = 1 << 20

    @Test func `a connection is kept for the next request`() async throws {
        let server = LoopbackServer.answering { _ in "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" }
        for _ in 0..<20 {
            #expect(try await client.fetch(CurlRequest(url: server.url)).body.count == 2)
            #expect(try await client.send(CurlRequest(url: server.url, method: "POST", body: .bytes([1]))).body.collect().count == 2)
        }
        #expect(server.accepted == 1 && server.heads.count == 40)
    }

    @Test(arguments: [0, 8])
    func `two hundred requests at once are all answered`(connectionsPerHost: Int) async throws {
        let client = loopbackClient(connectionsPerHost: connectionsPerHost)
        let server = LoopbackServer.answering { request in
            let number = request.head.split(separator: " ")[1]
            return "HTTP/1.1 200 OK\r\nContent-Length: \(number.utf8.count)\r\n\r\n\(number)"
        }
        try await withThrowingTaskGroup { group in
            for number in 0..<200 {
                group.addTask {
                    let answer = try await client.fetch(CurlRequest(url: server.url + "/\(number)", limits: .short()))
                    #expect(answer.body == Array("/\(number)".utf8))
                }
            }
            try await group.waitForAll()
        }
        #expect(server.heads.count == 200)
        #expect(connectionsPerHost == 0 || server.accepted <= connectionsPerHost)
    }

    @Test func `64 MiB down: a reader that does not read holds the peer back`() async throws {
        let count = 64 * Self.mebibyte
        let other = LoopbackServer.answering { _ in "HTTP/1.1 204 No\r\n\r\n" }
        let server = WrittenServer(count: count)
        var limits = CurlRequest.Limits.short()
        limits.bodyBytes = nil
        let response = try await client.send(CurlRequest(url: server.server.url, limits: limits))
        // Many turns of the thread, in which it could read on.
        for _ in 0..<300 { _ = try await client.fetch(CurlRequest(url: other.url)) }
        #expect(server.written < 16 * Self.mebibyte)
        var read = 0
        while let bytes = try await response.body.next() {
            #expect(bytes.count <= 512 * 1024)
            #expect(bytes == pattern(from: read, count: bytes.count))
            read += bytes.count
        }
        #expect(read == count)
    }

    @Test func `64 MiB collected are whole`() async throws {
        let count = 64 * Self.mebibyte
        let server = WrittenServer(count: count)
        var limits = CurlRequest.Limits.short()
        limits.bodyBytes = count
        let bytes = try await client.send(CurlRequest(url: server.server.url, limits: limits)).body.collect()
        #expect(bytes == pattern(from: 0, count: count))
        #expect(try await client.fetch(CurlRequest(url: server.server.url, limits: limits)).body == bytes)
    }

    @Test(arguments: [true, false])
    func `64 MiB up: a peer that does not read holds the source back`(isLengthKnown: Bool) async throws {
        let count = 64 * Self.mebibyte
        let goOn = Signal()
        let server = LoopbackServer { peer in
            // The first request is the upload; it is read only after the source has stood still.
            guard let head = peer.readHead() else { return }
            goOn.blockUntilHappened()
            var check = PatternCheck()
            if head.contains("chunked") {
                peer.readChunked { check.add($0) }
            } else {
                while check.count < count {
                    let more = peer.read()
                    if more.isEmpty { break }
                    check.add(more)
                }
            }
            let body = "\(check.count) \(check.isIntact)"
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        }
        let other = LoopbackServer.answering { _ in "HTTP/1.1 204 No\r\n\r\n" }
        let source = PatternSource(count: count)
        let request = CurlRequest(
            url: server.url, method: "POST", body: .stream(length: isLengthKnown ? count : nil, { await source.next() }), limits: .short())
        async let answer = client.fetch(request)
        // The source stands still once all buffers are full: it has given nothing while many other requests passed.
        var before = -1
        while await source.given != before || before <= 0 {
            before = await source.given
            for _ in 0..<300 { _ = try await client.fetch(CurlRequest(url: other.url)) }
        }
        #expect(before < 24 * Self.mebibyte)
        goOn.happen()
        #expect(try await answer.body == Array("\(count) true".utf8))
    }

    @Test(arguments: [302, 413, 500], [true, false])
    func `an early answer that is no success ends the sending and cancels the source`(status: Int, isStarving: Bool) async throws {
        let server = LoopbackServer { peer in
            guard peer.readHead() != nil else { return }
            peer.write("HTTP/1.1 \(status) Early\r\nContent-Length: 5\r\n\r\nearly")
            peer.waitUntilClosed()
        }
        let given = Atomic(0)
        let source: @Sendable () async throws -> [UInt8]? = {
            let place = given.add(1000, ordering: .sequentiallyConsistent).oldValue
            if !isStarving || place == 0 { return pattern(from: place, count: 1000) }
            // Ends by the cancellation only: an answer means that it came.
            await waitForCancellation()
            return nil
        }
        for length in [64_000_000, nil] {
            given.store(0, ordering: .sequentiallyConsistent)
            let request = CurlRequest(url: server.url, method: "POST", body: .stream(length: length, source), limits: .short())
            let answer = try await client.fetch(request)
            #expect(answer.status == status && answer.body == Array("early".utf8))
            #expect(given.load(ordering: .sequentiallyConsistent) < 24_000_000)
        }
    }

    @Test(arguments: [3, 5])
    func `a source that gives another length ends the request`(given: Int) async {
        let server = LoopbackServer { peer in
            if peer.readHead() != nil { peer.waitForEnd() }
        }
        let source = PatternSource(count: given)
        let request = CurlRequest(url: server.url, method: "PUT", body: .stream(length: 4, { await source.next() }))
        #expect(await failure { () throws(CurlError) in try await client.fetch(request) } == .cancelled)
    }

    @Test func `a source that fails ends the request`() async {
        let server = LoopbackServer { peer in
            if peer.readHead() != nil { peer.waitForEnd() }
        }
        struct Gone: Error {}
        let request = CurlRequest(url: server.url, method: "PUT", body: .stream(length: nil, { throw Gone() }))
        #expect(await failure { () throws(CurlError) in try await client.send(request) } == .cancelled)
    }

    /// How far the answer is when the task is cancelled.
    enum Stage: CaseIterable { case beforeHead, inBody, collecting, fetching }

    @Test(arguments: Stage.allCases)
    func `a cancelled task returns at once and the peer sees the end`(stage: Stage) async {
        let reached = Signal()
        let peerSawEnd = Signal()
        let server = LoopbackServer { peer in
            guard peer.readHead() != nil else { return }
            if stage != .beforeHead { peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc") }
            if stage == .beforeHead || stage == .fetching { reached.happen() }
            peer.waitForEnd()
            peerSawEnd.happen()
        }
        let client = client
        let task = Task { () -> CurlError? in
            let request = CurlRequest(url: server.url, limits: .short())
            return await failure { () throws(CurlError) in
                if stage == .fetching { return _ = try await client.fetch(request) }
                let body = try await client.send(request).body
                _ = try await body.next()
                reached.happen()
                if stage == .collecting { return _ = try await body.collect() }
                _ = try await body.next()
            }
        }
        await reached.wait()
        let clock = ContinuousClock()
        let start = clock.now
        task.cancel()
        #expect(await task.value == .cancelled)
        #expect(clock.now - start < .seconds(5))
        await peerSawEnd.wait()
    }

    @Test func `a request of a cancelled task is not sent`() async {
        let server = LoopbackServer.answering { _ in "HTTP/1.1 204 No\r\n\r\n" }
        let client = client
        let task = Task { () -> CurlError? in
            await waitForCancellation()
            return await failure { () throws(CurlError) in try await client.fetch(CurlRequest(url: server.url)) }
        }
        task.cancel()
        #expect(await task.value == .cancelled)
    }

    @Test func `dropping an answer unread ends its transfer`() async throws {
        let peerSawEnd = Signal()
        let server = LoopbackServer { peer in
            guard peer.readHead() != nil else { return }
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
            peer.waitForEnd()
            peerSawEnd.happen()
        }
        #expect(try await client.send(CurlRequest(url: server.url, limits: .short())).status == 200)
        await peerSawEnd.wait()
    }

    @Test func `shutdown ends what is on its way, and what comes later`() async throws {
        let server = LoopbackServer { peer in
            guard peer.readHead() != nil else { return }
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
            peer.waitForEnd()
        }
        let body = try await client.send(CurlRequest(url: server.url, limits: .short())).body
        async let second = failure { () throws(CurlError) in try await client.fetch(CurlRequest(url: server.url, limits: .short())) }
        client.shutdown()
        client.shutdown()
        #expect(await failure { () throws(CurlError) in try await body.collect() } == .cancelled)
        #expect(await second == .cancelled)
        #expect(await failure { () throws(CurlError) in try await client.fetch(CurlRequest(url: server.url)) } == .cancelled)
    }

    @Test func `a dropped client ends what is on its way`() async throws {
        let server = LoopbackServer { peer in
            guard peer.readHead() != nil else { return }
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
            peer.waitForEnd()
        }
        let body = try await loopbackClient().send(CurlRequest(url: server.url, limits: .short())).body
        #expect(await failure { () throws(CurlError) in try await body.collect() } == .cancelled)
    }

    /// A server that answers the first request on a connection and drops the connection at the second.
    private func forgetfulServer() -> LoopbackServer {
        LoopbackServer { peer in
            if peer.readRequest() != nil { peer.write("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx") }
            _ = peer.readRequest()
        }
    }

    @Test func `a lost request that may have acted is not repeated`() async throws {
        let server = forgetfulServer()
        _ = try await client.fetch(CurlRequest(url: server.url))
        let request = CurlRequest(url: server.url, method: "POST", body: .bytes([1]))
        #expect(await failure { () throws(CurlError) in try await client.fetch(request) } == .brokenAnswer)
        #expect(server.heads.count == 2 && server.heads.filter { $0.hasPrefix("POST") }.count == 1)
    }

    @Test func `a lost GET on a kept connection is sent once more`() async throws {
        let server = forgetfulServer()
        _ = try await client.fetch(CurlRequest(url: server.url))
        #expect(try await client.fetch(CurlRequest(url: server.url)).body.count == 1)
        #expect(server.accepted == 2 && server.heads.count == 3)
    }

    @Test func `where nobody listens is no connection`() async {
        let server = LoopbackServer(accepting: false, backlog: nil) { _ in }
        #expect(await failure { () throws(CurlError) in try await client.fetch(CurlRequest(url: server.url)) } == .cannotConnect)
    }
}
