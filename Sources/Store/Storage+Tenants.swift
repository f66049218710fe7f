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

    /// Records the first key of a tenant, and accepts the known ones from then on.
    ///
    /// With another master key every person would become somebody else without a word.
    /// - Parameter id: what may be known of the master key: a part of an HMAC under it.
    /// - Throws: `StoreError.unknownKey`.
    public func registerKey(id: String, in tenant: TenantKey, at now: Instant) async throws {
        try await pool.write(.power) { connection in
            // Two processes may start at once over a tenant that has no key: there is no row of a key yet that could be locked.
            _ = try connection.first("SELECT 1 FROM tenants WHERE tenant_id = \(tenant) \(sql: connection.dialect.forUpdate)") { _ in true }
            let states = try connection.all("SELECT key_id, state FROM key_ids WHERE tenant_id = \(tenant)") { (id: $0.text(0), state: $0.text(1)) }
            if states.isEmpty {
                try connection.run("""
                    INSERT INTO key_ids (tenant_id, key_id, state, created_at) VALUES (\(tenant), \(id), 'active', \(now))
                    """)
            } else if !states.contains(where: { $0.id == id && $0.state != "destroyed" }) {
                throw StoreError.unknownKey
            }
        }
    }

    /// Accepts a known key, without recording one.
    /// - Throws: `StoreError.unknownKey`.
    public func checkKey(id: String, in tenant: TenantKey) async throws {
        let isKnown = try await pool.read { connection in
            try connection.first("""
                SELECT 1 FROM key_ids WHERE tenant_id = \(tenant) AND key_id = \(id) AND state <> 'destroyed'
                """) { _ in true } ?? false
        }
        if !isKnown { throw StoreError.unknownKey }
    }
}

extension Connection {
    fileprivate func tenant(_ domain: String) throws -> TenantKey? {
        try first("SELECT tenant_id FROM tenants WHERE domain = \(domain)") { TenantKey($0.integer(0)) }
    }
}
