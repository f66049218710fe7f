internal import HTTPTypes

/// The head of an answer, read line by line as libcurl hands it over.
///
/// Stricter than libcurl, which takes two lengths, or a length beside a transfer coding (seen with 7.88.1): whoever reads such an
/// answer differently from the server's own front would see another body.
struct AnswerHead: Sendable {
    private(set) var status = 0
    private(set) var fields = HTTPFields()
    private(set) var contentLength: Int?
    private(set) var isChunked = false
    /// Over all heads and trailers of the transfer.
    private var bytes = 0
    private var state = State.beforeStatus
    /// 101 ends the head: another protocol was asked for.
    private let awaitsSwitch: Bool

    init(awaitsSwitch: Bool = false) { self.awaitsSwitch = awaitsSwitch }

    private enum State { case beforeStatus, inFields, complete }

    enum Step: Equatable { case more, complete }

    var isComplete: Bool { state == .complete }

    /// The final status has no body, whatever the fields say.
    var isBodiless: Bool { status == 204 || status == 304 }

    /// - Parameters:
    ///   - line: one line with its line break.
    /// - Returns: `.complete` once, at the end of the final head.
    mutating func read(_ line: UnsafeRawBufferPointer, limits: CurlRequest.Limits) throws(CurlError) -> Step {
        bytes += line.count
        guard bytes <= limits.headBytes else { throw .tooLarge(what: "head") }
        var line = line[...]
        while let last = line.last, last == 0x0A || last == 0x0D { line.removeLast() }
        switch state {
        case .beforeStatus:
            try readStatus(line)
            state = .inFields
            return .more
        case .inFields where line.isEmpty:
            return try end()
        case .inFields:
            guard fields.count < limits.headFields else { throw .tooLarge(what: "head") }
            try readField(line)
            return .more
        case .complete:
            // Trailers after a chunked body: counted, and left out.
            return .more
        }
    }

    private mutating func readStatus(_ line: Slice<UnsafeRawBufferPointer>) throws(CurlError) {
        guard line.starts(with: "HTTP/".utf8), let space = line.firstIndex(of: 0x20) else { throw .brokenAnswer }
        let digits = line[(space + 1)...].prefix(3)
        let rest = line[(space + 1 + digits.count)...]
        guard digits.count == 3, digits.allSatisfy({ (0x30...0x39).contains($0) }), rest.isEmpty || rest.first == 0x20 else {
            throw .brokenAnswer
        }
        status = digits.reduce(0) { $0 * 10 + Int($1 & 0x0F) }
        guard status >= 100, status != 101 || awaitsSwitch else { throw .brokenAnswer }
    }

    private mutating func readField(_ line: Slice<UnsafeRawBufferPointer>) throws(CurlError) {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { throw .brokenAnswer }
        // A folded line or a space before the colon gives no name: RFC 9112, 5.1 and 5.2, lets us refuse both.
        guard let name = HTTPField.Name(String(decoding: line[..<colon], as: UTF8.self)) else { throw .brokenAnswer }
        var value = line[(colon + 1)...]
        while let first = value.first, first == 0x20 || first == 0x09 { value.removeFirst() }
        while let last = value.last, last == 0x20 || last == 0x09 { value.removeLast() }
        let field = HTTPField(name: name, value: value)
        switch name.canonicalName {
        case "content-length":
            guard let length = Self.length(value), contentLength == nil || contentLength == length else { throw .brokenAnswer }
            contentLength = length
        case "transfer-encoding":
            guard !isChunked, field.value.lowercased() == "chunked" else { throw .brokenAnswer }
            isChunked = true
        default: break
        }
        fields.append(field)
    }

    private mutating func end() throws(CurlError) -> Step {
        guard contentLength == nil || !isChunked else { throw .brokenAnswer }
        if status < 200, status != 101 {
            let counted = bytes
            self = AnswerHead(awaitsSwitch: awaitsSwitch)
            bytes = counted
            return .more
        }
        state = .complete
        return .complete
    }

    /// At most 18 digits, which always fit.
    private static func length(_ text: Slice<UnsafeRawBufferPointer>) -> Int? {
        guard (1...18).contains(text.count), text.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return text.reduce(0) { $0 * 10 + Int($1 & 0x0F) }
    }
}
