import Database
import Fediverse
import Privacy

/// One level change, inside its transaction.
struct AliasLevelChange {
    let connection: any Connection
    let alias: AliasID
    let tenant: TenantKey
    let now: Instant
    let defaultLevel: PrivacyLevel
    /// The key that made the alias.
    let keyID: String?

    func carryOut(from row: AliasRow?, to level: PrivacyLevel) throws {
        guard let row else {
            // Without a row the default holds; a NONE that is not the default needs one to be remembered.
            if level != .none || defaultLevel != .none { try insert(level) }
            return
        }
        if row.level == level { return }
        switch level {
        case .none:
            let key = try connection.first("SELECT key_id FROM user_aliases WHERE tenant_id = \(tenant) AND alias_key = \(row.key)") { $0.text(0) }
            _ = try connection.removePersonalRows(of: row.key, in: tenant, at: now)
            if defaultLevel != .none { try insert(.none, key: key) }
        case .limited where row.level == .full:
            try cut(row.key)
            try move(row, to: level, lastSeen: cut(row.lastSeen ?? now, .visit, at: .limited))
            try AuthorPreferences(connection: connection, tenant: tenant, alias: row.key).rebuildLimited()
        case .limited, .full:
            try move(row, to: level, lastSeen: cut(now, .visit, at: level))
            try AuthorPreferences(connection: connection, tenant: tenant, alias: row.key).rebuild(level)
        }
    }

    /// A new row; NONE keeps no time.
    /// - Parameter key: the one that made the alias, where the person had a row; else the one in use.
    private func insert(_ level: PrivacyLevel, key: String? = nil) throws {
        let created = level == .none ? nil : now.floored(to: .days(1))
        let seen = level == .none ? nil : cut(now, .visit, at: level)
        let inserted = try connection.run("""
            INSERT INTO user_aliases (tenant_id, alias_key, alias_id, key_id, privacy_level, created_at, last_seen)
            SELECT tenant_id, \(try connection.newAliasKey(in: tenant)), \(alias.hex), key_id, \(level.rawValue), \(created), \(seen) FROM key_ids
            WHERE tenant_id = \(tenant) AND (state = 'active' OR state = 'accepting' AND key_id = \(key)) AND key_id = \(key ?? keyID)
            \(sql: connection.dialect.forShare)
            """)
        guard inserted == 1 else { throw keyID == nil ? StoreError.noActiveKey : .keyReplaced }
    }

    private func move(_ row: AliasRow, to level: PrivacyLevel, lastSeen: Instant) throws {
        try connection.run("""
            UPDATE user_aliases SET privacy_level = \(level.rawValue), epoch = epoch + 1, last_seen = \(lastSeen),
                created_at = coalesce(created_at, \(now.floored(to: .days(1))))
            WHERE tenant_id = \(tenant) AND alias_key = \(row.key)
            """)
    }

    private func cut(_ instant: Instant, _ record: KeepingPolicy.Record, at level: PrivacyLevel) -> Instant {
        KeepingPolicy.standard.form(of: record, at: level)?.precision?.cut(instant) ?? instant
    }

    /// The moment before which rows of this kind are not kept at LIMITED.
    private func limitedStart(_ record: KeepingPolicy.Record) -> Instant {
        now - (KeepingPolicy.standard.form(of: record, at: .limited)?.age ?? .seconds(0))
    }

    /// Brings rows kept at FULL to the form in which LIMITED would have kept them.
    private func cut(_ key: AliasKey) throws {
        let stubs = try cutInteractions(key) + cutLogs(key)
        try cutSuppressions(key)
        // Each row that was changed has left its old form behind.
        var touched: Set = ["user_interactions", "recommendation_logs", "suppressions", "author_preferences"]
        for table in evidenceTables { touched.formUnion(try connection.removeEvidence(from: table, of: key, in: tenant).parts) }
        if try connection.dropUnreferenced(stubs: Array(Set(stubs)).sorted(), in: tenant) > 0 { touched.formUnion(["post_metadata", "authors"]) }
        try connection.noteRemoval(of: Array(touched), aliases: [alias], in: tenant, at: now)
    }

    private func cutInteractions(_ key: AliasKey) throws -> [PostKey] {
        try cutColumns(of: "user_interactions", key)
        let gone = InteractionKind.allCases.filter { KeepingPolicy.standard.form(of: KeepingPolicy.record(of: $0), at: .limited) == nil }
        return try connection.all("""
            DELETE FROM user_interactions WHERE tenant_id = \(tenant) AND alias_key = \(key)
            AND (kind IN (\(sql: .list(gone.map(\.code)))) OR occurred_at < \(limitedStart(.act)))
            RETURNING post_key
            """) { $0.post(0) }
    }

    private func cutLogs(_ key: AliasKey) throws -> [PostKey] {
        try cutColumns(of: "recommendation_logs", key)
        // An entry of a list of ours has an id that was made of the half hour; those on home's pages are made of their neighbours'.
        try connection.run("""
            UPDATE recommendation_logs SET shown_as = NULL
            WHERE tenant_id = \(tenant) AND alias_key = \(key) AND shown_as IS NOT NULL AND above_id IS NULL
            """)
        return try connection.all("""
            DELETE FROM recommendation_logs
            WHERE tenant_id = \(tenant) AND alias_key = \(key) AND recommended_at < \(limitedStart(.recommendation))
            RETURNING post_key
            """) { $0.post(0) }
    }

    /// Each column as the state table lets LIMITED hold it.
    private func cutColumns(of name: String, _ key: AliasKey) throws {
        guard let table = KeepingPolicy.standard.table(name), let form = KeepingPolicy.standard.form(of: table, at: .limited) else { return }
        let cuts = table.columns.compactMap { column -> String? in
            switch column.rule {
            case .time: form.precision.map { "\(column.name) = \(connection.dialect.floored(column.name, to: $0).text)" }
            case .part(let part, let none) where !form.parts.contains(part): "\(column.name) = \(none == .null ? "NULL" : "0")"
            // The code alone, without the colon and what stands behind it.
            case .code(let part) where !form.parts.contains(part): "\(column.name) = \(connection.dialect.code(column.name).text)"
            default: nil
            }
        }
        let changes = cuts.joined(separator: ", ")
        try connection.run("UPDATE \(raw: name) SET \(raw: changes) WHERE tenant_id = \(tenant) AND alias_key = \(key)")
    }

    private func cutSuppressions(_ key: AliasKey) throws {
        let present = try connection.all("""
            SELECT subject_kind, subject, set_at, until FROM suppressions WHERE tenant_id = \(tenant) AND alias_key = \(key)
            """) { (kind: $0.text(0), subject: $0.text(1), setAt: $0.instant(2), until: $0.instantOrNil(3)) }
        let precision = KeepingPolicy.standard.form(of: .suppression, at: .limited)?.precision
        for row in present {
            let setAt = precision?.cut(row.setAt) ?? row.setAt
            // An end is moved up, so that nothing ends earlier than the person asked for.
            let until = row.until.map { precision?.raised($0) ?? $0 }
            if setAt < limitedStart(.suppression) {
                try connection.run("""
                    DELETE FROM suppressions WHERE tenant_id = \(tenant) AND alias_key = \(key)
                    AND subject_kind = \(row.kind) AND subject = \(row.subject)
                    """)
            } else {
                try connection.run("""
                    UPDATE suppressions SET set_at = \(setAt), until = \(until) WHERE tenant_id = \(tenant) AND alias_key = \(key)
                    AND subject_kind = \(row.kind) AND subject = \(row.subject)
                    """)
            }
        }
    }
}
