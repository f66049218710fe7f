import Curl
import Fediverse
import HTTPService
import HTTPTypes
import Privacy
import Recommender
import Upstream

/// Which request goes where, in one screen. Whatever is not named here passes through.
struct Routes: Sendable {
    private typealias Handler = @Sendable (_ request: ServerRequest, _ publicBase: String) async -> ServerResponse

    private let table: RouteTable<Handler>
    private let everythingElse: PassThrough
    private let own: OwnRoutes
    private let personal: PersonAPI
    private let settings: ProxySettings
    private let counters: ProxyCounters
    private let tokens: TokenCache
    private let budget: Budget
    private let indexes: CandidateIndexCache
    private let tenant: TenantKey
    private let clock: @Sendable () -> Instant
    let streams: OpenStreams
    private let checks: StreamChecks
    private let passing: PassingEvents?

    init(
        _ parts: ProxyParts, settings: ProxySettings, counters: ProxyCounters, tokens: TokenCache,
        trouble: @escaping @Sendable () async -> String?, pages: @escaping @Sendable (ServerRequest) async -> ServerResponse?
    ) {
        let policy = PrivacyPolicy()
        let budget = Budget(requestsPerWindow: settings.budget)
        let passThrough = PassThrough(instance: settings.instance, client: parts.client, limits: settings.passThroughLimits)
        let signedIn = SignedIn(
            mastodon: parts.mastodon, pseudonymizer: parts.pseudonymizer, people: parts.people, readers: parts.candidates, tenant: parts.tenant, cache: tokens,
            visits: Visits(), budget: budget, policy: policy, verification: settings.verificationTime, lookUp: settings.lookUpTime,
            clock: parts.clock)
        let displayCheck = DisplayCheck(mastodon: parts.mastodon, policy: settings.consent, budget: budget, clock: parts.clock)
        let accounts = VirtualAccounts(pseudonymizer: parts.pseudonymizer)
        indexes = CandidateIndexCache(repository: parts.candidates)
        let preparation = SlatePreparation(
            indexes: indexes, recommender: settings.recommender, displayCheck: displayCheck, mastodon: parts.mastodon, clock: parts.clock)
        let capture = InteractionCapture(
            domain: settings.instance.domain, interactions: parts.interactions, pseudonymizer: parts.pseudonymizer, policy: policy,
            consent: settings.consent, clock: parts.clock)
        let home = HomeTimeline(
            passThrough: passThrough, signedIn: signedIn, preparation: preparation,
            editor: PageEditor(
                people: parts.people, log: parts.log, policy: policy, accounts: accounts, sent: SentLately(), instance: settings.instance,
                recommendationsPerPage: settings.recommendationsPerPage,
                clock: parts.clock),
            settings: settings, counters: counters, clock: parts.clock)
        let statuses = StatusRequests(
            passThrough: passThrough, signedIn: signedIn, histories: parts.candidates, capture: capture,
            displayCheck: displayCheck, mastodon: parts.mastodon, budget: budget, accounts: accounts, preferences: parts.preferences,
            counters: counters, clock: parts.clock)
        let virtual = VirtualAccountRequests(
            passThrough: passThrough, signedIn: signedIn, statuses: statuses, preferences: parts.preferences,
            policy: policy, accounts: accounts, clock: parts.clock)
        let open = OpenStreams(limit: settings.streamLimit, interval: settings.streamCheckInterval)
        let sessions = Sessions(instance: settings.instance, passThrough: passThrough, tokens: tokens, streams: open)

        let aboutStatuses: Handler = { await statuses.respond(to: $0, publicBase: $1) }
        let aboutAccounts: Handler = { request, base in
            await virtual.respond(to: request, publicBase: base) { await passThrough.respond(to: $0, publicBase: base) }
        }
        // After what changes which statuses the person may see, the instance is asked about each again.
        let forgetting: @Sendable (ServerRequest, ServerResponse) -> ServerResponse = { request, answer in
            if (200...299).contains(answer.status), let token = SignedIn.bearer(request.fields[.authorization]) {
                displayCheck.forget(tokens.digest(of: token))
            }
            return answer
        }
        let changesWhatIsShown: Handler = { forgetting($0, await aboutAccounts($0, $1)) }

        var table = RouteTable<Handler>()
        table.add("GET", "/api/v1/timelines/home") { await home.respond(to: $0, publicBase: $1) }

        table.add("GET", "/api/v1/statuses", aboutStatuses)
        table.add("POST", "/api/v1/statuses", aboutStatuses)
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH"] {
            table.add(method, "/api/v1/statuses/:id", aboutStatuses)
            table.add(method, "/api/v1/statuses/:id/*rest", aboutStatuses)
        }
        table.add("POST", "/api/v1/markers", aboutStatuses)
        table.add("POST", "/api/v2/filters/:id/statuses") { forgetting($0, await aboutStatuses($0, $1)) }
        table.add("POST", "/api/v1/reports") { request, base in
            await virtual.respond(to: request, publicBase: base) { await statuses.respond(to: $0, publicBase: base) }
        }

