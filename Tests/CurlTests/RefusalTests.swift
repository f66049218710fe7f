import Curl
import HTTPTypes
import Testing

private let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

/// What is never sent: nothing of these may even open a connection.
struct RefusalTests {
    let client = loopbackClient()
    let server = LoopbackServer.answering { _ in ok }

    static let hostile = [
        "a\r\nX-Injected: 1", "a\nX-Injected: 1", "a\rX", "\r\n\r\nGET /second HTTP/1.1\r\nHost: x\r\n\r\n", "a\u{0}b", "\u{0}", "a\u{1}", "a\u{8}",
        "a\u{B}b", "a\u{C}b", "a\u{1B}[0m", "a\u{1F}", "a\u{7F}b", "\u{7F}",
    ]

    @Test(arguments: hostile)
    func `a control byte in a value is refused`(value: String) async throws {
        // A lenient value keeps all but line breaks and zero; those it turns into spaces, so they cannot arrive either.
        let fields = HTTPFields([HTTPField(name: .userAgent, lenientValue: Array(value.utf8))])
        let isKept = fields[.userAgent] == value
        let request = CurlRequest(url: server.url, fields: fields)
        if isKept {
            #expect(await failure { () throws(CurlError) in try await client.fetch(request) } == .invalidField(name: "User-Agent"))
            #expect(server.accepted == 0)
        } else {
            _ = try await client.fetch(request)
            #expect(server.heads.allSatisfy { !$0.contains("\r\nX-Injected") && !$0.contains("second HTTP/1.1\r\n") })
            #expect(server.heads.count == 1)
        }
    }

    @Test(arguments: hostile + ["", " ", "GET ", " GET", "G ET", "GET\t", "GET /x HTTP/1.1", "GÉT", "G:T", "G/T", "G(T", "\"GET\"", "CONNECT", String(repeating: "A", count: 65)])
    func `what is not a method is refused`(method: String) async {
        #expect(await failure { () throws(CurlError) in try await client.fetch(CurlRequest(url: server.url, method: method)) } == .invalidMethod)
        #expect(server.accepted == 0)
    }

    @Test(arguments: hostile + [" ", "/a b", "#x", "?q=a b", "?#", "\u{7F}"])
    func `what is not a target is refused`(target: String) async {
        let request = CurlRequest(url: server.url + "/" + target)
        #expect(await failure { () throws(CurlError) in try await client.fetch(request) } == .invalidURL)
        #expect(server.accepted == 0)
    }

    @Test(arguments: [
        "", "/", "127.0.0.1", "//127.0.0.1/", "http:", "http:/", "http://", "http:///", "http://?x", "http:127.0.0.1", "http:\\\\127.0.0.1", "file:///etc/passwd",
        "ftp://127.0.0.1/", "gopher://127.0.0.1/", "ws://127.0.0.1/", "javascript:1", "http://user@127.0.0.1/", "http://user:pw@127.0.0.1/", "http://@127.0.0.1/",
        "http://a%40b@127.0.0.1/", "http://127.0.0.1\\@x/", "http://127.0.0.1%00.x/", "http://ex%61mple.com/", "http://exämple.com/", "http://[::1/", "http://::1/",
        "http://[127.0.0.1]/", "http://[fe80::1%25lo]/", "http://[::1]x/", "http://[::1]:/", "http://127.0.0.1:", "http://127.0.0.1:0/", "http://127.0.0.1:65536/",
        "http://127.0.0.1:1000000/", "http://127.0.0.1:80:80/", "http://127.0.0.1:+80/", "http://127.0.0.1:8O/", "http://a,b/", "http://a;b/", "http://{a}/",
        "http://\(String(repeating: "a", count: 254))/", " http://127.0.0.1/", "hhttp://127.0.0.1/",
    ])
    func `what is not an absolute address of http is refused`(url: String) async {
        #expect(await failure { () throws(CurlError) in try await client.fetch(CurlRequest(url: url)) } == .invalidURL)
    }

    @Test(arguments: ["", "a b", "a/b", "u@h", "a,b", "h:99999"])
    func `what is not a host is refused as a host field`(host: String) async throws {
        let fields: HTTPFields = [try #require(HTTPField.Name("Host")): host]
        #expect(await failure { () throws(CurlError) in try await client.fetch(CurlRequest(url: server.url, fields: fields)) } == .invalidField(name: "Host"))
        #expect(server.accepted == 0)
    }

    @Test func `two host fields are refused`() async throws {
        let name = try #require(HTTPField.Name("Host"))
        let fields = HTTPFields([HTTPField(name: name, value: "a.example"), HTTPField(name: name, value: "b.example")])
        #expect(await failure { () throws(CurlError) in try await client.fetch(CurlRequest(url: server.url, fields: fields)) } == .invalidField(name: "Host"))
    }

    @Test func `http is refused unless loopback is allowed`() async {
        let client = CurlClient(CurlSettings())
        #expect(await failure { () throws(CurlError) in try await client.fetch(CurlRequest(url: server.url)) } == .schemeRefused)
        #expect(server.accepted == 0)
    }

    /// TEST-NET-1 and a private address: nothing answers there, and nothing is asked.
    @Test(arguments: ["http://192.0.2.1/", "http://10.0.0.1/", "http://8.8.8.8/", "http://[2606:4700::1111]/"])
    func `http leaves the machine never`(url: String) async {
        #expect(await failure { () throws(CurlError) in try await client.fetch(CurlRequest(url: url)) } == .schemeRefused)
    }

    @Test(arguments: [
        "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0x7F.1", "017700000001", "0177.0.0.1", "0177.1", "127.0.0.1.", "0", "0.0.0.0",
        "00000177.0.0.1", "127.000.000.001", "0x7f.0x0.0x0.0x1", "localhost", "LOCALHOST", "localhost.", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
        "[0:0:0:0:0:0:0:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[2001::1]", "[fe80::1]", "[fc00::1]", "10.0.0.1", "169.254.169.254",
        "192.168.1.1", "172.16.0.1", "100.64.0.1", "255.255.255.255", "224.0.0.1", "0xa9fea9fe", "2852039166",
    ])
    func `an inner address is refused in every spelling, before a connection`(host: String) async {
        let client = CurlClient(CurlSettings())
        let error = await failure { () throws(CurlError) in try await client.fetch(CurlRequest(url: "https://\(host):\(server.port)/", limits: .short(connect: .seconds(5)))) }
        #expect(error == .addressRefused || error == .cannotResolve)
        #expect(server.accepted == 0)
    }

    @Test func `a redirect is an answer like others`() async throws {
        let other = LoopbackServer.answering { _ in ok }
        let target = other.url
        let server = LoopbackServer.answering { _ in "HTTP/1.1 302 Found\r\nLocation: \(target)/\r\nContent-Length: 0\r\n\r\n" }
        let answer = try await client.fetch(CurlRequest(url: server.url))
        #expect(answer.status == 302 && answer.fields[.location] == "\(target)/")
        #expect(other.accepted == 0)
    }
}
