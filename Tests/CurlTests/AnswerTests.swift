import Curl
import HTTPTypes
import Testing

/// What servers say, byte for byte, and what comes of it.
struct AnswerTests {
    let client = loopbackClient()

    /// A server that gives `answer` to the first request and then closes.
    private func once(_ answer: String) -> LoopbackServer {
        LoopbackServer { peer in
            if peer.readRequest() != nil { peer.write(answer) }
        }
    }

    private func fetch(_ answer: String, method: String = "GET", limits: CurlRequest.Limits = .init()) async throws(CurlError) -> CurlAnswer {
        let server = once(answer)
        return try await client.fetch(CurlRequest(url: server.url, method: method, limits: limits))
    }

    @Test func `status, fields and body are as sent`() async throws {
        let answer = try await fetch(
            "HTTP/1.1 418 I'm a teapot\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nX-Empty:\r\nX-Spaces: \t v w \t\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\u{1}\u{2}\u{3}z")
        #expect(answer.status == 418)
        #expect(answer.fields.map(\.name.rawName) == ["Set-Cookie", "set-cookie", "X-Empty", "X-Spaces", "Content-Encoding", "Content-Length"])
        #expect(answer.fields.map(\.value) == ["a=1", "b=2", "", "v w", "gzip", "4"])
        #expect(answer.body == [1, 2, 3, 122])
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n02;x=y\r\nde\r\n0\r\n\r\n", 200, "abcde"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Trailer: 1\r\n\r\n", 200, "a"),
        ("HTTP/1.1 200 OK\r\n\r\nuntil the end", 200, "until the end"),
        ("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, "x"),
        ("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, ""),
        ("HTTP/1.1 204 No Content\r\n\r\n", 204, ""),
        ("HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\nETag: \"a\"\r\n\r\n", 304, ""),
        ("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-2/9\r\nContent-Length: 3\r\n\r\nabc", 206, "abc"),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, "x"),
        ("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 7\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: 1\r\n\r\nx", 404, "x"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", 200, "ok"),
        ("HTTP/1.1 520 Other\r\nContent-Length: 0\r\n\r\n", 520, ""),
        ("HTTP/1.1 999 Own\r\nContent-Length: 0\r\n\r\n", 999, ""),
    ])
    func `sound framing is read`(answer: String, status: Int, body: String) async throws {
        let given = try await fetch(answer)
        #expect(given.status == status && given.body == Array(body.utf8))
        #expect(!given.fields.contains(where: { $0.name.rawName == "X-Trailer" || $0.name.rawName == "Link" }))
    }

    @Test(arguments: [
        "Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde", "Content-Length: 5, 5\r\n\r\nabcde", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", "Content-Length: -1\r\n\r\n", "Content-Length: +1\r\n\r\nx", "Content-Length: 1x\r\n\r\nx",
        "Content-Length: 0x1\r\n\r\nx", "Content-Length:\r\n\r\n", "Content-Length: 99999999999999999999\r\n\r\nx", "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: identity\r\n\r\nx", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "Content-Length : 1\r\n\r\nx", "X-A: 1\r\n folded\r\nContent-Length: 1\r\n\r\nx", "no colon\r\nContent-Length: 1\r\n\r\nx", ": none\r\nContent-Length: 1\r\n\r\nx",
        "X (a): 1\r\nContent-Length: 1\r\n\r\nx", "X-Nul: a\u{0}b\r\nContent-Length: 1\r\n\r\nx",
    ])
    func `contradictory or unsound framing is a broken answer`(rest: String) async {
        #expect(await failure { () throws(CurlError) in try await fetch("HTTP/1.1 200 OK\r\n" + rest) } == .brokenAnswer)
    }

