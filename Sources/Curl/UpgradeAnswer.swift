/// The answer to a request for another protocol, out of bytes that come in any pieces.
struct UpgradeAnswer {
    private(set) var head = AnswerHead(awaitsSwitch: true)
    /// What has come and is not read yet: the beginning of a line, then of a refusal's body.
    private var bytes: [UInt8] = []
    /// Of a chunked body: what is read of it, and where its next chunk begins in `bytes`.
    private var body: [UInt8] = []
    private var position = 0

    /// A refusal says a sentence: no more of it is waited for.
    static let longestBody = 64 * 1024
    /// Of the line before a chunk.
    private static let longestSize = 1_024

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
        return try takeChunks() ? .refused(body: body) : .more
    }

    /// The peer has closed.
    func end() throws(CurlError) -> Step {
        guard head.isComplete, head.status != 101, head.contentLength == nil, !head.isChunked else { throw .brokenAnswer }
        return .refused(body: bytes)
    }

    /// Reads on in a chunked body.
    /// - Returns: whether it is whole.
    private mutating func takeChunks() throws(CurlError) -> Bool {
        while true {
            let left = bytes[position...]
            guard let end = left.prefix(Self.longestSize).firstIndex(of: 0x0A) else {
                guard left.count < Self.longestSize else { throw .brokenAnswer }
                return false
            }
            let digits = String(decoding: left[..<end].prefix { $0 != 0x0D && $0 != UInt8(ascii: ";") }, as: UTF8.self)
            guard digits.utf8.count <= 8, digits.first != "+", let size = Int(digits, radix: 16), size >= 0 else { throw .brokenAnswer }
            if size == 0 { return true }
            let chunk = left[(end + 1)...]
            guard chunk.count >= size + 2 else { return false }
            guard chunk.dropFirst(size).starts(with: [0x0D, 0x0A]) else { throw .brokenAnswer }
            body += chunk.prefix(size)
            position = chunk.startIndex + size + 2
        }
    }
}