        for path in ["/api/v1/accounts", "/api/v1/accounts/*rest", "/api/v1/search", "/api/v2/search"] { table.add("GET", path, aboutAccounts) }
        table.add("POST", "/api/v1/accounts/*rest", changesWhatIsShown)
        let lists = ListRequests(
            passThrough: passThrough, signedIn: signedIn,
            forYou: ForYouTimeline(
                indexes: indexes, recommender: settings.recommender, displayCheck: displayCheck, readers: parts.candidates, log: parts.log,
                policy: policy, clock: parts.clock),
            home: HomeScan(passThrough: passThrough, budget: budget, clock: parts.clock), accounts: accounts, preferences: parts.preferences,
            policy: policy, counters: counters)
        table.add("GET", "/api/v1/lists") { await lists.all($0, publicBase: $1) }
        table.add("GET", "/api/v1/timelines/list/:id") { await lists.timeline(Self.segment(4, of: $0), $0, publicBase: $1) }
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            table.add(method, "/api/v1/timelines/list/:id") { request, base in
                if Self.segment(4, of: request).flatMap({ VirtualList(id: $0) }) != nil { return Failures.sentence("Record not found", status: 404) }
                return await passThrough.respond(to: request, publicBase: base)
            }
        }
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            table.add(method, "/api/v1/lists/:id") { request, base in
                await lists.one(Self.segment(3, of: request), nil, request, publicBase: base) {
                    await passThrough.respond(to: request, publicBase: base)
                }
            }
            table.add(method, "/api/v1/lists/:id/*rest") { request, base in
                await lists.one(Self.segment(3, of: request), Self.segment(4, of: request), request, publicBase: base) {
                    method == "POST" ? await aboutAccounts(request, base) : await passThrough.respond(to: request, publicBase: base)
                }
            }
        }
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            if method != "PUT", method != "PATCH" { table.add(method, "/api/v1/domain_blocks", changesWhatIsShown) }
            for path in ["/api/v1/filters", "/api/v1/filters/:id", "/api/v2/filters", "/api/v2/filters/*rest"] {
                table.add(method, path, changesWhatIsShown)
            }
        }
        var streamLimits = settings.passThroughLimits
        streamLimits.idle = settings.streamIdle
        passing = parts.passing.map(PassingEvents.init)
        let streams = Streams(
            passThrough: PassThrough(instance: settings.instance, client: parts.streams, limits: streamLimits), open: open, signedIn: signedIn,
            passing: passing, ping: settings.streamPing)
        for path in ["/api/v1/streaming", "/api/v1/streaming/*rest"] {
            table.add("GET", path) { await streams.respond(to: $0, publicBase: $1) }
        }
        table.add("GET", "/api/v1/streaming/health") { await passThrough.respond(to: $0, publicBase: $1) }
        self.streams = open
        checks = StreamChecks(open: open, signedIn: signedIn, interval: settings.streamCheckInterval)

        let document = InstanceDocument(passThrough: passThrough)
        for path in ["/api/v1/instance", "/api/v2/instance"] { table.add("GET", path) { await document.respond(to: $0, publicBase: $1) } }

        for path in ["/oauth/authorize", "/oauth/authorize/*rest", "/auth/*rest"] {
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] { table.add(method, path) { request, _ in sessions.authorize(request) } }
        }
        table.add("POST", "/oauth/revoke") { await sessions.revoke($0, publicBase: $1) }

        let authors = parts.statuses.map {
            AuthorRequests(
                mastodon: parts.mastodon, pseudonymizer: parts.pseudonymizer, statuses: $0, tenant: parts.tenant, clock: parts.clock)
        }
        own = OwnRoutes(authors: authors, trouble: trouble, pages: pages)
        personal = PersonAPI(
            rights: parts.rights, signedIn: signedIn, authors: authors,
            interactions: CorgiInteractions(posts: parts.posts, capture: capture, mastodon: parts.mastodon, budget: budget, clock: parts.clock),
            recommendations: CorgiRecommendations(
                preparation: preparation, readers: parts.candidates, log: parts.log, policy: policy, domain: settings.instance.domain,
                clock: parts.clock))
        self.table = table
        everythingElse = passThrough
        self.tokens = tokens
        self.budget = budget
        tenant = parts.tenant
        clock = parts.clock
        self.settings = settings
        self.counters = counters
    }

    /// Looks for a new snapshot version whenever another process hints at one, and by itself every ten seconds: until it is cancelled.
    func keepFresh(_ hints: AsyncStream<Void>) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in hints { await renew() } }
            group.addTask {
                repeat { await renew() } while (try? await Task.sleep(for: .seconds(10))) != nil
            }
        }
    }

    /// What open streams need beside them: until it is cancelled.
    func watchStreams() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await checks.run() }
            if let passing { group.addTask { await passing.run() } }
        }
    }

    private func renew() async {
        // A refresh that is under way may have read before the change.
        await indexes.settle()
        // Where it fails the old index serves on, and the next turn tries again.
        _ = try? await indexes.refresh(tenant, at: clock())
    }

    /// Ends what still reads the database: before that is closed.
    func stop() async { await indexes.stop() }

    func respond(to request: ServerRequest) async -> ServerResponse {
        counters.count(.request)
        guard let base = publicBase(of: request) else {
            return Failures.sentence("This host name is not served here", status: 400)
        }
        if PersonAPI.isAsked(request) {
            let answer = await personal.respond(to: request)
            // A level may have been chosen, or everything erased.
            if request.method != "GET", request.path.contains("/privacy"), let token = SignedIn.bearer(request.fields[.authorization]) { streams.askAgain(tokens.digest(of: token)) }
            return answer
        }
        if request.path.hasPrefix("/sheltie/") || request.path == "/sheltie" { return await own.respond(to: request) }
        if !Self.isStreaming(request.path), let query = request.query, QueryString(String(query)).value(of: "access_token") != nil {
            return Failures.sentence("A token in an address ends up in logs; send it in the Authorization header", status: 400)
        }
        let answer =
            if let match = table.match(request.method, request.path) {
                await match.handler(request, base)
            } else {
                await everythingElse.respond(to: request, publicBase: base)
            }
        learn(from: answer, to: request)
        return answer
    }

    private static func segment(_ place: Int, of request: ServerRequest) -> Substring? {
        let segments = request.path.split(separator: "/")
        return place < segments.count ? segments[place] : nil
    }

    private static func isStreaming(_ path: Substring) -> Bool {
        path == "/api/v1/streaming" || path.hasPrefix("/api/v1/streaming/")
    }

    /// What every answer tells about the token that asked: that it is refused, or how much is left of its allowance.
    private func learn(from answer: ServerResponse, to request: ServerRequest) {
        let remaining = answer.fields[.rateLimitRemaining].flatMap { Int($0) }
        guard answer.status == 401 || answer.status == 403 || remaining != nil,
            let token = SignedIn.bearer(request.fields[.authorization])
        else { return }
        let digest = tokens.digest(of: token)
        if answer.status == 401 || answer.status == 403 { tokens.doubt(digest) }
        if let remaining { budget.observe(remaining: remaining, for: digest, at: clock()) }
    }

    /// How clients reach us: the setting, or on loopback whatever they called us.
    private func publicBase(of request: ServerRequest) -> String? {
        guard let configured = settings.publicURL else { return "http://" + request.authority }
        let asked = request.authority.lowercased()
        let standardPort = configured.hasPrefix("https://") ? ":443" : ":80"
        let own = OwnLinks(base: configured).authority.lowercased()
        return asked == own || asked == own + standardPort ? configured : nil
    }
}

extension HTTPField.Name {
    static let rateLimitRemaining = HTTPField.Name("X-RateLimit-Remaining")!
}