    @Test(arguments: [
        "", "H", "garbage\r\n\r\n", "HTTP/1.1\r\n\r\n", "HTTP/1.1 20\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 099 No\r\n\r\n", "HTTP/1.1 abc\r\n\r\n",
        "<html>hello</html>", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nA: b\r\n", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n", "ICY 200 OK\r\n\r\n", "SSH-2.0-OpenSSH\r\n",
    ])
    func `what is no head of HTTP is a broken answer`(answer: String) async {
        #expect(await failure { () throws(CurlError) in try await fetch(answer) } == .brokenAnswer)
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "abc"), ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", ""),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "ab"), ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "abc"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nxyz\r\n", "abc"), ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", ""),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\nabc", ""),
    ])
    func `a body that breaks off gives what came, then the error`(answer: String, part: String) async throws {
        #expect(await failure { () throws(CurlError) in try await fetch(answer) } == .brokenAnswer)
        let server = once(answer)
        let response = try await client.send(CurlRequest(url: server.url))
        #expect(response.status == 200)
        var came: [UInt8] = []
        let error = await failure { () throws(CurlError) in
            while let bytes = try await response.body.next() { came += bytes }
        }
        #expect(error == .brokenAnswer && came == Array(part.utf8))
        #expect(await failure { () throws(CurlError) in try await response.body.collect() } == .brokenAnswer)
    }

    @Test func `HEAD has fields of a body and no body, and keeps the connection`() async throws {
        let server = LoopbackServer.answering { _ in "HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n" }
        for body in [CurlRequest.Body.none, .bytes([1])] {
            let answer = try await client.fetch(CurlRequest(url: server.url, method: "HEAD", body: body))
            #expect(answer.status == 200 && answer.fields[.contentLength] == "12345" && answer.body.isEmpty)
        }
        #expect(server.accepted == 1)
        #expect(server.heads.allSatisfy { $0 == "HEAD / HTTP/1.1\r\nHost: 127.0.0.1:\(server.port)\r\n\r\n" })
    }

    @Test func `bytes after the body belong to nobody`() async throws {
        let answer = try await fetch("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged")
        #expect(answer.body == Array("ok".utf8))
    }

    @Test(arguments: [(64 * 1024, false), (70_000, true), (200_000, true), (400_000, true)])
    func `a head has a limit in bytes`(bytes: Int, isTooLarge: Bool) async throws {
        let start = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Giant: "
        let answer = start + String(repeating: "a", count: bytes - start.utf8.count - 4) + "\r\n\r\nok"
        if isTooLarge {
            #expect(await failure { () throws(CurlError) in try await fetch(answer) } == .tooLarge(what: "head"))
        } else {
            #expect(try await fetch(answer).body == Array("ok".utf8))
        }
    }

    @Test(arguments: [(100, false), (101, true), (20_000, true)])
    func `a head has a limit in fields`(count: Int, isTooLarge: Bool) async throws {
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + String(repeating: "X-A: b\r\n", count: count - 1) + "\r\nok"
        if isTooLarge {
            #expect(await failure { () throws(CurlError) in try await fetch(answer) } == .tooLarge(what: "head"))
        } else {
            #expect(try await fetch(answer).fields.count == 100)
        }
    }

    @Test func `a flood of interim heads is one head too large`() async {
        let answer = String(repeating: "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", count: 3000)
        #expect(await failure { () throws(CurlError) in try await fetch(answer) } == .tooLarge(what: "head"))
    }

    @Test func `trailers count as head`() async {
        let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n" + String(repeating: "X-A: bbbbbbbbbb\r\n", count: 5000) + "\r\n"
        #expect(await failure { () throws(CurlError) in try await fetch(answer) } == .tooLarge(what: "head"))
    }

    @Test func `a body has a limit that is exact`() async throws {
        var limits = CurlRequest.Limits()
        limits.bodyBytes = 1000
        let body = String(repeating: "x", count: 1000)
        let heads = ["HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"]
        for head in heads { #expect(try await fetch(head + body, limits: limits).body.count == 1000) }
        limits.bodyBytes = 999
        for head in heads { #expect(await failure { () throws(CurlError) in try await fetch(head + body, limits: limits) } == .tooLarge(what: "body")) }
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n\(body)\r\n0\r\n\r\n"
        #expect(await failure { () throws(CurlError) in try await fetch(chunked, limits: limits) } == .tooLarge(what: "body"))
        // What a HEAD answer or a 304 says of a length is no body.
        #expect(try await fetch("HTTP/1.1 304 Not Modified\r\nContent-Length: 5000\r\n\r\n", limits: limits).status == 304)
        #expect(try await fetch("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", method: "HEAD", limits: limits).status == 200)
    }

    @Test func `a claimed length reserves nothing that does not come`() async {
        var limits = CurlRequest.Limits()
        limits.bodyBytes = nil
        #expect(await failure { () throws(CurlError) in try await fetch("HTTP/1.1 200 OK\r\nContent-Length: 900000000000000000\r\n\r\nab", limits: limits) } == .brokenAnswer)
    }
}
