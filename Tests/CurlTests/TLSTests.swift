import Curl
import Glibc
import Testing

/// Against `openssl s_server`, which most systems have.
@Suite(.enabled(if: access(OpenSSLServer.program, X_OK) == 0, "no openssl program"))
struct TLSTests {
    @Test func `a certificate of an unknown authority is refused`() async throws {
        let server = try OpenSSLServer(name: "IP:127.0.0.1")
        #expect(await failure { () throws(CurlError) in try await loopbackClient().fetch(CurlRequest(url: server.url)) } == .tlsFailed)
    }

    @Test func `a certificate of a given authority is taken, and TLS 1.2 is enough`() async throws {
        for version in ["-tls1_2", "-tls1_3"] {
            let server = try OpenSSLServer(name: "IP:127.0.0.1", version)
            #expect(try await server.client().fetch(CurlRequest(url: server.url)).status == 200)
        }
    }

    @Test func `a certificate for another name is refused`() async throws {
        let server = try OpenSSLServer(name: "IP:127.0.0.2,DNS:localhost")
        #expect(await failure { () throws(CurlError) in try await server.client().fetch(CurlRequest(url: server.url)) } == .tlsFailed)
    }

    @Test func `TLS below 1_2 is refused`() async throws {
        let server = try OpenSSLServer(name: "IP:127.0.0.1", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
        #expect(await failure { () throws(CurlError) in try await server.client().fetch(CurlRequest(url: server.url)) } == .tlsFailed)
    }

    @Test(.enabled(if: access(NginxServer.program, X_OK) == 0, "no nginx program"))
    func `HTTP/2 is spoken where offered, many requests at once on kept handles`() async throws {
        let server = try NginxServer()
        let client = server.client()
        for round in 0..<5 {
            try await withThrowingTaskGroup { group in
                for number in 0..<40 {
                    group.addTask {
                        let answer = try await client.fetch(CurlRequest(url: server.url + "/\(round)/\(number)?ü"))
                        #expect(answer.status == 200 && answer.body == Array("HTTP/2.0/\(round)/\(number)?ü".utf8))
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `what does not speak TLS is refused`() async {
        let server = LoopbackServer { peer in
            _ = peer.read()
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        }
        #expect(await failure { () throws(CurlError) in try await loopbackClient().fetch(CurlRequest(url: "https://127.0.0.1:\(server.port)/")) } == .tlsFailed)
    }
}
