import Curl
import HTTPTypes
import Testing

private let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

/// What arrives is what the caller said, and nothing else.
struct RequestTests {
    let client = loopbackClient()
    let server = LoopbackServer.answering { _ in ok }
    var host: String { "127.0.0.1:\(server.port)" }

    @Test func `a bare request is two lines`() async throws {
        let answer = try await client.fetch(CurlRequest(url: server.url))
        #expect(answer.status == 200 && answer.body == Array("ok".utf8))
        #expect(server.heads == ["GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n"])
    }

    @Test(arguments: [
        "/", "/a//b/../c/./d", "/%7e%2F%00?types[]=a&types[]=b", "/?q=%20+%2B&&=", "/api/v1/@a%40b|c\\d^{e}\"<>`", "/ü?ß", "/?a?b/../c", "?only=query",
        "/;x=1,2:3@4!$'()*",
    ])
    func `path and query arrive byte for byte`(target: String) async throws {
        _ = try await client.fetch(CurlRequest(url: server.url + target))
        let sent = target.hasPrefix("?") ? "/" + target : target
        #expect(server.heads.first?.hasPrefix("GET \(sent) HTTP/1.1\r\n") == true)
    }

    @Test func `the caller's fields arrive in their order, also empty and repeated ones`() async throws {
        var fields: HTTPFields = [.userAgent: "Elk/1", .accept: "text/html", .acceptEncoding: "br"]
        for (name, value) in [("X-Empty", ""), ("X-Twice", "1"), ("x-twice", "2"), ("X-Semi", "a;b: c"), ("Content-Type", "a/b"), ("Cookie", "c=d")] {
            fields.append(HTTPField(name: try #require(HTTPField.Name(name)), value: value))
        }
        fields.append(HTTPField(name: try #require(HTTPField.Name("X-Utf8")), value: "grün"))
        fields.append(HTTPField(name: .authorization, value: "Bearer t"))
        _ = try await client.fetch(CurlRequest(url: server.url, fields: fields))
        #expect(
            server.heads == [
                "GET / HTTP/1.1\r\nHost: \(host)\r\nUser-Agent: Elk/1\r\nAccept: text/html\r\nAccept-Encoding: br\r\nX-Empty:\r\nX-Twice: 1\r\nx-twice: 2\r\n"
                    + "X-Semi: a;b: c\r\nContent-Type: a/b\r\nCookie: c=d\r\nX-Utf8: grün\r\nAuthorization: Bearer t\r\n\r\n"
            ])
    }

    @Test func `a field's bytes need not be UTF-8`() async throws {
        let server = LoopbackServer { peer in
            var bytes: [UInt8] = []
            while !bytes.suffix(4).elementsEqual([13, 10, 13, 10]) { bytes += peer.read(1) }
            let isThere = bytes.split(separator: 10).contains { $0.elementsEqual(Array("X-Raw: ".utf8) + [0xFC, 0xE9, 13]) }
            peer.write("HTTP/1.1 \(isThere ? 200 : 500) \r\nX-Raw: ".utf8 + [0xFC, 0xE9] + "\r\nContent-Length: 0\r\n\r\n".utf8)
        }
        let name = try #require(HTTPField.Name("X-Raw"))
        let answer = try await client.fetch(CurlRequest(url: server.url, fields: HTTPFields([HTTPField(name: name, value: [0xFC, 0xE9] as [UInt8])])))
        #expect(answer.status == 200)
        let raw = try #require(answer.fields[fields: name].first)
        #expect(raw.withUnsafeBytesOfValue { Array($0) } == [0xFC, 0xE9])
    }

    @Test func `the caller's host field replaces ours`() async throws {
        let fields: HTTPFields = [try #require(HTTPField.Name("Host")): "other.example"]
        _ = try await client.fetch(CurlRequest(url: server.url, fields: fields))
        #expect(server.heads == ["GET / HTTP/1.1\r\nHost: other.example\r\n\r\n"])
    }

    @Test func `framing fields of the caller are left out`() async throws {
        let fields: HTTPFields = [.contentLength: "9999", .transferEncoding: "chunked", .expect: "100-continue"]
        _ = try await client.fetch(CurlRequest(url: server.url, method: "POST", fields: fields, body: .bytes([1, 2, 3])))
        #expect(server.heads == ["POST / HTTP/1.1\r\nHost: \(host)\r\nContent-Length: 3\r\n\r\n"])
    }

    @Test(arguments: ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "get", "M-SEARCH"])
    func `a method arrives as it is, and without a body only some say a length`(method: String) async throws {
        let length = ["POST", "PUT", "PATCH"].contains(method) ? "Content-Length: 0\r\n" : ""
        let bodies: [CurlRequest.Body] = [.none, .bytes([]), .stream(length: 0) { nil }]
        for body in bodies { _ = try await client.fetch(CurlRequest(url: server.url, method: method, body: body)) }
        #expect(server.heads == Array(repeating: "\(method) / HTTP/1.1\r\nHost: \(host)\r\n\(length)\r\n", count: 3))
        #expect(server.accepted == 1)
    }

    @Test(arguments: ["GET", "POST", "PUT", "PATCH", "DELETE", "QUERY"])
    func `a body arrives with every method, its length known or not`(method: String) async throws {
        let echo = LoopbackServer.answering { request in
            "HTTP/1.1 200 OK\r\nContent-Length: \(request.body.count)\r\n\r\n" + String(decoding: request.body, as: UTF8.self)
        }
        let bytes = Array("status=hello world".utf8)
        let bodies: [CurlRequest.Body] = [.bytes(bytes), .stream(length: bytes.count, pieces(bytes)), .stream(length: nil, pieces(bytes))]
        for body in bodies {
            let answer = try await client.fetch(CurlRequest(url: echo.url, method: method, body: body))
            #expect(answer.body == bytes)
        }
        let start = "\(method) / HTTP/1.1\r\nHost: 127.0.0.1:\(echo.port)\r\n"
        #expect(echo.heads == [start + "Content-Length: 18\r\n\r\n", start + "Content-Length: 18\r\n\r\n", start + "Transfer-Encoding: chunked\r\n\r\n"])
        #expect(echo.accepted == 1)
    }

    @Test func `a proxy of the environment is not used`() async throws {
        let proxy = LoopbackServer.answering { _ in ok }
        for name in ["http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] { setEnvironment(name, proxy.url) }
        defer { for name in ["http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] { setEnvironment(name, nil) } }
        _ = try await client.fetch(CurlRequest(url: server.url))
        #expect(server.accepted == 1 && proxy.accepted == 0)
    }
}

/// One byte, then the rest, with an empty piece between.
private func pieces(_ bytes: [UInt8]) -> @Sendable () async throws -> [UInt8]? {
    let source = Pieces([Array(bytes.prefix(1)), [], Array(bytes.dropFirst())])
    return { await source.next() }
}

private actor Pieces {
    private var rest: [[UInt8]]
    init(_ pieces: [[UInt8]]) { rest = pieces }
    func next() -> [UInt8]? { rest.isEmpty ? nil : rest.removeFirst() }
}
