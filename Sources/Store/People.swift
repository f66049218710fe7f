import Database
import Fediverse
import Privacy
import SQLite

/// Aliases and their levels.
struct People: PeopleRepository {
    let pool: any ConnectionPool
    /// The level of an alias without a row.
    let defaultLevel: PrivacyLevel

    func viewer(_ alias: AliasID, in tenant: TenantKey) async throws -> Viewer {
        Viewer(try await pool.read { try $0.aliasRow(alias, in: tenant) }, alias: alias, in: tenant, defaultLevel: defaultLevel)
    }

    func arrive(_ alias: AliasID, in tenant: TenantKey, at now: Instant) async throws -> Viewer {
        try await pool.write(.power) { connection in
            if try connection.aliasRow(alias, in: tenant, lock: connection.dialect.forUpdate) == nil, defaultLevel != .none {
                try AliasLevelChange(connection: connection, alias: alias, tenant: tenant, now: now, defaultLevel: defaultLevel)
                    .carryOut(from: nil, to: defaultLevel)
            }
            return Viewer(try connection.aliasRow(alias, in: tenant), alias: alias, in: tenant, defaultLevel: defaultLevel)
        }
    }

    func setLevel(_ level: PrivacyLevel, of alias: AliasID, in tenant: TenantKey, at now: Instant) async throws -> LevelChange {
        try await pool.write(.power) { connection in
            let row = try connection.aliasRow(alias, in: tenant, lock: connection.dialect.forUpdate)
            let before = try connection.personalCounts(of: row?.key, in: tenant)
            let change = AliasLevelChange(connection: connection, alias: alias, tenant: tenant, now: now, defaultLevel: defaultLevel)
            try change.carryOut(from: row, to: level)
            let after = try connection.aliasRow(alias, in: tenant)
            let viewer = Viewer(after, alias: alias, in: tenant, defaultLevel: defaultLevel)
            return LevelChange(viewer: viewer, before: before, after: try connection.personalCounts(of: after?.key, in: tenant))
        }
    }

    func erase(_ alias: AliasID, in tenant: TenantKey, ledgerTag: String, at now: Instant) async throws -> ErasureReceipt {
        try await pool.write(.power) { connection in
            let row = try connection.aliasRow(alias, in: tenant, lock: connection.dialect.forUpdate)
            let removed = try row.map { try connection.removePersonalRows(of: $0.key, in: tenant) }
            try connection.run("""
                INSERT INTO erasure_ledger (tenant_id, tag, erased_at) VALUES (\(tenant), \(ledgerTag), \(now))
                ON CONFLICT (tenant_id, tag) DO UPDATE SET erased_at = excluded.erased_at
                """)
            if defaultLevel != .none {
                try AliasLevelChange(connection: connection, alias: alias, tenant: tenant, now: now, defaultLevel: defaultLevel)
                    .carryOut(from: nil, to: .none)
            }
            return ErasureReceipt(removed: removed ?? Dictionary(uniqueKeysWithValues: personalTables.map { ($0, 0) }))
        }
    }

    func scrub() async throws -> Bool {
        try await pool.maintain { connection in
            // secure_delete has overwritten the rows in their pages; what is left stands in the log until this has emptied it.
            // PostgreSQL leaves deleted rows in their files; where the alias stood, a new file takes the old one's place.
            try connection.onFile { try $0.truncateLog() } ?? connection.rewrite("user_aliases", patience: .milliseconds(50))
        }
    }

    func seen(_ visit: Permitted<Instant>) async throws {
        let (viewer, key, at) = (visit.viewer, visit.key, visit.record)
        let known = try await pool.read { connection in
            try connection.first("""
                SELECT 1 FROM user_aliases
                WHERE tenant_id = \(viewer.tenant) AND alias_key = \(key) AND last_seen >= \(at)
                """) { _ in true } ?? false
        }
        if known { return }
        _ = try await pool.write(.process) { connection in
            try connection.run("""
                UPDATE user_aliases SET last_seen = \(at)
                WHERE tenant_id = \(viewer.tenant) AND alias_key = \(key) AND privacy_level = \(viewer.level.rawValue)
                AND epoch = \(viewer.epoch) AND (last_seen IS NULL OR last_seen < \(at))
                """)
        }
    }
}
