import HTTPService
import HTTPTypes

/// The stream of a list of ours: nothing is told on it, but it stays open. Clients connect again and again where one is refused or ends.
struct QuietStream: Sendable {
    /// Between two signs of life.
    let ping: Duration

    func respond(to request: ServerRequest, _ place: OpenStreams.Place) -> ServerResponse {
        let (turns, turn) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        guard request.upgrade == "websocket" else {
            place.begin { turn.finish() }
            return ServerResponse(
                status: 200, fields: [.contentType: "text/event-stream", .cacheControl: "private, no-store", .accessControlAllowOrigin: "*"],
                body: .stream(length: nil) { write in
                    defer { withExtendedLifetime(place) {} }
                    let thump = Array(":thump\n\n".utf8)
                    try await write(thump)
                    try await live(turns, turn, nil) { try await write(thump) }
                })
        }
        guard let key = request.fields[.webSocketKey], !key.isEmpty else { return Streams.keyless }
        place.begin { turn.finish() }
        var fields: HTTPFields = [.webSocketAccept: WebSocket.acceptance(of: key)]
        // Some clients name their token here, and browsers close a socket that does not repeat it.
        if let offered = request.fields[.webSocketProtocol]?.prefix(while: { $0 != "," && $0 != " " }), !offered.isEmpty {
            fields[.webSocketProtocol] = String(offered)
        }
        return ServerResponse(
            status: 101, fields: fields,
            body: .upgraded { client in
                defer { withExtendedLifetime(place) {} }
                try await live(turns, turn, { try await Self.listen(to: client) }) { try await client.write(WebSocket.frame(.ping, [])) }
            })
    }

    /// Gives signs of life until the stream is ended, or `listen` returns.
    private func live(
        _ turns: AsyncStream<Void>, _ turn: AsyncStream<Void>.Continuation, _ listen: (@Sendable () async throws -> Void)?,
        _ sign: () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { while (try? await Task.sleep(for: ping)) != nil { turn.yield() } }
            if let listen {
                group.addTask {
                    defer { turn.finish() }
                    try await listen()
                }
            }
            for await _ in turns { try await sign() }
        }
    }

    /// Answers what must be answered until the client closes.
    private static func listen(to client: UpgradedConnection) async throws {
        var reader = WebSocketReader(isMasked: true)
        reader.readsTexts = false
        while let bytes = try await client.next() {
            for message in reader.take(bytes) {
                switch message {
                case .text: break
                case .ping(let payload): try await client.write(WebSocket.frame(.pong, payload))
                case .close: return try await client.write(WebSocket.frame(.close, []))
                }
            }
        }
    }
}
