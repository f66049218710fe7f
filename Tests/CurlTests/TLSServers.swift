import Curl
import Glibc
import Testing

/// A process, and what it writes.
private struct Child: Sendable {
    let process: pid_t
    let output: Int32

    init(_ arguments: [String]) {
        var ends: [Int32] = [0, 0]
        precondition(pipe(&ends) == 0)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var list = arguments.map { strdup($0) } + [nil]
        defer { for argument in list { free(argument) } }
        var process: pid_t = 0
        let code = posix_spawn(&process, arguments[0], &actions, nil, &list, nil)
        precondition(code == 0, "\(arguments[0]) does not start")
        close(ends[1])
        self.process = process
        output = ends[0]
    }

    var hasEnded: Bool {
        var status: Int32 = 0
        return waitpid(process, &status, WNOHANG) != 0
    }

    func waitForEnd() {
        var status: Int32 = 0
        waitpid(process, &status, 0)
        close(output)
    }
}

/// A folder with a key and a certificate that signs itself, for these alternative names. It goes when it is dropped.
private final class CertificateFolder: Sendable {
    let path: String
    var key: String { path + "/key" }
    var certificate: String { path + "/certificate" }

    init(name: String) throws {
        var template = Array("/tmp/sheltie-tls-XXXXXX".utf8CString)
        _ = try #require(mkdtemp(&template))
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        Child([
            OpenSSLServer.program, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=test", "-addext", "subjectAltName=\(name)",
            "-keyout", key, "-out", certificate,
        ]).waitForEnd()
    }

    deinit { Child(["/bin/rm", "-r", path]).waitForEnd() }

    /// A client that trusts this certificate and no other.
    func client() -> CurlClient {
        CurlClient(CurlSettings(allowedLoopback: true, certificateAuthorities: certificate))
    }
}

/// A server for HTTP/2 that answers every request with its own address. It ends when it is dropped.
final class NginxServer: Sendable {
    static let program = "/usr/sbin/nginx"

    private let folder: CertificateFolder
    private let child: Child
    private let port: UInt16

    var url: String { "https://127.0.0.1:\(port)" }
    func client() -> CurlClient { folder.client() }

    /// - Parameter inner: the port of a server that upgrades under `/tunnel` are passed to.
    init(before inner: UInt16 = 1) throws {
        folder = try CertificateFolder(name: "IP:127.0.0.1")
        port = LoopbackServer(accepting: false, backlog: nil) { _ in }.port
        let path = folder.path
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map { "\($0)_temp_path \(path)/\($0);" }.joined(separator: " ")
        let text = """
            daemon off; worker_processes 1; pid \(path)/pid; error_log \(path)/errors;
            events {}
            http { access_log off; keepalive_requests 100000; \(temporary)
            server { listen 127.0.0.1:\(port) ssl http2; ssl_certificate \(folder.certificate); ssl_certificate_key \(folder.key);
            location /tunnel { proxy_pass http://127.0.0.1:\(inner); proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; }
            location / { return 200 $server_protocol$request_uri; } } }
            """
        let file = try #require(fopen(path + "/conf", "w"))
        fputs(text, file)
        fclose(file)
        child = Child([Self.program, "-p", path, "-c", path + "/conf"])
        while !child.hasEnded && !isListening(port) { sched_yield() }
    }

    deinit {
        kill(child.process, SIGTERM)
        child.waitForEnd()
    }
}

/// A TLS server with a certificate of its own, that answers every request with a page. It ends when it is dropped.
final class OpenSSLServer: Sendable {
    static let program = "/usr/bin/openssl"

    private let folder: CertificateFolder
    private let process: pid_t
    private let port: Int

    var url: String { "https://127.0.0.1:\(port)/" }

    func client() -> CurlClient { folder.client() }

    /// - Parameters:
    ///   - name: the alternative names of the certificate.
    init(name: String, _ arguments: String...) throws {
        folder = try CertificateFolder(name: name)
        let server = Child([Self.program, "s_server", "-accept", "127.0.0.1:0", "-www", "-key", folder.key, "-cert", folder.certificate] + arguments)
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
    }
}
