import Curl
import Glibc
import Synchronization

/// A server that answers every request with `count` bytes of the pattern and counts what it could write.
final class WrittenServer: Sendable {
    let server: LoopbackServer
    private let counter: Counter

    private final class Counter: Sendable {
        let written = Atomic(0)
    }

    var written: Int { counter.written.load(ordering: .sequentiallyConsistent) }

    init(count: Int) {
        let counter = Counter()
        self.counter = counter
        server = LoopbackServer { peer in
            while peer.readRequest() != nil {
                peer.write("HTTP/1.1 200 OK\r\nContent-Length: \(count)\r\n\r\n")
                for start in stride(from: 0, to: count, by: 65_536) {
                    let bytes = pattern(from: start, count: min(65_536, count - start))
                    guard peer.write(bytes) else { return }
                    counter.written.add(bytes.count, ordering: .sequentiallyConsistent)
                }
            }
        }
    }
}

/// `count` bytes of the pattern in pieces of 64 KiB, as fast as they are taken.
actor PatternSource {
    private let count: Int
    private(set) var given = 0

    init(count: Int) { self.count = count }

    func next() -> [UInt8]? {
        guard given < count else { return nil }
        let bytes = pattern(from: given, count: min(65_536, count - given))
        given += bytes.count
        return bytes
    }
}

/// A phone on a slow line: a byte after each pause. The clock is a request that nobody answers.
actor SlowSource {
    private var pieces: Int
    private let pause: Duration
    private let client: CurlClient
    private let silent = LoopbackServer { peer in peer.waitForEnd() }

    init(pieces: Int, pause: Duration, client: CurlClient) {
        self.pieces = pieces
        self.pause = pause
        self.client = client
    }

    func next() async -> [UInt8]? {
        if pieces == 0 { return nil }
        pieces -= 1
        _ = try? await client.fetch(CurlRequest(url: silent.url, limits: .short(firstByte: pause)))
        return [1]
    }
}

/// Returns when the task is cancelled.
func waitForCancellation() async {
    let cancelled = Signal()
    await withTaskCancellationHandler { await cancelled.wait() } onCancel: { cancelled.happen() }
}

/// A socket whose connection may never be made.
func connectWithoutWaiting(to port: UInt16) -> Int32 {
    connected(to: port, Int32(SOCK_NONBLOCK.rawValue)).descriptor
}

func isListening(_ port: UInt16) -> Bool {
    let (descriptor, isConnected) = connected(to: port, 0)
    close(descriptor)
    return isConnected
}

private func connected(to port: UInt16, _ flags: Int32) -> (descriptor: Int32, isConnected: Bool) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue) | flags, 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let code = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    return (descriptor, code == 0)
}
