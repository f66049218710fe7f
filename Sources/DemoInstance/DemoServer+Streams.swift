import Fediverse
import HTTPService
import HTTPTypes
import Synchronization

/// The streams in both kinds, as Mastodon has them: every one wants a token.
extension DemoServer {
    static func isStreaming(_ path: Substring) -> Bool {
        (path == "/api/v1/streaming" || path.hasPrefix("/api/v1/streaming/")) && path != "/api/v1/streaming/health"
    }

    func stream(_ request: ServerRequest, base: String) throws -> ServerResponse {
        let query = QueryString(String(request.query ?? ""))
        func value(_ name: String) -> String? { query.value(of: name) }
        guard let word = token(of: request, value("access_token")) else { throw APIFailure(status: 401, message: "Missing access token") }
        guard let account = state.withLock({ $0.tokens[word]?.account }) else { throw APIFailure(status: 401, message: "Invalid access token") }

        if request.upgrade == "websocket" {
            guard let key = request.fields[.webSocketKey] else { throw APIFailure.badRequest }
            let asked = value("stream").flatMap { DemoStream($0, tag: value("tag"), list: value("list")) }
            let place = listeners.enter(account, token: word, base: base, asked.map { [$0] } ?? [])
            var fields: HTTPFields = [.webSocketAccept: WebSocket.acceptance(of: key)]
            fields[.webSocketProtocol] = request.fields[.webSocketProtocol]
            return ServerResponse(status: 101, fields: fields, body: .upgraded { try await Self.converse($0, place) })
        }
        let name = request.path.dropFirst("/api/v1/streaming".count).split(separator: "/").joined(separator: ":")
        guard request.method == "GET", let stream = DemoStream(name.isEmpty ? value("stream") ?? "" : name, tag: value("tag"), list: value("list")) else {
            throw APIFailure.notFound
        }
        let place = listeners.enter(account, token: word, base: base, [stream])
        var fields: HTTPFields = [.contentType: "text/event-stream", .cacheControl: "private, no-store"]
        for field in Self.sharing { fields.append(field) }
        return ServerResponse(
            status: 200, fields: fields,
            body: .stream(length: nil) { write in
                defer { withExtendedLifetime(place) {} }
                try await write(Array(":)\n".utf8))
                for await item in place.items {
                    switch item {
                    case .event(_, let name, let payload): try await write(Array("event: \(name)\ndata: \(payload.payload)\n\n".utf8))
                    case .beat: try await write(Array(":thump\n".utf8))
                    case .pong, .refusal: break
                    }
                }
            })
    }

    private func token(of request: ServerRequest, _ inQuery: String?) -> String? {
        if let header = request.fields[.authorization], header.lowercased().hasPrefix("bearer ") { return String(header.dropFirst(7)) }
        return inQuery ?? request.fields[.webSocketProtocol]
    }

    private static func converse(_ client: UpgradedConnection, _ place: DemoListeners.Place) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { place.end() }
                var reader = WebSocketReader(limit: 4_096, isMasked: true)
                while let bytes = try await client.next() {
                    for message in reader.take(bytes) {
                        switch message {
                        case .close: return
                        case .ping(let payload): place.give(.pong(payload))
                        case .text(let text): obey(text, place)
                        }
                    }
                }
            }
            defer { group.cancelAll() }
            for await item in place.items {
                switch item {
                case .event(let streams, let name, let payload):
                    let message: JSON = [
                        "stream": .array(streams.map { .string($0) }), "event": .string(name), "payload": .string(payload.payload),
                    ]
                    try await client.write(WebSocket.frame(.text, message.bytes))
                case .beat: try await client.write(WebSocket.frame(.ping, []))
                case .pong(let payload): try await client.write(WebSocket.frame(.pong, payload))
                case .refusal(let words): try await client.write(WebSocket.frame(.text, (["error": .string(words)] as JSON).bytes))
                }
            }
            try await client.write(WebSocket.frame(.close, [0x03, 0xE8]))
        }
    }

    /// A client's `{"type":"subscribe","stream":"hashtag","tag":"cats"}`.
    private static func obey(_ text: [UInt8], _ place: DemoListeners.Place) {
        let read = text.withUnsafeBytes { bytes in
            Result { () throws(JSONError) -> [String: String] in
                var scanner = JSONScanner(bytes)
                var members: [String: String] = [:]
                var object = try scanner.enterObject()
                while let key = try scanner.nextKey(&object) {
                    switch key {
                    case "type", "stream", "tag": members[key.string] = try scanner.stringOrNull()
                    case "list":
                        let id = try scanner.identifier()
                        members["list"] = id.string(in: bytes)
                    default: try scanner.skip()
                    }
                }
                return members
            }
        }
        guard case .success(let asked) = read, let stream = DemoStream(asked["stream"] ?? "", tag: asked["tag"], list: asked["list"]) else {
            return place.give(.refusal("Unknown stream type"))
        }
        switch asked["type"] {
        case "subscribe": place.subscribe(to: stream)
        case "unsubscribe": place.unsubscribe(from: stream)
        default: break
        }
    }

    /// Lets the world go on for those who listen, and gives them a sign of life every 15 seconds, until it is cancelled.
    func serveListeners() async {
        var turn = 0
        while (try? await Task.sleep(for: .seconds(1))) != nil {
            turn += 1
            let now = clock()
            state.withLock { state in
                if settings.grows { state.world.advance(to: now) }
                listeners.tell(state.world.takeNews(), state)
                if turn % 15 == 0 { listeners.beat(state) }
            }
        }
    }
}

extension JSON {
    /// An event's data: the bare id of a deletion, else the JSON itself.
    fileprivate var payload: String {
        if case .string(let text) = self { return text }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension HTTPField.Name {
    // Literals of the token grammar; the initializer fails for nothing else.
    fileprivate static let webSocketKey = Self("Sec-WebSocket-Key")!
    fileprivate static let webSocketAccept = Self("Sec-WebSocket-Accept")!
    fileprivate static let webSocketProtocol = Self("Sec-WebSocket-Protocol")!
}
