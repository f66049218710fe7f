/// A WebSocket's client end: the handshake, and then bytes as they are.
public final class WebSocketClient: Sendable {
    /// The example of RFC 6455, 1.3.
    public static let key = "dGhlIHNhbXBsZSBub25jZQ=="

    private let socket: LoopbackSocket
    /// The answer's head, with the body of a refusal.
    public let answer: Reply

    /// - Parameter headers: besides those of every handshake.
    public init(port: Int, _ target: String, headers: [(String, String)] = []) async throws {
        socket = try LoopbackSocket(port: port)
        var head = "GET \(target) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: \(Self.key)\r\nSec-WebSocket-Extensions: permessage-deflate\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        try await socket.send(head + "\r\n")
        // Byte by byte, so that nothing of what follows is taken.
        var bytes: [UInt8] = []
        while !bytes.suffix(4).elementsEqual([13, 10, 13, 10]) {
            let next = try await socket.receive(atMost: 1)
            if next.isEmpty { throw LoopbackError.malformedAnswer(String(decoding: bytes, as: UTF8.self)) }
            bytes += next
        }
        if !String(decoding: bytes.prefix(13), as: UTF8.self).hasSuffix(" 101 ") {
            while case let more = try await socket.receive(), !more.isEmpty { bytes += more }
        }
        answer = try Reply(parsing: bytes)
    }

    public func send(_ bytes: [UInt8]) async throws { try await socket.send(bytes) }

    /// Exactly so many bytes, or those that came before the server closed.
    public func receive(_ count: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            let more = try await socket.receive(atMost: min(64 * 1024, count - bytes.count))
            if more.isEmpty { break }
            bytes += more
        }
        return bytes
    }

    /// Whether the server has nothing more to say; waits for it.
    public func isClosed() async throws -> Bool { try await socket.receive(atMost: 1).isEmpty }

    public func close() { socket.close() }
}
