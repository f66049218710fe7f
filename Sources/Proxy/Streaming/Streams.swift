import Curl
import Fediverse
import HTTPService
import HTTPTypes
import Privacy
import Upstream

/// Streams of events, over WebSocket and as server-sent events: relayed as they come, and ended when their token is.
struct Streams: Sendable {
    let passThrough: PassThrough
    let open: OpenStreams
    let signedIn: SignedIn
    let passing: PassingEvents?
    let ping: Duration

    func respond(to request: ServerRequest, publicBase: String) async -> ServerResponse {
        let authorization = Self.authorization(of: request)
        let token = SignedIn.bearer(authorization).map { signedIn.cache.digest(of: $0) }
        guard let place = open.enter(token: token, authorization: token == nil ? nil : authorization) else {
            var answer = Failures.sentence("as many streams are open here as may be", status: 503)
            answer.fields[.retryAfter] = "30"
            return answer
        }
        if Self.isOfOurs(request) { return QuietStream(ping: ping).respond(to: request, place) }
        // Beside the instance's own answer, which most often takes longer.
        async let looking: Void = look(authorization, isWebSocket: request.upgrade == "websocket", place.watch)
        let ears = token == nil ? nil : passing.map { StreamEars(isWebSocket: request.upgrade == "websocket", watch: place.watch, passing: $0) }
        do throws(CurlError) {
            guard request.upgrade == "websocket" else {
                let answer = try await passThrough.client.send(passThrough.outgoing(request))
                place.begin { answer.body.close() }
                if answer.status == 200 { await looking }
                return relay(answer, place, publicBase, answer.status == 200 ? ears : nil)
            }
            guard let key = request.fields[.webSocketKey], !key.isEmpty else {
                return Self.keyless
            }
            switch try await webSocket(request, key: key) {
            case .refused(let answer):
                return relay(answer, place, publicBase, nil)
            case .switched(let fields, let tunnel):
                place.begin { tunnel.close() }
                await looking
                let watch = token == nil ? nil : place.watch
                return ServerResponse(
                    status: 101, fields: passThrough.fields(of: fields, publicBase: publicBase),
                    body: .upgraded { client in
                        defer { withExtendedLifetime(place) {} }
                        try await Self.relay(client, tunnel, ears, watch)
                    })
            }
        } catch {
            return Failures.answer(error)
        }
    }

    private func relay(_ answer: CurlResponse, _ place: OpenStreams.Place, _ publicBase: String, _ hearing: StreamEars?) -> ServerResponse {
        var relayed = passThrough.relay(answer, publicBase: publicBase)
        relayed.body = .stream(length: PassThrough.length(of: answer)) { write in
            defer { withExtendedLifetime(place) {} }
            var ears = hearing
            while let bytes = try await answer.body.next() {
                try await write(bytes)
                ears?.hear(bytes)
            }
        }
        return relayed
    }

    private func webSocket(_ request: ServerRequest, key: String) async throws(CurlError) -> CurlUpgrade {
        var outgoing = passThrough.outgoing(request)
        // Not offered to the instance: what is compressed could not be looked at, each stream would hold the memory for it, and who is
        // looked at should not be told by it. Mastodon's own server does not take it either.
        outgoing.fields[.webSocketExtensions] = nil
        let answer = try await passThrough.client.upgrade(outgoing, to: "websocket")
        if case .switched(let fields, _) = answer {
            guard fields[.upgrade]?.lowercased() == "websocket", fields[.webSocketAccept] == WebSocket.acceptance(of: key),
                fields[.webSocketExtensions] == nil
            else { throw .brokenAnswer }
        }
        return answer
    }

