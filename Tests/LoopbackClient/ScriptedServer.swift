import Glibc
import Synchronization

/// A request as it came over the wire.
public struct ScriptedRequest: Sendable {
    public let method: String
    public let target: String
    public let headers: [(name: String, value: String)]
    public let body: [UInt8]

    public var path: Substring { target.prefix { $0 != "?" } }

    /// The first value, by name in any case.
    public subscript(name: String) -> String? { headers.first { $0.name.lowercased() == name.lowercased() }?.value }
}

/// The server's end of one connection.
public struct ScriptedConnection: Sendable {
    fileprivate let descriptor: Int32

    /// - Returns: false when the client has gone.
    @discardableResult
    public func write(_ bytes: [UInt8]) -> Bool {
        var offset = 0
        while offset < bytes.count {
            let sent = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress.map { $0 + offset }, bytes.count - offset, Int32(MSG_NOSIGNAL)) }
            if sent <= 0 { return false }
            offset += sent
        }
        return true
    }

    @discardableResult
    public func write(_ text: String) -> Bool { write(Array(text.utf8)) }

    /// A whole answer with its length.
    public func answer(_ status: Int = 200, _ headers: [(String, String)] = [("Content-Type", "application/json")], _ body: [UInt8] = []) {
        var head = "HTTP/1.1 \(status) Scripted\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        write(Array((head + "Content-Length: \(body.count)\r\n\r\n").utf8) + body)
    }

    public func answer(_ status: Int = 200, _ headers: [(String, String)] = [("Content-Type", "application/json")], _ body: String) {
        answer(status, headers, Array(body.utf8))
    }

    /// Ends both directions.
    public func close() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// Says nothing more until the client goes, 60 s at most.
    public func waitUntilClosed() {
        // POLLRDHUP, which Glibc's module leaves out.
        var state = pollfd(fd: descriptor, events: 0x2000, revents: 0)
        poll(&state, 1, 60_000)
    }

    /// One byte a `pause` of milliseconds until the client goes, at most `limit` of them.
    public func drip(_ bytes: [UInt8], pause: Int32, limit: Int) {
        for byte in bytes.prefix(limit) {
            guard write([byte]) else { return }
            var state = pollfd(fd: descriptor, events: 0x2000, revents: 0)
            if poll(&state, 1, pause) != 0 { return }
        }
    }

    /// The bytes that are there, at most `count`; empty when the client has gone.
    public func read(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = max(0, recv(descriptor, buffer.baseAddress, count, 0))
        }
    }
}

/// A server on a free loopback port that answers each request as a test scripts it, byte for byte, each connection on a
/// thread of its own. It ends, with all connections, when it is dropped.
public final class ScriptedServer: Sendable {
    public let port: Int
    private let listener: Int32
    private let shared = Shared()

    private final class Shared: Sendable {
        let open = Mutex<Set<Int32>>([])
        let requests = Mutex<[ScriptedRequest]>([])
    }

    /// What has come, in order.
    public var requests: [ScriptedRequest] { shared.requests.withLock { $0 } }
    public var authority: String { "127.0.0.1:\(port)" }

    public init(_ script: @escaping @Sendable (ScriptedRequest, ScriptedConnection) -> Void) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        precondition(isBound && listen(listener, 512) == 0, "no free port")
        self.listener = listener
        port = Int(UInt16(bigEndian: address.sin_port))
        let shared = shared
        startThread {
            while true {
                let descriptor = accept(listener, nil, nil)
                if descriptor < 0 { return }
                shared.open.withLock { _ = $0.insert(descriptor) }
                startThread {
                    Self.converse(ScriptedConnection(descriptor: descriptor), shared, script)
                    // Inside the lock: the number may be given to a new connection as soon as it is closed.
                    shared.open.withLock {
                        $0.remove(descriptor)
                        Glibc.close(descriptor)
                    }
                }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        Glibc.close(listener)
        shared.open.withLock { for descriptor in $0 { shutdown(descriptor, Int32(SHUT_RDWR)) } }
    }

    private static func converse(
        _ connection: ScriptedConnection, _ shared: Shared, _ script: (ScriptedRequest, ScriptedConnection) -> Void
    ) {
        var wait = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(connection.descriptor, SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(connection.descriptor, SOL_SOCKET, SO_SNDTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
        var buffer: [UInt8] = []
        while let request = nextRequest(connection, &buffer) {
            shared.requests.withLock { $0.append(request) }
            script(request, connection)
            if request["Connection"]?.lowercased() == "close" { break }
        }
    }

    private static func nextRequest(_ connection: ScriptedConnection, _ buffer: inout [UInt8]) -> ScriptedRequest? {
        func more() -> Bool {
            let bytes = connection.read(65_536)
            buffer += bytes
            return !bytes.isEmpty
        }
        var searched = 0
        var end: Int?
        while end == nil {
            end = buffer[searched...].firstRange(of: Array("\r\n\r\n".utf8))?.lowerBound
            searched = max(0, buffer.count - 3)
            if end == nil, !more() { return nil }
        }
        guard let end else { return nil }
        let lines = String(decoding: buffer[..<end], as: UTF8.self).split(separator: "\r\n")
        buffer.removeFirst(end + 4)
        let first = lines[0].split(separator: " ")
        let headers = lines.dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            return (name: String(parts[0]), value: parts.count > 1 ? String(parts[1].drop { $0 == " " }) : "")
        }
        func value(_ name: String) -> String? { headers.first { $0.name.lowercased() == name }?.value }
        var body: [UInt8] = []
        if value("transfer-encoding")?.lowercased() == "chunked" {
            while true {
                var line: Range<Int>?
                while true {
                    line = buffer.firstRange(of: [13, 10])
                    if line != nil || !more() { break }
                }
                guard let line, let size = Int(String(decoding: buffer[..<line.lowerBound], as: UTF8.self), radix: 16) else { return nil }
                while buffer.count < line.upperBound + size + 2 { if !more() { return nil } }
                body += buffer[line.upperBound..<line.upperBound + size]
                buffer.removeFirst(line.upperBound + size + 2)
                if size == 0 { break }
            }
        } else {
            let length = value("content-length").flatMap { Int($0) } ?? 0
            while buffer.count < length { if !more() { return nil } }
            body = Array(buffer[..<length])
            buffer.removeFirst(length)
        }
        guard first.count >= 2 else { return nil }
        return ScriptedRequest(method: String(first[0]), target: String(first[1]), headers: headers, body: body)
    }
}

/// A thread of its own: those of Dispatch are few, and a script may block for long.
private func startThread(_ body: @escaping @Sendable () -> Void) {
    final class Start: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let start = Unmanaged.passRetained(Start(body))
    let code = pthread_create(
        &thread, nil,
        { context in
            guard let context else { return nil }
            Unmanaged<Start>.fromOpaque(context).takeRetainedValue().body()
            return nil
        }, start.toOpaque())
    precondition(code == 0, "no thread")
    pthread_detach(thread)
}
