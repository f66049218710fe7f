import Curl
import DemoInstance
import Fediverse
import HTTPService
import Jobs
import LoopbackClient
import Privacy
import Proxy
import Recommender
import Store
import Synchronization
import Telemetry
import Testing
import Upstream

/// The proxy as it is served, with a real database, before an instance on loopback: what every test of the live half stands on.
struct LiveWorld: Sendable {
    /// 2026-03-01 12:00 UTC.
    static let noon = Instant(seconds: 1_772_366_400)
    static let world = DemoWorld(seed: 7, people: 240, posts: 3_000, days: 2, now: noon)

    let port: Int
    let instance: Instance
    let storage: Storage
    let tenant: TenantKey
    let pseudonymizer: Pseudonymizer
    let mastodon: Mastodon
    let client: CurlClient
    let clock: TestClock
    let counters: ProxyCounters
    let openStreams: @Sendable () -> Int

    /// What the person API and the commands stand on.
    var rights: PersonRights {
        storage.rights(
            of: pseudonymizer, in: tenant, service: PrivacyReport.Service(version: "test", contact: nil, instance: instance.domain), policy: .blend,
            clock: { [clock] in clock.now })
    }

    /// What a test changes before the proxy starts.
    struct Changes: Sendable {
        var settings: @Sendable (inout ProxySettings) -> Void = { _ in }
        var parts: @Sendable (inout ProxyParts) -> Void = { _ in }
        /// Statuses of the public timeline that are read in before, in pages of 40.
        var pages = 6
    }

    /// Before a demo instance whose public statuses have been read in.
    static func withDemo(
        _ changes: Changes = Changes(), _ body: @escaping @Sendable (LiveWorld, DemoServer) async throws -> Void
    ) async throws {
        let clock = TestClock()
        var settings = DemoSettings()
        settings.requestsPerWindow = 1_000_000
        let running = Running()
        let demo = DemoServer(world: world, settings: settings, logger: .silent, clock: { clock.now }) { running.announce($0) }
        try await during({ try await demo.run() }) {
            try await withUpstream("127.0.0.1:\(await running.port)", clock: clock, changes) { live in
                if changes.pages > 0 { try await live.ingest(pages: changes.pages) }
                try await body(live, demo)
            }
        }
    }

    /// Before any server at this authority.
    static func withUpstream(
        _ authority: String, clock: TestClock = TestClock(), _ changes: Changes = Changes(),
        _ body: @escaping @Sendable (LiveWorld) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let storage = try await Storage.open(
            .sqlite(path: folder.path + "/sheltie.db"), role: .serve, defaultLevel: .none, candidateLimit: 10_000, now: noon)
        do {
            try await serve(authority, storage, clock, changes, body)
        } catch {
            await storage.shutdown()
            throw error
        }
        await storage.shutdown()
    }

    private static func serve(
        _ authority: String, _ storage: Storage, _ clock: TestClock, _ changes: Changes,
        _ body: @escaping @Sendable (LiveWorld) async throws -> Void
    ) async throws {
        let instance = Instance(domain: authority, base: "http://" + authority)
        let pseudonymizer = Pseudonymizer(try MasterKey(bytes: Array(0..<32)))
        let tenant = try await storage.tenant(domain: instance.domain, at: noon)
        try await storage.registerKey(id: pseudonymizer.keyID, in: tenant, at: noon)
        let client = CurlClient(CurlSettings(allowedLoopback: true))
        defer { client.shutdown() }
        let mastodon = Mastodon(
            instance: instance, client: client, userAgent: "Sheltie/test", limits: .patient, clock: { clock.now })
        var parts = ProxyParts(
            tenant: tenant, pseudonymizer: pseudonymizer, people: storage.people, interactions: storage.interactions,
            log: storage.recommendationLog, preferences: storage.preferences, candidates: storage.recommender,
            rights: storage.rights(
                of: pseudonymizer, in: tenant, service: PrivacyReport.Service(version: "test", contact: nil, instance: instance.domain), policy: .blend,
                clock: { clock.now }),
            posts: storage, mastodon: mastodon,
            client: client, streams: client, clock: { clock.now })
        parts.statuses = storage.statuses
        changes.parts(&parts)
        var settings = ProxySettings(instance: instance, listen: ListenAddress(), recommender: TimelineRecommender())
        // A loaded machine is not what these tests are about; those that are set their own.
        settings.decisionTime = .seconds(60)
        settings.lookUpTime = .seconds(60)
        settings.verificationTime = .seconds(60)
        (settings.passThroughLimits.firstByte, settings.passThroughLimits.idle) = (.seconds(300), .seconds(300))
        settings.serverLimits.writeIdle = .seconds(300)
        settings.budget = 100_000
        changes.settings(&settings)
        let running = Running()
        let proxy = try Proxy(parts, settings: settings, logger: .silent, trouble: { nil }, onRunning: { running.announce($0) })
        try await during({ try await proxy.run() }) {
            try await body(
                LiveWorld(
                    port: await running.port, instance: instance, storage: storage, tenant: tenant, pseudonymizer: pseudonymizer,
                    mastodon: mastodon, client: client, clock: clock, counters: proxy.counters, openStreams: { proxy.openStreams }))
        }
    }

    /// - Parameter atLeast: how many statuses it must find, or what a test does with them would prove nothing.
    func ingest(pages: Int = 6, atLeast: Int = 41) async throws {
        var settings = IngestJob.Settings(sources: [.public], consent: ConsentPolicy())
        settings.pages = pages
        let job = IngestJob(
            mastodon: mastodon, statuses: storage.statuses, pseudonymizer: pseudonymizer, tenant: tenant, agent: "Sheltie",
            settings: settings)
        let counts = try await job.run(at: clock.now)
        try #require(counts["kept", default: 0] >= atLeast, "the demo has too few statuses: \(counts)")
    }

    /// Somebody with a level; of a demo server when `demo` is given, else with a token that the script knows.
    func reader(
        _ level: PrivacyLevel, named name: String = "reader", at demo: DemoServer? = nil, token given: String = "a-token", accountID: String = "1"
    ) async throws -> LiveReader {
        let token = try demo.map { try #require($0.issueToken(for: name)) } ?? given
        let id = demo == nil ? accountID : try await mastodon.verifyCredentials(authorization: "Bearer " + token).id
        let alias = try pseudonymizer.alias(domain: instance.domain, accountID: id)
        var viewer = try await storage.people.viewer(alias, in: tenant)
        if level > .none { viewer = try await storage.people.setLevel(level, of: alias, in: tenant, at: clock.now).viewer }
        return LiveReader(live: self, token: token, viewer: viewer, accountID: id)
    }

    /// What is stored about somebody, by table.
    func rows(about reader: LiveReader) async throws -> [String: [[String?]]] {
        let tables = try await storage.personalData.everything(about: reader.viewer.alias, in: tenant)
        return Dictionary(tables.map { ($0.name, $0.rows) }) { first, _ in first }
    }
}

extension CurlRequest.Limits {
    /// For a machine that does much else at the same time.
    static let patient = CurlRequest.Limits(
        connect: .seconds(30), firstByte: .seconds(60), idle: .seconds(60), total: .seconds(120))
}