    /// Bytes both ways as they come, until either side ends.
    /// - Parameter watch: nil without a token, and then nothing is looked at.
    private static func relay(_ client: UpgradedConnection, _ tunnel: CurlTunnel, _ hearing: StreamEars?, _ watch: StreamWatch?) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    var subscriptions = VirtualSubscriptions()
                    while let bytes = try await client.next() {
                        let passed = watch.map { subscriptions.take(bytes, isLooking: $0.isLooking) } ?? bytes
                        if !passed.isEmpty { try await tunnel.write(passed) }
                    }
                    let last = subscriptions.finish()
                    if !last.isEmpty { try await tunnel.write(last) }
                    tunnel.finish()
                } catch {
                    tunnel.close()
                }
            }
            defer { group.cancelAll() }
            var ears = hearing
            while let bytes = try await tunnel.next() {
                try await client.write(bytes)
                ears?.hear(bytes)
            }
        }
    }

    static var keyless: ServerResponse { Failures.sentence("the request for a WebSocket has no Sec-WebSocket-Key", status: 400) }

    /// Lets what passes be looked at for a person at LIMITED or FULL. Who cannot be told now is asked about with the next check.
    private func look(_ authorization: String?, isWebSocket: Bool, _ watch: StreamWatch) async {
        // Without them there is something to look at only where a client speaks.
        guard passing != nil || isWebSocket, let person = await signedIn.person(authorization: authorization), person.viewer.level > .none else { return }
        watch.isLooking = true
    }

    /// Whether it is the stream of a list of ours, whose id the instance is never told.
    private static func isOfOurs(_ request: ServerRequest) -> Bool {
        guard let query = request.query.map({ QueryString(String($0)) }), let id = query.value(of: "list"), VirtualList(id: id) != nil else { return false }
        return request.path.split(separator: "/").last == "list" || query.value(of: "stream") == "list"
    }

    /// Where clients put their token: the header, the query, or the name of a subprotocol (Mastodon's documentation, "Streaming").
    static func authorization(of request: ServerRequest) -> String? {
        if let header = request.fields[.authorization] { return header }
        if let token = request.query.flatMap({ QueryString(String($0)).value(of: "access_token") }), !token.isEmpty { return "Bearer " + token }
        guard request.upgrade == "websocket", let offered = request.fields[.webSocketProtocol] else { return nil }
        let token = offered.prefix { $0 != "," && $0 != " " }
        return token.isEmpty ? nil : "Bearer " + token
    }
}

/// Asks again and again whether the tokens of open streams still hold, as long as it runs.
struct StreamChecks: Sendable {
    let open: OpenStreams
    let signedIn: SignedIn
    let interval: Duration

    /// Questions that are under way at once.
    private static let together = 8

    func run() async {
        let turn = min(.seconds(1), interval / 10)
        while (try? await Task.sleep(for: turn)) != nil {
            let due = open.takeDue(at: .now)
            if due.isEmpty { continue }
            await withTaskGroup(of: Void.self) { group in
                for (index, one) in due.enumerated() {
                    if index >= Self.together { await group.next() }
                    group.addTask { await check(one) }
                }
            }
        }
    }

    /// A token that is revoked must not go on being served.
    private func check(_ one: OpenStreams.Due) async {
        var level: PrivacyLevel?
        do {
            level = try await signedIn.levelAnew(one.token, authorization: one.authorization)
        } catch UpstreamError.status(401, _) {
            signedIn.cache.forget(one.token)
            return open.cut(one.token)
        } catch {
            // An application's token has no person, and an instance that does not answer has refused nothing.
        }
        // Whose level cannot be told is not looked at until the next check.
        for watch in one.watches { watch.isLooking = level.map { $0 > .none } ?? false }
    }
}

extension HTTPField.Name {
    // Literals of the token grammar; the initializer fails for nothing else.
    static let webSocketKey = Self("Sec-WebSocket-Key")!
    static let webSocketAccept = Self("Sec-WebSocket-Accept")!
    static let webSocketProtocol = Self("Sec-WebSocket-Protocol")!
    fileprivate static let webSocketExtensions = Self("Sec-WebSocket-Extensions")!
}
