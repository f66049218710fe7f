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

    @Test func `what does not speak TLS is refused`() async {
        let server = LoopbackServer { peer in
            _ = peer.read()
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        }
        #expect(await failure { () throws(CurlError) in try await loopbackClient().fetch(CurlRequest(url: "https://127.0.0.1:\(server.port)/")) } == .tlsFailed)
    }
}

/// A TLS server with a certificate of its own, that answers every request with a page. It ends when it is dropped.
final class OpenSSLServer: Sendable {
    static let program = "/usr/bin/openssl"

    private let folder: String
    private let process: pid_t
    private let port: Int

    var url: String { "https://127.0.0.1:\(port)/" }

    /// A client that trusts this server's certificate and no other.
    func client() -> CurlClient {
        CurlClient(CurlSettings(allowedLoopback: true, certificateAuthorities: folder + "/certificate"))
    }

    /// - Parameters:
    ///   - name: the alternative names of the certificate.
    init(name: String, _ arguments: String...) throws {
        var template = Array("/tmp/sheltie-tls-XXXXXX".utf8CString)
        _ = try #require(mkdtemp(&template))
        let folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        self.folder = folder
        let (key, certificate) = (folder + "/key", folder + "/certificate")
        let made = Self.start([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test", "-addext", "subjectAltName=\(name)", "-keyout", key, "-out", certificate,
        ])
        var status: Int32 = 0
        waitpid(made.process, &status, 0)
        close(made.output)
        let server = Self.start(["s_server", "-accept", "127.0.0.1:0", "-www", "-key", key, "-cert", certificate] + arguments)
        process = server.process
        // It says where it listens: "ACCEPT 127.0.0.1:39107".
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while read(server.output, &byte, 1) == 1 {
            if byte == UInt8(ascii: "\n") {
                if line.starts(with: "ACCEPT ".utf8) { break }
                line = []
            } else {
                line.append(byte)
            }
        }
        port = try #require(String(decoding: line, as: UTF8.self).split(separator: ":").last.flatMap { Int($0) })
        close(server.output)
    }

    deinit {
        kill(process, SIGKILL)
        var status: Int32 = 0
        waitpid(process, &status, 0)
        unlink(folder + "/key")
        unlink(folder + "/certificate")
        rmdir(folder)
    }

    /// - Returns: the process, and what it writes.
    private static func start(_ arguments: [String]) -> (process: pid_t, output: Int32) {
        var ends: [Int32] = [0, 0]
        precondition(pipe(&ends) == 0)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var list = ([program] + arguments).map { strdup($0) } + [nil]
        defer { for argument in list { free(argument) } }
        var process: pid_t = 0
        let code = posix_spawn(&process, program, &actions, nil, &list, nil)
        precondition(code == 0, "openssl does not start")
        close(ends[1])
        return (process, ends[0])
    }
}
