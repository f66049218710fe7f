public import HTTPTypes
import Synchronization

/// A request as it came in.
public struct ServerRequest: Sendable {
    public let method: String
    /// Path and query, byte for byte.
    public let target: String
    /// The target up to the question mark.
    public let path: Substring
    /// What follows the question mark, nil without one.
    public let query: Substring?
    /// The Host header, as sent.
    public let authority: String
    public let fields: HTTPFields
    public let body: RequestBody
    /// The protocol that the client asks to switch to, in lower case; nil where it asks for none, or could not switch.
    public let upgrade: String?

    public init(method: String, target: String, authority: String, fields: HTTPFields, body: RequestBody, upgrade: String? = nil) {
        self.upgrade = upgrade
        self.method = method
        self.target = target
        let mark = target.utf8.firstIndex(of: UInt8(ascii: "?"))
        path = target[..<(mark ?? target.endIndex)]
        query = mark.map { target[target.utf8.index(after: $0)...] }
        self.authority = authority
        self.fields = fields
        self.body = body
    }
}

/// A body on its way in: pulled chunk by chunk, with back-pressure to the client; it can be read once.
public struct RequestBody: Sendable {
    /// From Content-Length; nil when chunked, 0 without a body.
    public let length: Int?
    private let pull: @Sendable () async throws -> [UInt8]?

    public init(length: Int?, next: @escaping @Sendable () async throws -> [UInt8]?) {
        self.length = length
        pull = next
    }

    /// A body that is in memory already.
    public static func of(_ bytes: [UInt8]) -> RequestBody {
        let once = Mutex<[UInt8]?>(bytes.isEmpty ? nil : bytes)
        return RequestBody(length: bytes.count) {
            once.withLock { rest in
                defer { rest = nil }
                return rest
            }
        }
    }

    /// The next bytes, nil at the end.
    public func next() async throws -> [UInt8]? { try await pull() }

    /// The beginning of a body of which nothing is lost.
    public enum Start: Sendable {
        case whole([UInt8])
        /// Longer than asked: the same body again, from its first byte.
        case more(RequestBody)
    }

    /// Reads at most about `limit` bytes.
    public func start(upTo limit: Int) async throws -> Start {
        if let length, length > limit { return .more(self) }
        var bytes: [UInt8] = []
        while let chunk = try await next() {
            bytes += chunk
            guard bytes.count > limit else { continue }
            let read = Mutex<[UInt8]?>(bytes)
            return .more(
                RequestBody(length: length) {
                    let first = read.withLock { rest in
                        defer { rest = nil }
                        return rest
                    }
                    if let first { return first }
                    return try await next()
                })
        }
        return .whole(bytes)
    }

    /// The whole body.
    /// - Throws: `BodyTooLarge` as soon as more than `limit` bytes have come.
    public func collect(upTo limit: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        if let length {
            guard length <= limit else { throw BodyTooLarge(limit: limit) }
            bytes.reserveCapacity(length)
        }
        while let chunk = try await next() {
            guard bytes.count + chunk.count <= limit else { throw BodyTooLarge(limit: limit) }
            bytes += chunk
        }
        return bytes
    }
}

public struct BodyTooLarge: Error, Equatable {
    public let limit: Int
}

/// A client's connection that has left HTTP behind: bytes both ways, each with back-pressure, for one reader and one writer.
public struct UpgradedConnection: Sendable {
    /// The next bytes, nil when the client sends no more.
    public let next: @Sendable () async throws -> [UInt8]?
    public let write: @Sendable (_ bytes: [UInt8]) async throws -> Void
}

/// An answer on its way out. Framing (Content-Length, Transfer-Encoding, Connection) is made by the server, never copied.
public struct ServerResponse: Sendable {
    public enum Body: Sendable {
        case empty
        case bytes([UInt8])
        /// One after the other, put together only where they are sent from.
        case slices([ArraySlice<UInt8>])
        /// Written with back-pressure. `length` nil is sent chunked.
        case stream(length: Int?, @Sendable (_ write: (_ bytes: [UInt8]) async throws -> Void) async throws -> Void)
        /// For a request with an `upgrade`, to which the answer is a 101: what goes on over the connection then. At its end the
        /// connection is closed.
        case upgraded(@Sendable (_ connection: UpgradedConnection) async throws -> Void)
    }

    public var status: Int
    public var fields: HTTPFields
    public var body: Body

    public init(status: Int, fields: HTTPFields = [:], body: Body = .empty) {
        self.status = status
        self.fields = fields
        self.body = body
    }
}

extension ServerResponse {
    /// A JSON answer of ours.
    public static func json(_ bytes: [UInt8], status: Int = 200) -> ServerResponse {
        ServerResponse(status: status, fields: [.contentType: "application/json; charset=utf-8"], body: .bytes(bytes))
    }
}
