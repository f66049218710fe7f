import Dispatch
import Glibc

/// What went wrong with a test's own connection.
public enum LoopbackError: Error {
    case failed(call: String, code: Int32)
    case malformedAnswer(String)
}

/// A TCP connection to a port of this machine. Its calls block threads of Dispatch, never the few that run async code.
public final class LoopbackSocket: Sendable {
    private let descriptor: Int32
    // Serial queues of their own get threads of their own: on a shared one, many waiting tests would hold up each other.
    private let sending = DispatchQueue(label: "loopback.send")
    private let receiving = DispatchQueue(label: "loopback.receive")

    /// Connects. Every later call fails after `patience` of silence.
    public init(port: Int, patience: Int = 60) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw LoopbackError.failed(call: "socket", code: errno) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        var wait = timeval(tv_sec: patience, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        guard result == 0 else {
            let code = errno
            Glibc.close(descriptor)
            throw LoopbackError.failed(call: "connect", code: code)
        }
    }

    deinit { Glibc.close(descriptor) }

    public func send(_ text: String) async throws { try await send(Array(text.utf8)) }

    public func send(_ bytes: [UInt8]) async throws {
        try await run(on: sending) { [descriptor] in
            var sent = 0
            while sent < bytes.count {
                let count = bytes[sent...].withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                guard count > 0 else { throw LoopbackError.failed(call: "send", code: errno) }
                sent += count
            }
        }
    }

    /// The bytes that are there, at least one; empty when the server has closed.
    public func receive(atMost limit: Int = 64 * 1024) async throws -> [UInt8] {
        try await run(on: receiving) { [descriptor] in
            var bytes = [UInt8](repeating: 0, count: limit)
            let count = recv(descriptor, &bytes, limit, 0)
            if count < 0, errno == ECONNRESET { return [] }
            guard count >= 0 else { throw LoopbackError.failed(call: "recv", code: errno) }
            return Array(bytes[..<count])
        }
    }

    /// All bytes until the server closes.
    public func receiveAll() async throws -> String {
        var all: [UInt8] = []
        while case let bytes = try await receive(), !bytes.isEmpty { all += bytes }
        return String(decoding: all, as: UTF8.self)
    }

    /// All bytes until `text` came.
    public func receive(until text: String) async throws -> String {
        var all = ""
        while !all.contains(text) {
            let bytes = try await receive()
            if bytes.isEmpty { throw LoopbackError.malformedAnswer(all) }
            all += String(decoding: bytes, as: UTF8.self)
        }
        return all
    }

    /// Ends both directions at once.
    public func close() { shutdown(descriptor, Int32(SHUT_RDWR)) }
}

private func run<Value: Sendable>(on queue: DispatchQueue, _ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        queue.async { continuation.resume(with: Result(catching: work)) }
    }
}
