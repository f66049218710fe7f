public import HTTPTypes

/// What came of asking for another protocol.
public enum CurlUpgrade: Sendable {
    /// With the fields of the 101.
    case switched(HTTPFields, CurlTunnel)
    /// Any other answer, to be read like one.
    case refused(CurlResponse)
}

/// A connection that has left HTTP behind: bytes both ways, each with back-pressure. Dropping it closes the connection.
public final class CurlTunnel: Sendable {
    private let transfer: Transfer
    private let body: CurlBody

    init(_ transfer: Transfer, reading body: CurlBody) {
        self.transfer = transfer
        self.body = body
    }

    /// What has come since the last call, at least a byte; nil at the end. The peer is held back while about 256 KB wait here.
    public func next() async throws(CurlError) -> [UInt8]? { try await body.next() }

    /// Closes the connection as soon as what was written is sent.
    public func finish() { transfer.finishUpload() }

    /// Closes the connection now; a reader is told `cancelled`.
    public func close() { transfer.cancel() }

    /// Returns when less than 256 KB wait to be sent. Cancelling it closes the connection.
    public func write(_ bytes: [UInt8]) async throws(CurlError) {
        let isOpen = await withTaskCancellationHandler {
            await transfer.offer(bytes)
        } onCancel: {
            transfer.cancel()
        }
        guard isOpen else { throw .brokenAnswer }
    }
}
