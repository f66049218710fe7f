public import HTTPTypes

/// An answer whose head is here and whose body may still be on its way. Dropping it unread ends the transfer.
public struct CurlResponse: Sendable {
    public let status: Int
    /// Of the final head, as sent: hop-by-hop fields and framing included, never to be copied onwards.
    public let fields: HTTPFields
    public let body: CurlBody
}

/// An answer that is here as a whole.
public struct CurlAnswer: Sendable {
    public let status: Int
    /// Of the final head, as sent: hop-by-hop fields and framing included, never to be copied onwards.
    public let fields: HTTPFields
    /// As it came over the wire, content encoding included.
    public let body: [UInt8]
}

/// The body of an answer, for one reader at a time. The transfer ends when the body is dropped or its reader is cancelled.
public final class CurlBody: Sendable {
    private let transfer: Transfer

    init(_ transfer: Transfer) {
        self.transfer = transfer
    }

    deinit {
        transfer.cancel()
    }

    /// What has come since the last call, at least a byte; nil at the end. The peer is held back while about 256 KB wait here.
    /// - Throws: after the bytes that came before it, what broke the answer off.
    public func next() async throws(CurlError) -> [UInt8]? {
        while true {
            switch transfer.take() {
            case .bytes(let bytes): return bytes
            case .complete: return nil
            case .failed(let error): throw error
            case .nothingYet: await transfer.wait(for: .bytes)
            }
        }
    }

    /// Ends the transfer; a reader is told `cancelled`.
    public func close() { transfer.cancel() }

    /// All that `next()` has not given yet.
    public func collect() async throws(CurlError) -> [UInt8] {
        transfer.collectWhole()
        await transfer.wait(for: .end)
        return try transfer.takeWhole()
    }
}
