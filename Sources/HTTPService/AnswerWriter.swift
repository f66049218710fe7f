import HTTPTypes
import NIOCore
import NIOHTTP1

/// A responder wrote another number of bytes than it announced; the connection is cut, so that the client notices.
struct LengthMismatch: Error {}

/// Writes one answer with the framing that belongs to it.
struct AnswerWriter {
    let outbound: NIOAsyncChannelOutboundWriter<AnswerPart>
    let head: CheckedHead

    /// - Returns: whether the connection may go on.
    func write(_ response: ServerResponse, isLast: Bool) async throws -> Bool {
        // An interim status is not an answer.
        let status = response.status < 200 || response.status > 999 ? 500 : response.status
        let hasNoBody = status == 204 || status == 304
        var framing: Framing
        switch response.body {
        case .empty: framing = .length(0)
        case .bytes(let bytes): framing = .length(bytes.count)
        case .slices(let slices): framing = .length(slices.reduce(0) { $0 + $1.count })
        case .upgraded: preconditionFailure("only who asks for another protocol gets one")
        case .stream(let length, _): framing = length.map { .length($0) } ?? (head.isHTTP10 ? .untilClose : .chunked)
        }
        if hasNoBody { framing = .none }
        let closes = isLast || framing == .untilClose
        let answerHead = AnswerPart.head(makeHead(response.fields, status: status, framing: framing, closes: closes))

        if hasNoBody || head.method == "HEAD" {
            try await outbound.write(contentsOf: [answerHead, .end(nil)])
            return !closes
        }
        switch response.body {
        case .empty, .upgraded:
            try await outbound.write(contentsOf: [answerHead, .end(nil)])
        case .bytes(let bytes):
            try await outbound.write(contentsOf: [answerHead, .body(ByteBuffer(bytes: bytes)), .end(nil)])
        case .slices(let slices):
            var buffer = ByteBufferAllocator().buffer(capacity: slices.reduce(0) { $0 + $1.count })
            for slice in slices { buffer.writeBytes(slice) }
            try await outbound.write(contentsOf: [answerHead, .body(buffer), .end(nil)])
        case .stream(let length?, let produce):
            try await write(produce, length: length, head: answerHead)
        case .stream(nil, let produce):
            // An event stream may be silent for long: its head must not wait for the first event.
            try await outbound.write(answerHead)
            try await produce { bytes in
                if !bytes.isEmpty { try await outbound.write(.body(ByteBuffer(bytes: bytes))) }
            }
            try await outbound.write(.end(nil))
        }
        return !closes
    }

    /// The head goes with the first bytes and the end with the last ones: one write for an answer in one piece.
    private func write(
        _ produce: @Sendable (_ write: (_ bytes: [UInt8]) async throws -> Void) async throws -> Void, length: Int, head: AnswerPart
    ) async throws {
        var pending: [AnswerPart] = [head]
        var left = length
        try await produce { bytes in
            if bytes.isEmpty { return }
            guard bytes.count <= left else { throw LengthMismatch() }
            left -= bytes.count
            pending.append(.body(ByteBuffer(bytes: bytes)))
            if left == 0 { pending.append(.end(nil)) }
            try await outbound.write(contentsOf: pending)
            pending.removeAll(keepingCapacity: true)
        }
        guard left == 0 else { throw LengthMismatch() }
        if !pending.isEmpty { try await outbound.write(contentsOf: pending + [.end(nil)]) }
    }

    /// The 101, after which the connection's bytes are not ours to frame.
    func writeSwitch(_ fields: HTTPFields, to protocolName: String) async throws {
        var made = makeHead(fields, status: 101, framing: .none, closes: false)
        made.headers.add(name: "Connection", value: "Upgrade")
        made.headers.add(name: "Upgrade", value: protocolName)
        try await outbound.write(.head(made))
    }

    private enum Framing: Equatable { case none, length(Int), chunked, untilClose }

    private func makeHead(_ fields: HTTPFields, status: Int, framing: Framing, closes: Bool) -> HTTPResponseHead {
        var headers = HTTPHeaders()
        headers.reserveCapacity(fields.count + 3)
        var hasDate = false
        for field in fields {
            switch field.name.canonicalName {
            case "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "trailer": continue
            case "date": hasDate = true
            default: break
            }
            headers.add(name: field.name.rawName, value: field.value)
        }
        if !hasDate { headers.add(name: "Date", value: HTTPDate.now()) }
        switch framing {
        case .length(let length): headers.add(name: "Content-Length", value: String(length))
        case .chunked: if head.method != "HEAD" { headers.add(name: "Transfer-Encoding", value: "chunked") }
        case .none, .untilClose: break
        }
        if closes {
            headers.add(name: "Connection", value: "close")
        } else if head.isHTTP10 {
            headers.add(name: "Connection", value: "keep-alive")
        }
        return HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: status), headers: headers)
    }
}
