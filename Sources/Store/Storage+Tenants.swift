import Database

public import Fediverse
public import Privacy

extension Storage {
    /// The tenant that serves the domain, made when it is new.
    /// - Parameter domain: the instance's host, with its port where that is not 443; 1 to 259 characters.
    public func tenant(domain: String, at now: Instant) async throws -> TenantKey {
        if let known = try await tenant(domain: domain) { return known }
        return try await pool.write(.power) { connection in
            try connection.run("""
                INSERT INTO tenants (domain, created_at) VALUES (\(domain), \(now)) ON CONFLICT (domain) DO NOTHING
                """)
            guard let made = try connection.tenant(domain) else { throw DatabaseError.constraint(kind: .other) }
            return made
        }
    }

    /// - Returns: nil for a domain that was never served from this database.
    public func tenant(domain: String) async throws -> TenantKey? {
        try await pool.read { try $0.tenant(domain) }
    }

    /// What time it is for all who share the database: a server's own clock, or `local` for a file.
    public func sharedTime(else local: Instant) async throws -> Instant {
        guard case .postgres = location else { return local }
        // Not as a read, which ends when the caller is cancelled: a job that is stopped still writes down when.
        return try await pool.write(.process) { try $0.sharedTime(else: local) }
    }

    /// Every tenant's domain, in order.
    public func tenants() async throws -> [(domain: String, key: TenantKey)] {
        try await pool.read { connection in
            try connection.all("SELECT domain, tenant_id FROM tenants ORDER BY domain") { ($0.text(0), TenantKey($0.integer(1))) }
        }
    }

    /// Records the first key of a tenant, or that a new one has taken the active key's place.
    ///
    /// With another master key every person would become somebody else without a word.
    /// - Parameters:
    ///   - id: what may be known of the master key: a part of an HMAC under it.
    ///   - accepting: the ids of the older keys that stand beside it in the key file.
    ///   - ledger: where lowered levels are noted; nil notes none.
    /// - Throws: `StoreError.unknownKey`, `keyReplaced`, `keyDestroyed`.
    public func registerKey(
        id: String, accepting: [String] = [], ledger: Ledger? = nil, in tenant: TenantKey, at now: Instant
    ) async throws {
        try await pool.write(.power) { connection in
            // Two processes may start at once over a tenant that has no key: there is no row of a key yet that could be locked.
            _ = try connection.first("SELECT 1 FROM tenants WHERE tenant_id = \(tenant) \(sql: connection.dialect.forUpdate)") { _ in true }
            let known = try KnownKeys(connection, in: tenant)
            if try known.isNew(id, accepting: accepting) {
                try connection.run("""
                    UPDATE key_ids SET state = 'accepting', rotated_at = \(now) WHERE tenant_id = \(tenant) AND state = 'active'
                    """)
                try connection.run("""
                    INSERT INTO key_ids (tenant_id, key_id, state, created_at) VALUES (\(tenant), \(id), 'active', \(now))
                    """)
            }
        }
        keyInUse.set(id, ledger, in: tenant)
    }

    /// Accepts a known key, without recording one.
    /// - Throws: `StoreError.unknownKey`, `keyReplaced`, `keyDestroyed`.
    public func checkKey(id: String, accepting: [String] = [], in tenant: TenantKey) async throws {
        try await pool.read { connection in
            let known = try KnownKeys(connection, in: tenant)
            if try known.isNew(id, accepting: accepting), known.isEmpty { throw StoreError.unknownKey }
        }
    }

    /// Makes a new key the only one, in one transaction: the old ones count as destroyed, and nobody is found by them from then on.
    /// Who was known by one is removed by the next run of the anonymizer, or by the caller's.
    public func replaceKeys(by id: String, in tenant: TenantKey, at now: Instant) async throws {
        try await pool.write(.power) { connection in
            try connection.run("""
                UPDATE key_ids SET state = 'destroyed', rotated_at = \(now)
                WHERE tenant_id = \(tenant) AND key_id <> \(id) AND state <> 'destroyed'
                """)
            try connection.run("""
                INSERT INTO key_ids (tenant_id, key_id, state, created_at) VALUES (\(tenant), \(id), 'active', \(now))
                ON CONFLICT (tenant_id, key_id) DO NOTHING
                """)
        }
    }

    /// Those of the keys by which nobody is known any more, whatever the tenant.
    public func endedKeys(among ids: [String]) async throws -> Set<String> {
        if ids.isEmpty { return [] }
        var ended = Set(ids)
        for tenant in try await tenants() {
            let known = try await keys(in: tenant.key)
            ended.subtract(known.filter { $0.state != "destroyed" || $0.aliases > 0 }.map(\.id))
            if known.isEmpty { return [] }
        }
        return ended
    }

    /// The keys of a tenant, the newest first.
    public func keys(in tenant: TenantKey) async throws -> [KeyRecord] {
        try await pool.read { connection in
            try connection.all("""
                SELECT k.key_id, k.state, k.created_at, k.rotated_at,
                    (SELECT count(*) FROM user_aliases a WHERE a.tenant_id = k.tenant_id AND a.key_id = k.key_id)
                FROM key_ids k WHERE k.tenant_id = \(tenant) ORDER BY k.created_at DESC, k.key_id
                """) {
                KeyRecord(id: $0.text(0), state: $0.text(1), createdAt: $0.instant(2), rotatedAt: $0.instantOrNil(3), aliases: $0.int(4))
            }
        }
    }
}

/// What a database knows of a master key.
public struct KeyRecord: Sendable, Equatable {
    public var id: String
    /// `active`, `accepting` or `destroyed`.
    public var state: String
    public var createdAt: Instant
    /// When another key took its place.
    public var rotatedAt: Instant?
    /// How many people are known by it.
    public var aliases: Int
}

/// Which keys a tenant's database has seen.
private struct KnownKeys {
    private var states: [String: String] = [:]

    init(_ connection: any Connection, in tenant: TenantKey) throws {
        try connection.rows("SELECT key_id, state FROM key_ids WHERE tenant_id = \(tenant)") { states[$0.text(0)] = $0.text(1) }
    }

    var isEmpty: Bool { states.isEmpty }

    /// - Returns: whether the key has to be recorded: it is the first, or it takes the place of one that stands beside it in the file.
    func isNew(_ id: String, accepting: [String]) throws -> Bool {
        switch states[id] {
        case "active": return false
        case "accepting": throw StoreError.keyReplaced
        case .some: throw StoreError.keyDestroyed
        case nil:
            guard states.isEmpty || accepting.contains(where: { states[$0] == "active" }) else { throw StoreError.unknownKey }
            return true
        }
    }
}

extension Connection {
    fileprivate func tenant(_ domain: String) throws -> TenantKey? {
        try first("SELECT tenant_id FROM tenants WHERE domain = \(domain)") { TenantKey($0.integer(0)) }
    }
}
