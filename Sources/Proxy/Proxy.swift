public import Curl
public import Fediverse
public import HTTPService
public import Privacy
public import Recommender
public import ServiceLifecycle
public import Telemetry
public import Upstream

/// What the proxy needs from the rest of the program, as protocols.
public struct ProxyParts: Sendable {
    public var tenant: TenantKey
    public var pseudonymizer: Pseudonymizer
    public var people: any PeopleRepository
    public var interactions: any InteractionRepository
    public var log: any RecommendationLogRepository
    public var preferences: any PreferenceRepository
    public var candidates: any RecommenderRepository
    public var rights: PersonRights
    public var posts: any PostLookup
    public var mastodon: Mastodon
    public var client: CurlClient
    /// For streams, each of which holds a connection as long as it lives.
    public var streams: CurlClient
    public var clock: @Sendable () -> Instant
    /// Where authors are entered who ask to be left alone; nil: they cannot ask here.
    public var statuses: (any StatusRepository)?
    /// One element whenever another process may have changed what is recommended from; nil where there is no other.
    public var hints: AsyncStream<Void>?
    /// Told of deletions and edits that pass on people's streams; nil: streams are not looked at.
    public var passing: (@Sendable (StatusStream.Event) async throws -> Void)?

    public init(
        tenant: TenantKey, pseudonymizer: Pseudonymizer, people: any PeopleRepository, interactions: any InteractionRepository,
        log: any RecommendationLogRepository, preferences: any PreferenceRepository, candidates: any RecommenderRepository,
        rights: PersonRights, posts: any PostLookup, mastodon: Mastodon, client: CurlClient, streams: CurlClient, clock: @escaping @Sendable () -> Instant
    ) {
        self.tenant = tenant
        self.pseudonymizer = pseudonymizer
        self.people = people
        self.interactions = interactions
        self.log = log
        self.preferences = preferences
        self.candidates = candidates
        self.rights = rights
        self.posts = posts
        self.mastodon = mastodon
        self.client = client
        self.streams = streams
        self.clock = clock
    }
}

/// The service that ordinary clients talk to instead of their instance.
public struct Proxy: Service {
    public let counters: ProxyCounters
    private let settings: ProxySettings
    private let routes: Routes
    private let logger: Log
    private let hints: AsyncStream<Void>?
    private let onRunning: @Sendable (Int) async -> Void

    /// - Parameters:
    ///   - trouble: what keeps this process from its work, for `/sheltie/health/ready`; nil when nothing does.
    ///   - pages: answers under `/sheltie/` that are made elsewhere (the demo's pages); nil: not found.
    public init(
        _ parts: ProxyParts, settings: ProxySettings, logger: Log, trouble: @escaping @Sendable () async -> String?,
        pages: @escaping @Sendable (ServerRequest) async -> ServerResponse? = { _ in nil },
        onRunning: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) throws {
        let counters = ProxyCounters()
        self.counters = counters
        self.settings = settings
        self.logger = logger
        hints = parts.hints
        self.onRunning = onRunning
        routes = Routes(parts, settings: settings, counters: counters, tokens: try TokenCache(), trouble: trouble, pages: pages)
    }

    /// How many streams are open now.
    public var openStreams: Int { routes.streams.count }

    public func run() async throws {
        let (routes, hints) = (routes, hints)
        var limits = settings.serverLimits
        // A stream holds its connection: those of other requests are not taken by streams.
        limits.connections += settings.streamLimit
        let server = HTTPServer(address: settings.listen, limits: limits, logger: logger, onRunning: onRunning) { await routes.respond(to: $0) }
        let ended: Result<Void, any Error> = await withTaskGroup { group in
            group.addTask { await routes.watchStreams() }
            group.addTask {
                // A stream would go on until the server's patience ends.
                try? await gracefulShutdown()
                routes.streams.stop()
            }
            if let hints { group.addTask { await routes.keepFresh(hints) } }
            defer { group.cancelAll() }
            do {
                try await server.run()
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        await routes.stop()
        try ended.get()
    }
}
