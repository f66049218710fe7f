import ArgumentParser
import Curl
import Database
import Fediverse
import Glibc
import HTTPService
import Jobs
import OpenSSL
import Privacy
import Proxy
import Recommender
import ServiceLifecycle
import Store
import Telemetry
import UnixSignals
import Upstream

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Stand before an instance: proxy and jobs, until SIGTERM.",
        discussion: "Example: sheltie serve --upstream https://social.example")

    @OptionGroup var flags: SettingFlags

    func run() async throws {
        let settings = try await Settings.load(flags)
        // Before the database is opened: the jobs would begin to write before the port is found taken.
        let listen = try settings.listenAddress()
        guard listen.isFree else { throw Serving.portTaken(listen) }
        let installation = try await Installation.open(settings, role: .serve)
        do {
            try await Serving(installation).run(onRunning: { port in Output.note("READY http://127.0.0.1:\(port)") })
        } catch {
            await installation.close()
            throw error
        }
        await installation.close()
    }
}

/// Proxy and jobs over one installation, started and stopped together.
struct Serving {
    let installation: Installation
    let logger: Log
    let listen: ListenAddress

    init(_ installation: Installation) throws {
        self.installation = installation
        let settings = installation.settings
        listen = try settings.listenAddress()
        logger = try settings.logger()
    }

    func run(
        pages: @escaping @Sendable (ServerRequest) async -> ServerResponse? = { _ in nil }, beside others: [any Service] = [],
        onRunning: @escaping @Sendable (Int) async -> Void
    ) async throws {
        let (settings, storage) = (installation.settings, installation.storage)
        var proxySettings = ProxySettings(
            instance: installation.instance, listen: listen, publicURL: try settings.publicURL(), consent: installation.consent,
            recommender: TimelineRecommender(policy: try settings.choice("policy"), longestAge: ConsentPolicy.longestAge))
        proxySettings.recommendationsPerPage = try settings.number("recommendationsPerPage")
        proxySettings.decisionTime = .milliseconds(try settings.number("decisionMilliseconds"))
        // The same patience with our own database before the instance is asked: who allows us more, loses fewer acts on a slow disk.
        proxySettings.lookUpTime = proxySettings.decisionTime
        proxySettings.budget = try settings.number("requestBudget")
        proxySettings.streamLimit = try settings.number("streamLimit")
        proxySettings.streamIdle = .seconds(try settings.number("streamIdleSeconds"))
        proxySettings.streamCheckInterval = .seconds(try settings.number("streamCheckSeconds"))
        Self.allowFiles(for: proxySettings.streamLimit)
        let readiness = Readiness(storage, tenant: installation.tenant)
        var parts = ProxyParts(
            tenant: installation.tenant, pseudonymizer: installation.pseudonymizer, people: storage.people,
            interactions: storage.interactions, log: storage.recommendationLog, preferences: storage.preferences,
            candidates: storage.recommender, rights: try installation.rights, posts: storage, mastodon: installation.mastodon, client: installation.client,
            streams: installation.streams, clock: Clock.now)
        parts.statuses = storage.statuses
        let listener = try installation.listener(logger: logger)
        parts.passing = { try await listener.take($0) }
        parts.hints = storage.hints(about: installation.tenant)
        let proxy = try Proxy(
            parts, settings: proxySettings, logger: logger, trouble: { await readiness.trouble() }, pages: pages, onRunning: onRunning)
        let holder = try Hex.encode(RandomBytes.make(count: 8))
        let scheduler = try await Scheduler(
            jobs: installation.jobs(), book: installation.jobBook, holder: holder, logger: logger,
            leaseTerm: .seconds(settings.number("leaseSeconds")))
        let scrubs = ScrubService(
            scrubs: storage.scrubs, tenant: installation.tenant, book: installation.jobBook, holder: holder, logger: logger)
        var services: [any Service] = [proxy, scheduler, scrubs, Housekeeping(installation: installation, logger: logger)]
        if let address = try settings.metricsAddress() {
            services.append(MetricsService(address: address, installation: installation, counters: proxy.counters, openStreams: { proxy.openStreams }, logger: logger))
        }
        if try settings.listensToStream() {
            services.append(StreamService(listener: listener, book: installation.jobBook, logger: logger))
        }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: (services + others).map {
                    .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup, failureTerminationBehavior: .gracefullyShutdownGroup)
                },
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger.forLibraries))
        logger.note(.debug, "proxy and jobs begin", .count("services", services.count))
        do {
            try await group.run()
        } catch {
            throw Self.explained(error, listen: listen)
        }
    }

    /// Each stream takes two open files; the system often allows 1,024 where it would allow more to who asks.
    private static func allowFiles(for streams: Int) {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = min(limit.rlim_max, max(limit.rlim_cur, rlim_t(2 * streams + 4_096)))
        // Where it is refused the old limit stays, and what goes beyond it is told that the instance cannot be reached.
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    private static func explained(_ error: any Error, listen: ListenAddress) -> any Error {
        "\(error)".contains("EADDRINUSE") || "\(error)".contains("errno: 98")
            ? portTaken(listen) : error
    }

    static func portTaken(_ listen: ListenAddress) -> Failure {
        Failure("port \(listen.port) on \(listen.host) is taken by another program; choose another with --listen", .unavailable)
    }
}

extension ListenAddress {
    /// False where another program listens there now. What else may be wrong with the address, listening itself will say.
    fileprivate var isFree: Bool {
        if port == 0 { return true }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &found) == 0, let address = found else { return true }
        defer { freeaddrinfo(found) }
        let probe = socket(address.pointee.ai_family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard probe >= 0 else { return true }
        defer { close(probe) }
        // As the server itself: connections that have just ended do not hold the port.
        var on: Int32 = 1
        setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        return bind(probe, address.pointee.ai_addr, address.pointee.ai_addrlen) == 0 || errno != EADDRINUSE
    }
}

extension Settings {
    func listenAddress() throws -> ListenAddress {
        let address = try Self.address(text("listen"), flag: "--listen")
        let host = address.host
        let isLoopback = host == "localhost" || host == "::1" || host.hasPrefix("127.")
        if !isLoopback {
            guard try flag("tlsInFront") else {
                throw Failure("clients' tokens need TLS: listen on loopback, or put a TLS server in front and say so with --tls-in-front", .badSetting)
            }
            guard try publicURL() != nil else {
                throw Failure("beyond loopback --public-url must say how clients reach the proxy, as https://home.example", .badSetting)
            }
        }
        return address
    }

    /// HOST:PORT, an IPv6 address in brackets.
    static func address(_ text: String, flag: String) throws -> ListenAddress {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]), (0...65_535).contains(port), colon != text.startIndex
        else { throw Failure("\(flag) must be HOST:PORT, as 127.0.0.1:8080", .badSetting) }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        return ListenAddress(host: host, port: port)
    }

    func publicURL() throws -> String? {
        let text = text("publicUrl")
        if text.isEmpty { return nil }
        guard text.hasPrefix("https://") || text.hasPrefix("http://"), text.filter({ $0 == "/" }).count == 2 else {
            throw Failure("--public-url must be an address without a path, as https://home.example", .badSetting)
        }
        return text
    }

    func logger() throws -> Log { Log(try choice("logLevel"), clock: Clock.now) }
}
