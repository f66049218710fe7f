import Glibc
import Synchronization

/// A server on a free loopback port that does byte for byte what a test scripts: each connection runs the script on a
/// thread of its own. It ends, with all connections, when it is dropped.
final class LoopbackServer: Sendable {
    let port: UInt16
    private let listener: Int32
    private let isAccepting: Bool
    private let shared: Shared

    final class Shared: Sendable {
        let open = Mutex<Set<Int32>>([])
        let accepted = Atomic(0)
        let heads = Mutex<[String]>([])
    }

    /// Connections so far.
    var accepted: Int { shared.accepted.load(ordering: .sequentiallyConsistent) }
    /// Connections whose script still runs.
    var openCount: Int { shared.open.withLock { $0.count } }
    /// The request heads that all connections have read, in order.
    var heads: [String] { shared.heads.withLock { $0 } }

    /// - Parameters:
    ///   - backlog: for a server that shall not take connections: 0, with `accepting` false; nil: it only keeps the port.
    init(accepting: Bool = true, backlog: Int32? = 512, _ script: @escaping @Sendable (Peer) -> Void) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        precondition(bound && backlog.map { listen(listener, $0) == 0 } ?? true, "no free port")
        self.listener = listener
        isAccepting = accepting
        port = UInt16(bigEndian: address.sin_port)
        let shared = Shared()
        self.shared = shared
        guard accepting else { return }
        startThread {
            while true {
                let descriptor = accept(listener, nil, nil)
                if descriptor < 0 {
                    // Closed by nobody else: its number may belong to the next server at once.
                    close(listener)
                    return
                }
                shared.accepted.add(1, ordering: .sequentiallyConsistent)
                shared.open.withLock { _ = $0.insert(descriptor) }
                startThread {
                    script(Peer(descriptor, shared))
                    shared.open.withLock {
                        $0.remove(descriptor)
                        close(descriptor)
                    }
                }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        if !isAccepting { close(listener) }
        shared.open.withLock { for descriptor in $0 { shutdown(descriptor, Int32(SHUT_RDWR)) } }
    }

    var url: String { "http://127.0.0.1:\(port)" }

    /// Reads request after request, and answers each with these bytes.
    static func answering(_ answer: @escaping @Sendable (Request) -> String) -> LoopbackServer {
        LoopbackServer { peer in
            while let request = peer.readRequest() { peer.write(answer(request)) }
        }
    }
}

struct Request {
    let head: String
    let body: [UInt8]
}

/// The server's end of one connection. Everything is bounded: a read that nobody answers ends after 20 s.
struct Peer {
    private let descriptor: Int32
    private let shared: LoopbackServer.Shared

    init(_ descriptor: Int32, _ shared: LoopbackServer.Shared) {
        self.descriptor = descriptor
        self.shared = shared
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    /// At most `count` bytes; none at the end.
    func read(_ count: Int = 65_536) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = max(0, recv(descriptor, buffer.baseAddress, count, 0))
        }
    }

    func readExactly(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let more = read(count - bytes.count)
            if more.isEmpty { break }
            bytes += more
        }
        return bytes
    }

    /// Up to and with the empty line.
    func readHead() -> String? {
        var bytes: [UInt8] = []
        while !bytes.suffix(4).elementsEqual([13, 10, 13, 10]) {
            let next = read(1)
            if next.isEmpty { return nil }
            bytes += next
        }
        let head = String(decoding: bytes, as: UTF8.self)
        shared.heads.withLock { $0.append(head) }
        return head
    }

    func readLine() -> String {
        var bytes: [UInt8] = []
        while !bytes.suffix(2).elementsEqual([13, 10]) {
            let next = read(1)
            if next.isEmpty { break }
            bytes += next
        }
        return String(decoding: bytes.dropLast(2), as: UTF8.self)
    }

    func readChunked(_ each: ([UInt8]) -> Void) {
        while let size = Int(readLine(), radix: 16) {
            each(readExactly(size))
            _ = readLine()
            if size == 0 { break }
        }
    }

    func readRequest() -> Request? {
        guard let head = readHead() else { return nil }
        let lower = head.lowercased()
        if lower.contains("\r\ntransfer-encoding: chunked\r\n") {
            var body: [UInt8] = []
            readChunked { body += $0 }
            return Request(head: head, body: body)
        }
        let line = lower.split(separator: "\r\n").first { $0.hasPrefix("content-length: ") }
        let length = line.flatMap { Int($0.dropFirst(16)) } ?? 0
        return Request(head: head, body: readExactly(length))
    }

    /// - Returns: false when the client has gone.
    @discardableResult
    func write(_ bytes: [UInt8]) -> Bool {
        var offset = 0
        while offset < bytes.count {
            let sent = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress.map { $0 + offset }, bytes.count - offset, Int32(MSG_NOSIGNAL)) }
            if sent <= 0 { return false }
            offset += sent
        }
        return true
    }

    @discardableResult
    func write(_ text: String) -> Bool { write(Array(text.utf8)) }

    /// Waits until the client is gone, without reading what it sent.
    func waitUntilClosed() {
        // POLLRDHUP, which Glibc's module leaves out.
        var state = pollfd(fd: descriptor, events: 0x2000, revents: 0)
        poll(&state, 1, 20_000)
    }

    /// Reads until the client closes.
    func waitForEnd() {
        while !read().isEmpty {}
    }
}

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
