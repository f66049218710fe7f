import Database
import Fediverse
import Privacy

/// Aliases and their levels.
struct People: PeopleRepository {
    let pool: any ConnectionPool
    /// The level of an alias without a row.
    let defaultLevel: PrivacyLevel
    let keyInUse: KeyInUse
    let scrubbing: Scrubbing

    func standing(_ alias: AliasID, or former: [FormerAlias], in tenant: TenantKey) async throws -> AliasID {
        if former.isEmpty { return alias }
        return try await pool.read { try $0.standing(alias, or: former.map(\.alias), in: tenant) }
    }

    func adopt(_ alias: AliasID, from former: [FormerAlias], in tenant: TenantKey, at now: Instant) async throws {
        // Nearly always there is no older key, or the row was moved long ago: both cost no write.
        guard try await standing(alias, or: former, in: tenant) != alias, let key = keyInUse.id(in: tenant) else { return }
        try await pool.write(.process) { connection in
            try connection.checkInUse(key, in: tenant)
            // Who has begun anew meanwhile keeps what is theirs now.
            if try connection.aliasRow(alias, in: tenant, lock: connection.dialect.forUpdate) != nil { return }
            for one in former {
                let moved = try connection.run("""
                    UPDATE user_aliases SET alias_id = \(alias.hex), key_id = \(key),
                        former_tags = CASE WHEN former_tags IS NULL THEN '' ELSE former_tags || ' ' END || \(one.ledgerTag)
                    WHERE tenant_id = \(tenant) AND alias_id = \(one.alias.hex)
                    AND key_id IN (SELECT key_id FROM key_ids WHERE tenant_id = \(tenant) AND state = 'accepting')
                    """)
                if moved > 0 { return try connection.noteRemoval(of: [], aliases: [one.alias], in: tenant, at: now) }
            }
        }
    }

    func viewer(_ alias: AliasID, in tenant: TenantKey) async throws -> Viewer {
        Viewer(try await pool.read { try $0.aliasRow(alias, in: tenant) }, alias: alias, in: tenant, defaultLevel: defaultLevel)
    }

    func arrive(_ alias: AliasID, in tenant: TenantKey, at now: Instant) async throws -> Viewer {
        try await pool.write(.power) { connection in
            if try connection.aliasRow(alias, in: tenant, lock: connection.dialect.forUpdate) == nil, defaultLevel != .none {
                try change(connection, alias, tenant, now).carryOut(from: nil, to: defaultLevel)
            }
            return Viewer(try connection.aliasRow(alias, in: tenant), alias: alias, in: tenant, defaultLevel: defaultLevel)
        }
    }

    func setLevel(
        _ level: PrivacyLevel, of alias: AliasID, in tenant: TenantKey, at now: Instant, from expected: Viewer?
    ) async throws -> LevelChange {
        try await pool.write(.power) { connection in
            let row = try connection.aliasRow(alias, in: tenant, lock: connection.dialect.forUpdate)
            if let expected, row?.key != expected.key || row.map({ $0.epoch != expected.epoch }) == true { throw RightsError.changedMeanwhile }
            if row == nil { try connection.checkInUse(keyInUse.id(in: tenant), in: tenant) }
            let before = try connection.personalCounts(of: row?.key, in: tenant)
            if let row, level < row.level, let ledger = keyInUse.ledger(in: tenant) {
                let tags = try [ledger.tag(alias)] + connection.formerTags(of: row.key, in: tenant)
                try note(tags.map { LedgerEntry(tag: $0, level: level, at: now) }, in: tenant, connection)
            }
            try change(connection, alias, tenant, now).carryOut(from: row, to: level)
            let after = try connection.aliasRow(alias, in: tenant)
            let viewer = Viewer(after, alias: alias, in: tenant, defaultLevel: defaultLevel)
            return LevelChange(viewer: viewer, before: before, after: try connection.personalCounts(of: after?.key, in: tenant))
        }
    }

    func erase(_ alias: AliasID, in tenant: TenantKey, ledgerTag: String, at now: Instant) async throws -> ErasureReceipt {
        try await pool.write(.power) { connection in
            let row = try connection.aliasRow(alias, in: tenant, lock: connection.dialect.forUpdate)
            if row == nil { try connection.checkInUse(keyInUse.id(in: tenant), in: tenant) }
            let former = try row.map { try connection.formerTags(of: $0.key, in: tenant) } ?? []
            let removed = try row.map { try connection.removePersonalRows(of: $0.key, in: tenant, at: now) }
            try note(([ledgerTag] + former).map { LedgerEntry(tag: $0, level: .none, at: now) }, in: tenant, connection)
            if defaultLevel != .none { try change(connection, alias, tenant, now).carryOut(from: nil, to: .none) }
            return ErasureReceipt(removed: removed ?? Dictionary(uniqueKeysWithValues: personalTables.map { ($0, 0) }))
        }
    }

    /// The file first: an entry for what then fails costs a restored backup somebody who wanted to go, the other way round they would be back.
    private func note(_ entries: [LedgerEntry], in tenant: TenantKey, _ connection: any Connection) throws {
        try keyInUse.ledger(in: tenant)?.file?.append(entries)
        for entry in entries { try connection.noteInLedger(entry, in: tenant) }
    }

    private func change(_ connection: any Connection, _ alias: AliasID, _ tenant: TenantKey, _ now: Instant) -> AliasLevelChange {
        AliasLevelChange(
            connection: connection, alias: alias, tenant: tenant, now: now, defaultLevel: defaultLevel, keyID: keyInUse.id(in: tenant))
    }

    func scrub() async throws -> Bool { try await scrubbing.takeOutAliases() }

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

extension Connection {
    /// - Throws: `StoreError.keyReplaced` where another process has brought a newer key: nobody is found by this one's aliases any more. The
    ///   key stays as it is until the transaction ends.
    func checkInUse(_ keyID: String?, in tenant: TenantKey) throws {
        guard let keyID else { return }
        let state = try first("SELECT state FROM key_ids WHERE tenant_id = \(tenant) AND key_id = \(keyID) \(sql: dialect.forShare)") { $0.text(0) }
        guard state == "active" else { throw StoreError.keyReplaced }
    }

    func noteInLedger(_ entry: LedgerEntry, in tenant: TenantKey) throws {
        try run("""
            INSERT INTO erasure_ledger (tenant_id, tag, erased_at, privacy_level) VALUES (\(tenant), \(entry.tag), \(entry.at), \(entry.level.rawValue))
            ON CONFLICT (tenant_id, tag) DO UPDATE SET erased_at = excluded.erased_at,
                privacy_level = CASE WHEN erasure_ledger.privacy_level = 'NONE' THEN 'NONE' ELSE excluded.privacy_level END
            """)
    }
}
