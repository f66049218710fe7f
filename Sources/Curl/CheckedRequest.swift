internal import HTTPTypes

/// A request that has passed our own checks. libcurl sends a line break inside a method or a value as it is, which
/// makes a second field or a second request of it (seen with 7.88.1), so nothing reaches libcurl but through here.
struct CheckedRequest: Sendable {
    /// Scheme and authority only.
    let origin: String
    /// Path and query. Told apart from the origin, since libcurl would encode some of its bytes.
    let target: String
    let isTLS: Bool
    let method: String
    /// Lines in libcurl's form, each ended by a zero byte, without those that it makes itself from the body.
    let lines: [[UInt8]]
    let body: CurlRequest.Body
    let limits: CurlRequest.Limits

    /// - Parameter allowedPlain: http may be used, which the address must allow too.
    init(_ request: CurlRequest, allowedPlain: Bool) throws(CurlError) {
        (origin, target, isTLS) = try Self.parts(request.url)
        guard isTLS || allowedPlain else { throw .schemeRefused }
        // CONNECT would make a tunnel of the connection, which nothing here could read.
        guard request.method.utf8.count <= 64, Self.isToken(request.method), request.method != "CONNECT" else { throw .invalidMethod }
        method = request.method
        lines = try Self.lines(request.fields)
        body = request.body
        limits = request.limits
    }

    /// Bytes that will be sent: nil when not known, 0 without a body. A HEAD request has none.
    var bodyLength: Int? {
        if method == "HEAD" { return 0 }
        return switch body {
        case .none: 0
        case .bytes(let bytes): bytes.count
        case .stream(let length, _): length
        }
    }

    /// The head as it goes over the wire, for a connection on which libcurl speaks no HTTP.
    var head: [UInt8] {
        var head = Array("\(method) \(target) HTTP/1.1\r\n".utf8)
        let hosts = lines.filter { $0.starts(with: Array("host:".utf8), by: { $0 | 0x20 == $1 | 0x20 }) }
        if hosts.isEmpty { head += "Host: \(origin[origin.firstRange(of: "://")!.upperBound...])\r\n".utf8 }
        for line in lines {
            let line = line.dropLast()
            // libcurl's words for a field that is left out, and for one without a value.
            if line.firstIndex(of: UInt8(ascii: ":")) == line.indices.last { continue }
            head += line.last == UInt8(ascii: ";") && !line.contains(UInt8(ascii: ":")) ? line.dropLast() + [UInt8(ascii: ":")] : line
            head += "\r\n".utf8
        }
        return head + "\r\n".utf8
    }

    /// May be sent twice, when a kept connection turns out to be closed by the peer before it took the request.
    var isRepeatable: Bool {
        bodyLength == 0 && ["GET", "HEAD", "OPTIONS"].contains(method)
    }

    private static func parts(_ url: String) throws(CurlError) -> (origin: String, target: String, isTLS: Bool) {
        let bytes = Array(url.utf8)
        guard bytes.allSatisfy({ $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "#") }) else { throw .invalidURL }
        let isTLS: Bool
        let rest: ArraySlice<UInt8>
        if hasPrefix(bytes, "https://") {
            (isTLS, rest) = (true, bytes[8...])
        } else if hasPrefix(bytes, "http://") {
            (isTLS, rest) = (false, bytes[7...])
        } else {
            throw .invalidURL
        }
        let authority = rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
        guard isAuthority(authority) else { throw .invalidURL }
        let origin = String(decoding: bytes[..<authority.endIndex], as: UTF8.self)
        let target = String(decoding: bytes[authority.endIndex...], as: UTF8.self)
        return (origin, target.hasPrefix("/") ? target : "/" + target, isTLS)
    }

    private static func hasPrefix(_ bytes: [UInt8], _ prefix: StaticString) -> Bool {
        let wanted = UnsafeBufferPointer(start: prefix.utf8Start, count: prefix.utf8CodeUnitCount)
        return bytes.count > wanted.count && zip(bytes, wanted).allSatisfy { ($0 | 0x20) == $1 || $0 == $1 }
    }

    /// Host and port in the plainest alphabet, so that libcurl's reading cannot differ from ours; no user, no zone.
    private static func isAuthority(_ authority: ArraySlice<UInt8>) -> Bool {
        let host: ArraySlice<UInt8>
        if authority.first == UInt8(ascii: "[") {
            guard let end = authority.firstIndex(of: UInt8(ascii: "]")) else { return false }
            let inside = authority[authority.startIndex + 1..<end]
            guard IPAddress(String(decoding: inside, as: UTF8.self)) != nil, inside.contains(UInt8(ascii: ":")) else { return false }
            host = authority[...end]
        } else {
            host = authority.prefix { $0 != UInt8(ascii: ":") }
            guard !host.isEmpty, host.count <= 253, host.allSatisfy(isHostByte) else { return false }
        }
        let port = authority[host.endIndex...]
        if port.isEmpty { return true }
        guard port.count <= 6, port.dropFirst().allSatisfy({ (0x30...0x39).contains($0) }) else { return false }
        let number = port.dropFirst().reduce(0) { $0 * 10 + Int($1 & 0x0F) }
        return port.first == UInt8(ascii: ":") && (1...65535).contains(number)
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x30...0x39: true
        case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }

    /// RFC 9110, 5.6.2.
    static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x30...0x39: true
                case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E...0x60, 0x7C, 0x7E: true
                default: false
                }
            }
    }

    /// Made from the body alone, or about the connection's next line: what a caller says of these is left out.
    private static let framing: Set<String> = ["content-length", "transfer-encoding", "expect"]

    private static func lines(_ fields: HTTPFields) throws(CurlError) -> [[UInt8]] {
        // A name without a value takes out what libcurl would add by itself.
        var lines = [Array("Expect:\0".utf8)]
        lines.reserveCapacity(fields.count + 2)
        for field in fields {
            guard isToken(field.name.rawName) else { throw .invalidField(name: "unnamed") }
            guard let line = line(field) else { throw .invalidField(name: field.name.rawName) }
            if !framing.contains(field.name.canonicalName) { lines.append(line) }
        }
        let hosts = fields[values: hostName]
        guard hosts.count <= 1, hosts.allSatisfy({ isAuthority(Array($0.utf8)[...]) }) else { throw .invalidField(name: "Host") }
        if !fields.contains(.accept) { lines.append(Array("Accept:\0".utf8)) }
        return lines
    }

    private static let hostName = HTTPField.Name("Host")!  // a token

    /// - Returns: nil for a value that holds a control byte.
    private static func line(_ field: HTTPField) -> [UInt8]? {
        field.withUnsafeBytesOfValue { value in
            guard value.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else { return nil }
            var line = Array(field.name.rawName.utf8)
            line.reserveCapacity(line.count + value.count + 3)
            if value.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) {
                // libcurl's spelling of a field that is sent without a value.
                line.append(UInt8(ascii: ";"))
            } else {
                line += ": ".utf8
                line += value
            }
            line.append(0)
            return line
        }
    }
}
