import Database
import Fediverse
import Privacy

extension AuthorPreferences {
    /// A reader and an author whom they acted on.
    struct Pair: Hashable {
        let alias: AliasKey
        let author: AuthorKey
    }

    /// What `recompute` does for one reader and author, for many of them by the same few statements.
    static func recompute(
        _ touched: [AliasKey: Set<AuthorKey>], at levels: [AliasKey: PrivacyLevel], in tenant: TenantKey, on connection: any Connection
    ) throws {
        func of(_ alias: AliasKey) -> AuthorPreferences { AuthorPreferences(connection: connection, tenant: tenant, alias: alias) }
        let aliases = touched.keys.sorted { $0.value < $1.value }
        for alias in aliases where levels[alias] == .limited { try of(alias).rebuildLimited() }
        let pairs = aliases.filter { levels[$0] == .full }.flatMap { alias in
            (touched[alias] ?? []).sorted { $0.value < $1.value }.map { Pair(alias: alias, author: $0) }
        }
        if pairs.isEmpty { return }
        let acts = try acts(of: pairs, in: tenant, on: connection)
        let present = try preferences(of: pairs, in: tenant, on: connection)
        var changed: [[SQLValue]] = []
        var grown: Set<AliasKey> = []
        for pair in pairs {
            let (before, preferences) = (present[pair], of(pair.alias))
            guard let wanted = full(pair.author, acts[pair] ?? [], before) else {
                if before != nil { try preferences.remove(pair.author) }
                continue
            }
            if wanted != before { changed.append(preferences.row(wanted)) }
            if before == nil { grown.insert(pair.alias) }
        }
        try connection.bulk(upsert, changed)
        for part in inParts(grown.sorted { $0.value < $1.value }) {
            let full = try connection.all("""
                SELECT alias_key FROM author_preferences WHERE tenant_id = \(tenant) AND alias_key IN (\(sql: .list(part)))
                GROUP BY alias_key HAVING count(*) > \(limit(at: .full))
                """) { $0.alias(0) }
            for alias in full { try of(alias).enforceFullLimit() }
        }
    }

    private static func acts(of pairs: [Pair], in tenant: TenantKey, on connection: any Connection) throws -> [Pair: [Act]] {
        var acts: [Pair: [Act]] = [:]
        for part in inParts(pairs, filler: none) {
            // CROSS JOIN keeps SQLite at this order: the author's posts, then one look into the alias's rows for each.
            try connection.rows("""
                WITH wanted (alias_key, author_key) AS (\(sql: values(part)))
                SELECT w.alias_key, w.author_key, i.kind, i.occurred_at
                FROM wanted w CROSS JOIN post_metadata p CROSS JOIN user_interactions i
                WHERE p.tenant_id = \(tenant) AND p.author_key = w.author_key
                AND i.tenant_id = \(tenant) AND i.alias_key = w.alias_key AND i.post_key = p.post_key
                ORDER BY w.alias_key, w.author_key, i.post_key, i.kind
                """) { row in
                acts[Pair(alias: row.alias(0), author: row.author(1)), default: []].append((InteractionKind(code: row.integer(2)), row.instant(3)))
            }
        }
        return acts
    }

    static func preferences(of pairs: [Pair], in tenant: TenantKey, on connection: any Connection) throws -> [Pair: Preference] {
        var preferences: [Pair: Preference] = [:]
        for part in inParts(pairs, filler: none) {
            try connection.rows("""
                WITH wanted (alias_key, author_key) AS (\(sql: values(part)))
                SELECT r.author_key, r.interaction_count, r.last_interaction_at, r.preference_score, r.carried_weight, r.carried_count, r.alias_key
                FROM wanted w CROSS JOIN author_preferences r
                WHERE r.tenant_id = \(tenant) AND r.alias_key = w.alias_key AND r.author_key = w.author_key
                """) { row in preferences[Pair(alias: row.alias(6), author: row.author(0))] = Preference(row) }
        }
        return preferences
    }

    /// Nobody: keys begin at 1.
    private static let none = Pair(alias: AliasKey(0), author: AuthorKey(0))

    private static func values(_ pairs: [Pair]) -> SQL {
        let rows = pairs.indices.map { "(CAST($\($0 * 2 + 1) AS bigint), CAST($\($0 * 2 + 2) AS bigint))" }
        return SQL(raw: "VALUES " + rows.joined(separator: ", "), values: pairs.flatMap { [$0.alias.sqlValue, $0.author.sqlValue] })
    }
}
