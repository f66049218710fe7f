import NIOCore
import NIOHTTP1
import Synchronization

/// The client went, or sent less than it announced, before the body was whole.
public struct RequestBodyBroken: Error {}

/// The parts of a connection's requests, pulled one by one, so that the client is slowed down to the speed of the responder.
///
/// `@unchecked Sendable`: `iterator` is not Sendable; it is used only between `claim` and `release`, and `claim` lets in one
/// caller at a time, proven by the mutex.
final class InboundParts: @unchecked Sendable {
    private enum Phase { case betweenRequests, body, bodyEnded, upgraded }

    private struct State {
        var phase = Phase.betweenRequests
        var request = 0
        var busy = false
        var continueDue = false
    }

    private var iterator: NIOAsyncChannelInboundStream<HTTPServerRequestPart>.AsyncIterator
    private let outbound: NIOAsyncChannelOutboundWriter<AnswerPart>
    private let state = Mutex(State())

    init(_ inbound: NIOAsyncChannelInboundStream<HTTPServerRequestPart>, outbound: NIOAsyncChannelOutboundWriter<AnswerPart>) {
        iterator = inbound.makeAsyncIterator()
        self.outbound = outbound
    }

    /// The next request's head; nil when the client sends no more.
    func nextHead() async throws -> HTTPRequestHead? {
        while let part = try await iterator.next() {
            if case .head(let head) = part { return head }
        }
        return nil
    }

    /// The body of the request whose head came last. It gives nothing any more once `endBody` was called.
    func beginBody(_ head: CheckedHead) -> RequestBody {
        let request = state.withLock { state in
            state.phase = .body
            state.request += 1
            state.continueDue = head.expectsContinue
            return state.request
        }
        if head.bodyLength == 0 { return RequestBody(length: 0) { nil } }
        return RequestBody(length: head.bodyLength) { try await self.nextChunk(of: request) }
    }

    /// From here on no `100 Continue` may be sent: the answer has begun.
    /// - Returns: whether the client still waits for one, and so will never send its body.
    func answerBegins() -> Bool {
        state.withLock { state in
            defer { state.continueDue = false }
            return state.continueDue
        }
    }

    /// Reads away what the responder left of the body.
    /// - Returns: whether the connection can take the next request.
    func endBody(upTo limit: Int) async throws -> Bool {
        let (request, ended) = state.withLock { ($0.request, $0.phase == .bodyEnded) }
        var left = limit
        if !ended {
            while let chunk = try await pull(for: request) {
                left -= chunk.readableBytes
                if left < 0 { return false }
            }
        }
        state.withLock { $0.phase = .betweenRequests }
        return true
    }

    /// The next bytes of a connection that has left HTTP behind; nil when the client sends no more.
    func nextRaw() async throws -> [UInt8]? {
        state.withLock { state in
            precondition(!state.busy, "an upgraded connection is read by one task at a time")
            state.phase = .upgraded
            state.busy = true
        }
        defer { release(ended: false) }
        while let part = try await iterator.next() {
            if case .body(let bytes) = part { return Array(buffer: bytes) }
        }
        return nil
    }

    private func nextChunk(of request: Int) async throws -> [UInt8]? {
        let isContinueDue = state.withLock { state in
            defer { if state.request == request { state.continueDue = false } }
            return state.request == request && state.continueDue
        }
        if isContinueDue {
            try await outbound.write(.head(HTTPResponseHead(version: .http1_1, status: .continue)))
        }
        return try await pull(for: request).map { Array(buffer: $0) }
    }

    private func pull(for request: Int) async throws -> ByteBuffer? {
        guard try claim(request) else { return nil }
        var ended = false
        defer { release(ended: ended) }
        switch try await iterator.next() {
        case .body(let bytes): return bytes
        case .end:
            ended = true
            return nil
        case .head, nil: throw RequestBodyBroken()
        }
    }

    /// - Returns: whether there is more of this request's body.
    private func claim(_ request: Int) throws -> Bool {
        try state.withLock { state in
            guard state.request == request, state.phase != .betweenRequests, state.phase != .upgraded else { throw RequestBodyBroken() }
            precondition(!state.busy, "a request body is read by one task at a time")
            if state.phase == .bodyEnded { return false }
            state.busy = true
            return true
        }
    }

    private func release(ended: Bool) {
        state.withLock { state in
            state.busy = false
            if ended { state.phase = .bodyEnded }
        }
    }
}
