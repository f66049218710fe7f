import Curl
import Fediverse
import Privacy
import Recommender
import Store
import Upstream

/// An installation as its settings describe it, opened: the one place where settings become parts.
struct Installation: Sendable {
    let settings: Settings
    let role: Storage.Role
    let storage: Storage
    let pseudonymizer: Pseudonymizer
    let instance: Instance
    let tenant: TenantKey
    let client: CurlClient
    let streams: CurlClient
    let mastodon: Mastodon
    let consent: ConsentPolicy

    /// The name in every request of ours and in robots.txt.
    static let agent = "Sheltie"

    static func open(_ settings: Settings, role: Storage.Role) async throws -> Installation {
        let instance = try settings.instance()
        let pseudonymizer = Pseudonymizer(try KeyRing.load(path: settings.text("keyFile")))
        let storage = try await Self.storage(settings, role: role)
        do {
            let now = Clock.now()
            let tenant: TenantKey
            if role == .inspect {
                guard let known = try await storage.tenant(domain: instance.domain) else {
                    throw Failure("this database holds nothing for \(instance.domain)", .noInput)
                }
                tenant = known
                try await storage.checkKey(id: pseudonymizer.keyID, accepting: pseudonymizer.acceptedKeyIDs, in: tenant)
            } else {
                tenant = try await storage.tenant(domain: instance.domain, at: now)
                let ledger = Ledger(
                    of: pseudonymizer, beside: settings.keyRecords, location: try StoreLocation(parsing: settings.text("database")))
                if role == .serve, case .sqlite = storage.location, !ledger.isKeptOutside {
                    Output.note("The folder of the key file cannot be written: if the database is lost, a restored backup will not know who was erased since. Name another with --key-records.")
                }
                try await storage.registerKey(
                    id: pseudonymizer.keyID, accepting: pseudonymizer.acceptedKeyIDs, ledger: ledger, in: tenant, at: now)
            }
            let reach = try Self.reach(settings)
            let client = CurlClient(reach)
            return Installation(
                settings: settings, role: role, storage: storage, pseudonymizer: pseudonymizer, instance: instance, tenant: tenant, client: client,
                streams: CurlClient(reach.withoutConnectionLimit), mastodon: try Self.mastodon(settings, instance, client),
                consent: try settings.consentPolicy())
        } catch {
            await storage.shutdown()
            throw error
        }
    }

    /// The alias under which a person's rows stand, moved from an older key's where this command may write.
    func person(accountID: String) async throws -> AliasID {
        let alias = try pseudonymizer.alias(domain: instance.domain, accountID: accountID)
        let former = try pseudonymizer.formerAliases(domain: instance.domain, accountID: accountID)
        if role == .inspect { return try await storage.people.standing(alias, or: former, in: tenant) }
        try await storage.people.adopt(alias, from: former, in: tenant, at: Clock.now())
        return alias
    }

    /// The database alone, for commands that need no instance.
    static func storage(_ settings: Settings, role: Storage.Role) async throws -> Storage {
        try await Storage.open(
            StoreLocation(parsing: settings.text("database")), replica: settings.replica(), role: role, defaultLevel: try settings.defaultLevel(),
            candidateLimit: try settings.number("candidates"), now: Clock.now())
    }

    /// Asks the instance alone, without a database: nothing is written whatever it says.
    static func asking<Result>(_ settings: Settings, _ body: (Mastodon) async throws -> Result) async throws -> Result {
        let client = CurlClient(try reach(settings))
        defer { client.shutdown() }
        return try await body(try mastodon(settings, settings.instance(), client))
    }

    private static func reach(_ settings: Settings) throws -> CurlSettings {
        CurlSettings(allowedLoopback: try settings.flag("allowLoopbackUpstream"))
    }

    static func userAgent(_ settings: Settings) -> String {
        let contact = settings.text("contact")
        return "\(agent)/\(Version.text)" + (contact.isEmpty ? "" : " (+\(contact))")
    }

    private static func mastodon(_ settings: Settings, _ instance: Instance, _ client: CurlClient) throws -> Mastodon {
        return Mastodon(
            instance: instance, client: client, userAgent: userAgent(settings), obeysRobots: try settings.obeysRobots(of: instance), clock: Clock.now)
    }

    func close() async {
        client.shutdown()
        streams.shutdown()
        await storage.shutdown()
    }
}

extension Settings {
    func defaultLevel() throws -> PrivacyLevel { try choice("defaultLevel") }

    /// The address of the standby that may be asked; nil where none is named.
    func replica() throws -> String? {
        let address = text("databaseReplica")
        if address.isEmpty { return nil }
        guard case .postgres = try StoreLocation(parsing: address), case .postgres = try StoreLocation(parsing: text("database")) else {
            throw Failure("--database-replica and --database must both be PostgreSQL addresses, as postgres://user@host/database", .badSetting)
        }
        return address
    }

    func consentPolicy() throws -> ConsentPolicy {
        ConsentPolicy(
            mode: try choice("consent"), unknownIndexable: try choice("indexableUnknown"), allowGroups: try flag("allowGroups"),
            deniedInstances: try deniedInstances())
    }

    /// The instance that the proxy stands before.
    func instance() throws -> Instance {
        let addresses = text("upstream").split(separator: ",").map(String.init)
        guard let address = addresses.first else {
            throw Failure("no instance is named; give --upstream https://social.example or set SHELTIE_UPSTREAM", .badSetting)
        }
        guard addresses.count == 1 else {
            throw Failure("this version stands before one instance; name one --upstream", .badSetting)
        }
        return try Instance(address: address, allowLoopback: try flag("allowLoopbackUpstream"))
    }
}

extension Instance {
    init(address: String, allowLoopback: Bool) throws {
        let trimmed = address.hasSuffix("/") ? String(address.dropLast()) : address
        let isPlain = trimmed.hasPrefix("http://")
        guard trimmed.hasPrefix("https://") || isPlain else {
            throw Failure("the upstream must begin with https://", .badSetting)
        }
        let host = trimmed.dropFirst(isPlain ? 7 : 8)
        if !allowLoopback, !host.contains("/"), (try? InstanceHost(String(host))) == nil, (try? InstanceHost(String(host), allowLoopback: true)) != nil {
            throw Failure("the upstream is this machine; for tests and demos say so with --allow-loopback-upstream", .badSetting)
        }
        guard !host.contains("/"), let canonical = try? InstanceHost(String(host), allowLoopback: allowLoopback) else {
            throw Failure("the upstream must be an instance's address without a path, as https://social.example", .badSetting)
        }
        if isPlain, !allowLoopback {
            throw Failure("the upstream must be https; http is for loopback only, with --allow-loopback-upstream", .badSetting)
        }
        // From the canonical name: an address with letters beyond ASCII is reached by its A-labels.
        self.init(domain: canonical.canonical, base: (isPlain ? "http://" : "https://") + canonical.canonical)
    }
}

extension CurlSettings {
    fileprivate var withoutConnectionLimit: CurlSettings {
        var settings = self
        settings.connectionsPerHost = 0
        return settings
    }
}
