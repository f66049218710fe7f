public import Fediverse
public import HTTPService
import HTTPTypes
public import ServiceLifecycle
import Synchronization
public import Telemetry

/// A Mastodon-compatible server with invented people and posts, for demonstrations and tests.
///
/// Log in at `/oauth/authorize` as any of its people, or take a token with `issueToken`.
public final class DemoServer: Service {
    public let faults = DemoFaults()

    let state: Mutex<DemoState>
    private let routes = Routes().table
    let settings: DemoSettings
    let listeners = DemoListeners()
    private let address: ListenAddress
    private let limits: ServerLimits
    private let logger: Log
    let clock: @Sendable () -> Instant
    private let onRunning: @Sendable (Int) async -> Void

    /// - Parameters:
    ///   - clock: the world goes on with it, and what people do is dated by it.
    ///   - onRunning: called once with the port.
    public init(
        world: DemoWorld, settings: DemoSettings = DemoSettings(), address: ListenAddress = ListenAddress(),
        limits: ServerLimits = ServerLimits(), logger: Log, clock: @escaping @Sendable () -> Instant,
        onRunning: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) {
        state = Mutex(DemoState(world: world, settings: settings))
        self.settings = settings
        self.address = address
        self.limits = limits
        self.logger = logger
        self.clock = clock
        self.onRunning = onRunning
    }

    public func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.serveListeners() }
            group.addTask {
                try? await gracefulShutdown()
                self.listeners.stop()
            }
            defer { group.cancelAll() }
            try await HTTPServer(address: address, limits: limits, logger: logger, onRunning: onRunning) { await self.respond($0) }.run()
        }
    }

    /// Names of this server's people, the reader of the demo first.
    public var usernames: [String] { state.withLock { $0.world.localUsernames } }

    /// A token for one of the people; nil when there is nobody of this name.
    public func issueToken(for username: String, scopes: [String] = ["read", "write", "follow", "push"]) -> String? {
        let now = clock().microseconds / 1_000
        return state.withLock { state in
            guard let account = state.world.find(acct: username) else { return nil }
            return state.issueToken(for: account, scopes: scopes, at: now)
        }
    }

    /// Answers one request without a network.
    public func respond(_ request: ServerRequest) async -> ServerResponse {
        if request.method == "OPTIONS" { return ServerResponse(status: 200, fields: Self.preflight) }
        let match = routes.match(request.method, request.path)
        let fault = faults.next(for: match?.template ?? "*")
        if let fault, fault.latency > .zero { try? await Task.sleep(for: fault.latency) }
        var response: ServerResponse
        if let status = fault?.status {
            response = make(APIFailure(status: status, message: "A fault that was asked for").answer)
        } else {
            response = await answer(request, match)
        }
        if let fault { apply(fault, to: &response) }
        return response
    }

    private func answer(_ request: ServerRequest, _ match: RouteTable<Endpoint>.Match?) async -> ServerResponse {
        do {
            if Self.isStreaming(request.path) { return try stream(request, base: settings.publicURL ?? "http://\(request.authority)") }
            guard let match else {
                let known = routes.methods(of: request.path)
                throw known.isEmpty ? APIFailure.notFound : APIFailure(status: 405, message: "This method is not allowed")
            }
            let body = try await request.body.collect(upTo: settings.bodyBytes)
            let fields = try RequestFields(query: request.query, contentType: request.fields[.contentType], body: body)
            let now = clock()
            return try state.withLock { state in
                if settings.grows { state.world.advance(to: now) }
                defer { listeners.tell(state.world.takeNews(), state) }
                return try make(call(request, match, fields, now.microseconds / 1_000, &state))
            }
        } catch let failure as APIFailure {
            return make(failure.answer)
        } catch is BodyTooLarge {
            return make(APIFailure(status: 413, message: "The request is too large").answer)
        } catch {
            return make(APIFailure.badRequest.answer)
        }
    }

    private func call(
        _ request: ServerRequest, _ match: RouteTable<Endpoint>.Match, _ fields: RequestFields, _ now: Int64, _ state: inout DemoState
    ) throws -> Answer {
        var word: String?
        if let header = request.fields[.authorization], header.lowercased().hasPrefix("bearer ") { word = String(header.dropFirst(7)) }
        // A client may send an app's token or none where nobody needs to be known, but not a wrong one.
        let token = word.flatMap { state.tokens[$0] }
        if word != nil, token == nil, match.template.hasPrefix("/api/") { throw APIFailure.unauthorized }
        let base = settings.publicURL ?? "http://\(request.authority)"
        let call = Call(
            method: request.method, path: String(request.path), query: request.query, parameters: match.parameters, fields: fields.fields,
            files: fields.files, headers: request.fields, base: base, token: word, account: token?.account, now: now)
        var window: [(HTTPField.Name, String)] = []
        if let word, match.template.hasPrefix("/api/") { window = try state.spend(word, now) }
        if case .person(let scope) = match.handler.access {
            guard let token else { throw APIFailure.unauthorized }
            guard token.account != nil else { throw APIFailure.needsPerson }
            guard DemoState.Token.covers(token.scopes, scope) else { throw APIFailure.forbidden }
        }
        do {
            var answer = try match.handler.handler(&state, call)
            answer.headers += window
            return answer
        } catch let failure as APIFailure {
            var answer = failure.answer
            answer.headers += window
            return answer
        }
    }

    private func make(_ answer: Answer) -> ServerResponse {
        var fields: HTTPFields = [.contentType: answer.type]
        for (name, value) in answer.headers { fields[name] = value }
        for field in Self.sharing { fields.append(field) }
        return ServerResponse(status: answer.status, fields: fields, body: .bytes(answer.body))
    }

    // Browser clients come from other origins.
    static let sharing: HTTPFields = [
        .accessControlAllowOrigin: "*",
        .accessControlExposeHeaders: "Link, X-RateLimit-Reset, X-RateLimit-Limit, X-RateLimit-Remaining, X-Request-Id",
    ]
    private static let preflight: HTTPFields = [
        .accessControlAllowOrigin: "*", .accessControlAllowMethods: "POST, PUT, DELETE, GET, PATCH, OPTIONS",
        .accessControlAllowHeaders: "Authorization, Content-Type, Idempotency-Key", .accessControlMaxAge: "7200",
    ]
}

extension DemoState {
    /// Counts a request of this token.
    /// - Throws: 429 past the window's limit.
    mutating func spend(_ word: String, _ now: Int64) throws -> [(HTTPField.Name, String)] {
        guard var token = tokens[word] else { return [] }
        let window: Int64 = 300_000
        if now - token.windowStart >= window {
            token.windowStart = now / window * window
            token.used = 0
        }
        token.used += 1
        tokens[word] = token
        let left = settings.requestsPerWindow - token.used
        guard left >= 0 else { throw APIFailure(status: 429, message: "Too many requests") }
        return [
            (.rateLimit, String(settings.requestsPerWindow)), (.rateRemaining, String(left)),
            (.rateReset, Timestamp.text(token.windowStart + window)),
        ]
    }
}
