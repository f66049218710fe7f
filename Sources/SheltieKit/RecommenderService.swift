import Glibc

public import Fediverse
public import Privacy
public import Recommender
public import Store

/// The documented code interface: record what people did, store posts, ask for recommendations, obey levels.
///
/// People are named by their id at an instance; it becomes an alias before anything else happens and is never at rest.
/// At level NONE, which everybody has until they choose, nothing about a person is kept, whatever is called.
public struct RecommenderService: Sendable {
    /// What a caller may set; the defaults are those of the service itself.
    public struct Options: Sendable {
        /// The level of people who have not chosen.
        public var defaultLevel = PrivacyLevel.none
        /// The most posts that are kept to recommend from; beyond it the oldest go.
        public var candidateLimit = 200_000
        /// How recommendations are ranked where a person has not chosen a policy.
        public var policy = RankingPolicy.blend
        /// Days that a post's text is kept; 0 keeps none.
        public var contentDays = 7
        /// How the operator is reached, for the report.
        public var contact: String?
        /// The path beside which the erasure ledger lies; nil for the key file's own.
        public var keyRecords: String?
        public var version = "0.1.0"
        public init() {}
    }

    /// Whether a call may make what is missing.
    public enum Access: Sendable {
        /// Makes the database, brings its schema up to date, and adds the instance.
        case change
        /// Looks at what is there, and refuses what would have to be made first.
        case look
    }

    public let storage: Storage
    public let tenant: TenantKey
    /// The instance that is served: its host.
    public let instance: String
    let pseudonymizer: Pseudonymizer
    let options: Options
    let access: Access
    let candidates: CandidateIndexCache
    let recommender: TimelineRecommender
    let policy = PrivacyPolicy()
    let clock: @Sendable () -> Instant

    /// Opens the database with its key.
    ///
    /// - Parameters:
    ///   - database: a path, or `sqlite:///PATH`.
    ///   - keyFile: the master key, mode 0600, as `sheltie key create` makes it.
    ///   - instance: the host that is served, as `social.example`; nil takes the only one in the database, else `localhost`.
    ///   - clock: the time of what is recorded.
    /// - Throws: `ServiceError`, `MasterKeyError`, `StoreError`, or the database's own.
    public static func open(
        database: String, keyFile: String, instance: String? = nil, access: Access = .change, options: Options = Options(),
        clock: @escaping @Sendable () -> Instant = { systemTime() }
    ) async throws -> RecommenderService {
        let named = try instance.map(host)
        let pseudonymizer = Pseudonymizer(try KeyRing.load(path: keyFile))
        let storage = try await Storage.open(
            StoreLocation(parsing: database), role: access == .change ? .command : .inspect, defaultLevel: options.defaultLevel,
            candidateLimit: options.candidateLimit, now: clock())
        do {
            let domain = try await domain(named: named, in: storage)
            let tenant: TenantKey
            if access == .change {
                tenant = try await storage.tenant(domain: domain, at: clock())
                try await storage.registerKey(
                    id: pseudonymizer.keyID, accepting: pseudonymizer.acceptedKeyIDs,
                    ledger: Ledger(of: pseudonymizer, beside: options.keyRecords ?? keyFile, location: StoreLocation(parsing: database)), in: tenant,
                    at: clock())
            } else {
                guard let known = try await storage.tenant(domain: domain) else { throw ServiceError.unknownInstance }
                tenant = known
                try await storage.checkKey(id: pseudonymizer.keyID, accepting: pseudonymizer.acceptedKeyIDs, in: tenant)
            }
            return RecommenderService(
                storage: storage, tenant: tenant, instance: domain, pseudonymizer: pseudonymizer, options: options, access: access,
                clock: clock)
        } catch {
            await storage.shutdown()
            throw error
        }
    }

    init(
        storage: Storage, tenant: TenantKey, instance: String, pseudonymizer: Pseudonymizer, options: Options, access: Access,
        clock: @escaping @Sendable () -> Instant
    ) {
        self.storage = storage
        self.tenant = tenant
        self.instance = instance
        self.pseudonymizer = pseudonymizer
        self.options = options
        self.access = access
        self.clock = clock
        candidates = CandidateIndexCache(repository: storage.recommender)
        recommender = TimelineRecommender(policy: options.policy)
    }

    /// Finishes what runs and closes the database.
    public func close() async {
        await candidates.stop()
        await storage.shutdown()
    }

    /// Which master key makes the aliases.
    public var keyID: String { pseudonymizer.keyID }

    /// The alias under which a person is known here.
    /// - Parameter instanceURL: their instance, as `mastodon.social` or `https://mastodon.social`; nil for the one that is served.
    public func alias(userID: String, instanceURL: String? = nil) throws -> AliasID {
        let domain = try instanceURL.map(Self.host) ?? instance
        do {
            return try pseudonymizer.alias(domain: domain, accountID: userID)
        } catch .accountIDRefused {
            throw ServiceError.badUserID
        } catch .domainNotCanonical {
            throw ServiceError.badInstance
        }
    }

    /// The alias under which a person's rows stand. One that an older key made is moved to the active key's first.
    /// - Parameter instanceURL: as for ``alias(userID:instanceURL:)``.
    public func person(userID: String, instanceURL: String? = nil) async throws -> AliasID {
        let alias = try alias(userID: userID, instanceURL: instanceURL)
        let former = try pseudonymizer.formerAliases(domain: instanceURL.map(Self.host) ?? instance, accountID: userID)
        if access == .look { return try await storage.people.standing(alias, or: former, in: tenant) }
        try await storage.people.adopt(alias, from: former, in: tenant, at: clock())
        return alias
    }

    func viewer(_ alias: AliasID) async throws -> Viewer { try await storage.people.viewer(alias, in: tenant) }

    private static func domain(named: String?, in storage: Storage) async throws -> String {
        if let named { return named }
        let known = try await storage.tenants()
        guard known.count <= 1 else { throw ServiceError.severalInstances }
        return known.first?.domain ?? "localhost"
    }

    /// The canonical host in an address of any of the usual forms.
    static func host(_ text: String) throws(ServiceError) -> String {
        var host = text[...]
        for scheme in ["https://", "http://"] where host.hasPrefix(scheme) { host = host.dropFirst(scheme.count) }
        if host.hasSuffix("/") { host = host.dropLast() }
        do {
            return try InstanceHost(String(host), allowLoopback: true).canonical
        } catch {
            throw .badInstance
        }
    }

    /// The machine's clock.
    public static func systemTime() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Instant(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }
}
