import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import Synchronization

/// One accepted connection: its channel as async streams, and what its event loop knows of the client.
struct AcceptedConnection: ServerChildChannelValue {
    let io: ServedChannel
    /// The client will send no more: for us it is gone, as for other proxies.
    let inputEnded: EventLoopFuture<Void>
    let signals: ConnectionSignals
    let upgrade: NIOLoopBound<Upgrade>

    var channel: any Channel { io.channel }
}

/// How connections are set up and served, for Hummingbird's server.
struct Connections: ServerChildChannel {
    let limits: ServerLimits
    /// By event loop.
    let executors: [ObjectIdentifier: LoopExecutor]
    let respond: @Sendable (ServerRequest) async -> ServerResponse

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<AcceptedConnection> {
        channel.eventLoop.makeCompletedFuture {
            let clock = ConnectionClock(limits: limits)
            let signals = ConnectionSignals()
            let inputEnded = channel.eventLoop.makePromise(of: Void.self)
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(ByteWatch(clock: clock))
            var decoder = NIOHTTPDecoderLimitConfiguration()
            decoder.maxHeaderFieldSize = limits.headBytes
            decoder.maxHeaderListSize = limits.headBytes
            decoder.maxHeaderFieldCount = limits.headFields
            let requests = ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: decoder))
            // Framing is decided by `answerHead`, which knows the method; the encoder does not.
            var encoder = HTTPResponseEncoder.Configuration()
            encoder.automaticallySetFramingHeaders = false
            try pipeline.addHandlers(HTTPResponseEncoder(configuration: encoder), requests)
            try pipeline.addHandler(ConnectionWatch(clock: clock, signals: signals, inputEnded: inputEnded))
            // Few parts wait in memory: with the default of 10 a slow responder would hold 640 KB of an upload.
            let io = try NIOAsyncChannel<HTTPServerRequestPart, AnswerPart>(
                wrappingChannelSynchronously: channel,
                configuration: .init(
                    backPressureStrategy: .init(lowWatermark: 2, highWatermark: 4), isOutboundHalfClosureEnabled: true))
            let upgrade = NIOLoopBound(Upgrade(requests: requests, clock: clock), eventLoop: channel.eventLoop)
            return AcceptedConnection(
                io: ServedChannel(io, of: channel), inputEnded: inputEnded.futureResult, signals: signals, upgrade: upgrade)
        }
    }

    /// Serves requests one after the other. Two children: one serves, the other waits for the client to go, which cancels the first,
    /// so that a responder need not watch the connection itself.
    func handle(value connection: AcceptedConnection, logger: Logger) async {
        guard let executor = executors[ObjectIdentifier(connection.channel.eventLoop)] else { preconditionFailure("a loop of another server") }
        await withTaskCancellationHandler {
            await RequestExecutor.$current.withValue(executor) {
                await withTaskExecutorPreference(executor) {
                    await withTaskGroup(of: Void.self) { group in
                        group.addTask { await serve(connection) }
                        group.addTask { try? await connection.inputEnded.get() }
                        await group.next()
                        group.cancelAll()
                    }
                }
            }
        } onCancel: {
            connection.channel.close(promise: nil)
        }
    }

    private func serve(_ connection: AcceptedConnection) async {
        do {
            try await connection.io.executeThenClose { inbound, outbound in
                let parts = InboundParts(inbound, outbound: outbound)
                do {
                    try await answerAll(connection, parts, outbound)
                } catch let error as HTTPParserError {
                    let refusal =
                        error == .headerOverflow
                        ? RefusedHead(status: 431, reason: "The request's head is too large")
                        : RefusedHead(status: 400, reason: "The request is malformed")
                    try await outbound.write(contentsOf: answer(refusal))
                }
                outbound.finish()
                // Closing at once could destroy what the client has not read yet; it has a second to take it and close.
                let channel = connection.channel
                let end = channel.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
                try await connection.inputEnded.get()
                end.cancel()
            }
        } catch {
            // The client went, or an answer broke off: the connection is closed, and there is nobody to tell.
        }
    }

    private func answerAll(
        _ connection: AcceptedConnection, _ parts: InboundParts, _ outbound: NIOAsyncChannelOutboundWriter<AnswerPart>
    ) async throws {
        var served = 0
        while let raw = try await parts.nextHead() {
            let head: CheckedHead
            do throws(RefusedHead) {
                head = try check(raw)
            } catch {
                return try await outbound.write(contentsOf: answer(error))
            }
            served += 1
            let body = parts.beginBody(head)
            let response = await respond(
                ServerRequest(
                    method: head.method, target: head.target, authority: head.authority, fields: head.fields, body: body,
                    upgrade: head.upgrade))
            let writer = AnswerWriter(outbound: outbound, head: head)
            if case .upgraded(let goOn) = response.body, let protocolName = head.upgrade {
                return try await upgraded(connection, parts, outbound) {
                    try await writer.writeSwitch(response.fields, to: protocolName)
                    try await goOn($0)
                }
            }
            let clientWaits = parts.answerBegins()
            let isLast =
                !head.keepAlive || head.namesUpgrade || clientWaits || served >= limits.requestsPerConnection
                || connection.signals.draining.load(ordering: .relaxed)
            let keeps = try await writer.write(response, isLast: isLast)
            if !keeps { return }
            guard try await parts.endBody(upTo: limits.unreadBody) else { return }
        }
    }

    /// Takes the parser out of the way before the client is told, so that its next bytes come as they are.
    private func upgraded(
        _ connection: AcceptedConnection, _ parts: InboundParts, _ outbound: NIOAsyncChannelOutboundWriter<AnswerPart>,
        _ goOn: (UpgradedConnection) async throws -> Void
    ) async throws {
        guard try await parts.endBody(upTo: 0) else { return }
        let (channel, upgrade) = (connection.channel, connection.upgrade)
        try await channel.eventLoop.flatSubmit { upgrade.value.perform(on: channel) }.get()
        try await goOn(
            UpgradedConnection(next: { try await parts.nextRaw() }, write: { try await outbound.write(.body(ByteBuffer(bytes: $0))) }))
    }

    private func answer(_ refusal: RefusedHead) -> [AnswerPart] {
        let body = ByteBuffer(string: #"{"error":"\#(refusal.reason)"}"#)
        let headers: HTTPHeaders = [
            "Content-Type": "application/json; charset=utf-8", "Date": HTTPDate.now(), "Content-Length": "\(body.readableBytes)",
            "Connection": "close",
        ]
        let status = HTTPResponseStatus(statusCode: refusal.status)
        return [.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers)), .body(body), .end(nil)]
    }
}
