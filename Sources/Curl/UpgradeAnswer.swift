/// The answer to a request for another protocol, out of bytes that come in any pieces.
struct UpgradeAnswer {
    private(set) var head = AnswerHead(awaitsSwitch: true)
    /// What has come and is not read yet: the beginning of a line, then of a refusal's body.
    private var bytes: [UInt8] = []

    /// A refusal says a sentence: no more of it is waited for.
    static let longestBody = 64 * 1024

    enum Step: Equatable {
        case more
        /// The protocol's first bytes, where some came with the head.
        case switched([UInt8])
        case refused(body: [UInt8])
    }

    mutating func take(_ chunk: some Sequence<UInt8>, limits: CurlRequest.Limits) throws(CurlError) -> Step {
        bytes += chunk
        while !head.isComplete {
            guard let end = bytes.firstIndex(of: 0x0A) else {
                guard bytes.count <= limits.headBytes else { throw .tooLarge(what: "head") }
                return .more
            }
            let line = Array(bytes[...end])
            bytes.removeFirst(line.count)
            let read = line.withUnsafeBytes { line in Result { () throws(CurlError) in try head.read(line, limits: limits) } }
            _ = try read.get()
        }
        if head.status == 101 { return .switched(bytes) }
        guard bytes.count <= Self.longestBody else { throw .tooLarge(what: "body") }
        if head.isBodiless { return .refused(body: []) }
        if let length = head.contentLength {
            return bytes.count < length ? .more : .refused(body: Array(bytes[..<length]))
        }
        guard head.isChunked else { return .more }
        guard let body = try Self.joined(bytes[...]) else { return .more }
        return .refused(body: body)
    }

    /// The peer has closed.
    func end() throws(CurlError) -> Step {
        guard head.isComplete, head.status != 101, head.contentLength == nil, !head.isChunked else { throw .brokenAnswer }
        return .refused(body: bytes)
    }

    /// A chunked body without its framing; nil while it is not whole.
    private static func joined(_ bytes: ArraySlice<UInt8>) throws(CurlError) -> [UInt8]? {
        var (body, left): ([UInt8], ArraySlice<UInt8>) = ([], bytes)
        while true {
            guard let end = left.firstIndex(of: 0x0A) else { return nil }
            let digits = String(decoding: left[..<end].prefix { $0 != 0x0D && $0 != UInt8(ascii: ";") }, as: UTF8.self)
            guard digits.utf8.count <= 8, digits.first != "+", let size = Int(digits, radix: 16), size >= 0 else { throw .brokenAnswer }
            if size == 0 { return body }
            left = left[(end + 1)...]
            guard left.count >= size + 2 else { return nil }
            body += left.prefix(size)
            left = left.dropFirst(size)
            guard left.starts(with: [0x0D, 0x0A]) else { throw .brokenAnswer }
            left = left.dropFirst(2)
        }
    }
}
