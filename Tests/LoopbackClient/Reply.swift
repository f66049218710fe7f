/// An answer as a test sees it.
public struct Reply: Sendable {
    public let status: Int
    public let headers: [(name: String, value: String)]
    public let body: [UInt8]

    init(status: Int, headers: [(name: String, value: String)], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    public var text: String { String(decoding: body, as: UTF8.self) }

    /// The first value, by name in any case.
    public subscript(name: String) -> String? { headers.first { $0.name.lowercased() == name.lowercased() }?.value }
}

/// Sends one request on a connection of its own and reads the whole answer.
public func send(
    _ method: String = "GET", port: Int, _ target: String, headers: [(String, String)] = [], body: [UInt8]? = nil
) async throws -> Reply {
    let socket = try LoopbackSocket(port: port)
    var head = "\(method) \(target) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n"
    for (name, value) in headers { head += "\(name): \(value)\r\n" }
    if let body { head += "Content-Length: \(body.count)\r\n" }
    try await socket.send(Array((head + "\r\n").utf8) + (body ?? []))
    var bytes: [UInt8] = []
    while case let more = try await socket.receive(), !more.isEmpty { bytes += more }
    return try Reply(parsing: bytes, method: method)
}

extension Reply {
    /// - Parameter bytes: one whole answer, interim answers before it allowed.
    public init(parsing bytes: [UInt8], method: String = "GET") throws {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else {
            throw LoopbackError.malformedAnswer(String(decoding: bytes, as: UTF8.self))
        }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        guard let first = lines.first?.split(separator: " "), first.count >= 2, let status = Int(first[1]) else {
            throw LoopbackError.malformedAnswer(String(decoding: bytes, as: UTF8.self))
        }
        let rest = Array(bytes[end.upperBound...])
        if status < 200, status != 101 {
            try self.init(parsing: rest, method: method)
            return
        }
        let headers = lines.dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            return (name: String(parts[0]), value: parts.count > 1 ? String(parts[1].drop { $0 == " " }) : "")
        }
        let isChunked = headers.contains { $0.name.lowercased() == "transfer-encoding" && $0.value == "chunked" }
        self.init(status: status, headers: headers, body: isChunked && method != "HEAD" ? try Reply.unchunked(rest) : rest)
    }

    private static func unchunked(_ bytes: [UInt8]) throws -> [UInt8] {
        var body: [UInt8] = []
        var left = bytes[...]
        while true {
            guard let line = left.firstRange(of: [13, 10]),
                let size = Int(String(decoding: left[..<line.lowerBound], as: UTF8.self), radix: 16),
                line.upperBound + size + 2 <= left.endIndex
            else { throw LoopbackError.malformedAnswer("a broken chunk") }
            if size == 0 { return body }
            body += left[line.upperBound..<line.upperBound + size]
            left = left[(line.upperBound + size + 2)...]
        }
    }
}
