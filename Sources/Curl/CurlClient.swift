internal import HTTPTypes

/// A client for other hosts: one thread drives all transfers and keeps their connections for the next.
///
/// Lives until `shutdown()` or until it is dropped; transfers on their way then end with `cancelled`.
public final class CurlClient: Sendable {
    private let loop: TransferLoop

    public init(_ settings: CurlSettings = CurlSettings()) {
        loop = TransferLoop(settings)
    }

    deinit {
        loop.stop()
    }

    /// The answer as soon as its head is here. With a streamed body: once that is sent, or as soon as the answer's status is 300 or above,
    /// which ends the sending. Its source then is cancelled, and is waited for.
    public func send(_ request: CurlRequest) async throws(CurlError) -> CurlResponse {
        let transfer = try start(request, collecting: false)
        let body = CurlBody(transfer)
        await transfer.run(until: .head)
        let head = try transfer.head()
        return CurlResponse(status: head.status, fields: head.fields, body: body)
    }

    /// The whole answer, for one that fits into `limits.bodyBytes`; cheaper than `send` and `collect`, since the task wakes once.
    public func fetch(_ request: CurlRequest) async throws(CurlError) -> CurlAnswer {
        let transfer = try start(request, collecting: true)
        await transfer.run(until: .end)
        let bytes = try transfer.takeWhole()
        let head = try transfer.head()
        return CurlAnswer(status: head.status, fields: head.fields, body: bytes)
    }

    /// Asks for another protocol on a connection of its own (RFC 9110, 7.8). Of the limits, `firstByte` counts until the answer's
    /// head and `idle` for silence both ways afterwards. A refusal's body is at most 64 KB.
    /// - Parameters:
    ///   - request: a GET without a body; Connection and Upgrade are made here.
    public func upgrade(_ request: CurlRequest, to protocolName: String) async throws(CurlError) -> CurlUpgrade {
        var request = request
        request.fields[.connection] = "Upgrade"
        request.fields[.upgrade] = protocolName
        let checked = try CheckedRequest(request, allowedPlain: loop.policy.allowedLoopback)
        let transfer = Transfer(checked, on: loop, collecting: false, isUpgrade: true)
        guard loop.post(.start(transfer)) else { throw .cancelled }
        let body = CurlBody(transfer)
        await transfer.wait(for: .head)
        let head = try transfer.head()
        if head.status == 101 { return .switched(head.fields, CurlTunnel(transfer, reading: body)) }
        return .refused(CurlResponse(status: head.status, fields: head.fields, body: body))
    }

    /// Ends all transfers with `cancelled`, closes the connections and stops the thread. A later request is `cancelled` at once.
    public func shutdown() {
        loop.stop()
    }

    private func start(_ request: CurlRequest, collecting: Bool) throws(CurlError) -> Transfer {
        let transfer = Transfer(try CheckedRequest(request, allowedPlain: loop.policy.allowedLoopback), on: loop, collecting: collecting)
        guard loop.post(.start(transfer)) else { throw .cancelled }
        return transfer
    }
}
