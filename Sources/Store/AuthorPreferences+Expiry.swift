import Database
import Fediverse
import Privacy

/// What rows that have come to their end leave of preferences, without a look at the rows that stay.
extension AuthorPreferences {
    /// - Parameters:
    ///   - expired: acts whose rows this transaction has removed, the oldest of their readers.
    ///   - levels: of the same readers.
    static func mend(
        after expired: [AliasKey: [AuthorKey: [Act]]], at levels: [AliasKey: PrivacyLevel], in tenant: TenantKey, on connection: any Connection
    ) throws {
        let readers = expired.keys.sorted { $0.value < $1.value }
        var mended = try carried(readers.filter { levels[$0] == .full }, expired, in: tenant, on: connection)
        var ended: [Pair] = []
        let limited = readers.filter { levels[$0] == .limited }
        let present = try preferences(of: limited, in: tenant, on: connection)
        for alias in limited {
            switch outcome(of: present[alias] ?? [:], without: expired[alias] ?? [:]) {
            case .mended(let kept, let gone):
                mended += kept.map { (alias, $0) }
                ended += gone.map { Pair(alias: alias, author: $0) }
            case .unknown: try AuthorPreferences(connection: connection, tenant: tenant, alias: alias).rebuildLimited()
            }
        }
        try connection.update(mended, in: tenant)
        try connection.remove(ended, in: tenant)
    }

    /// Moves expired rows' share of FULL scores into what the preferences carry: the scores stay, and fade as before.
    private static func carried(
        _ readers: [AliasKey], _ expired: [AliasKey: [AuthorKey: [Act]]], in tenant: TenantKey, on connection: any Connection
    ) throws -> [(AliasKey, Preference)] {
        let pairs = readers.flatMap { alias in (expired[alias] ?? [:]).keys.sorted { $0.value < $1.value }.map { Pair(alias: alias, author: $0) } }
        let present = try preferences(of: pairs, in: tenant, on: connection)
        return pairs.compactMap { pair in
            guard var preference = present[pair], let acts = expired[pair.alias]?[pair.author] else { return nil }
            preference.carriedWeight += AuthorAffinity.activity(of: acts, at: preference.last)
            preference.carriedCount += acts.count
            return (pair.alias, preference)
        }
    }

    enum Outcome: Equatable {
        case mended([Preference], ended: [AuthorKey])
        /// Only the rows that are left can tell.
        case unknown
    }

    /// What LIMITED keeps of one reader. Who has no preference had too few acts, or others had all places; fewer acts change nothing about it.
    /// - Parameters:
    ///   - present: all of the reader's, as the rows made them.
    ///   - expired: acts that are gone since.
    static func outcome(of present: [AuthorKey: Preference], without expired: [AuthorKey: [Act]]) -> Outcome {
        var kept: [Preference] = []
        var ended: [AuthorKey] = []
        for (author, acts) in expired.sorted(by: { $0.key.value < $1.key.value }) {
            guard var preference = present[author] else { continue }
            // Another author may move up.
            if present.count >= limit(at: .limited) { return .unknown }
            preference.count -= acts.count
            if preference.count < AuthorAffinity.fewestActs {
                ended.append(author)
                continue
            }
            // The newest act is among them, or another of the same hour.
            guard acts.allSatisfy({ $0.at < preference.last }) else { return .unknown }
            preference.score = AuthorAffinity.score(bucket: AuthorAffinity.bucket(count: preference.count))
            kept.append(preference)
        }
        return .mended(kept, ended: ended)
    }

    private static func preferences(
        of readers: [AliasKey], in tenant: TenantKey, on connection: any Connection
    ) throws -> [AliasKey: [AuthorKey: Preference]] {
        var preferences: [AliasKey: [AuthorKey: Preference]] = [:]
        for part in inParts(readers.map(\.value), filler: 0) {
            try connection.rows("""
                WITH wanted (alias_key) AS (\(sql: connection.dialect.rows(part)))
                SELECT r.author_key, r.interaction_count, r.last_interaction_at, r.preference_score, r.carried_weight, r.carried_count, r.alias_key
                FROM wanted w CROSS JOIN author_preferences r WHERE r.tenant_id = \(tenant) AND r.alias_key = w.alias_key
                """) { row in preferences[row.alias(6), default: [:]][row.author(0)] = Preference(row) }
        }
        return preferences
    }
}

extension Connection {
    /// Writes preferences that are there, but for the time of their last act, which stays.
    fileprivate func update(_ preferences: [(alias: AliasKey, kept: AuthorPreferences.Preference)], in tenant: TenantKey) throws {
        if preferences.isEmpty { return }
        switch dialect {
        case .sqlite:
            try bulk("""
                UPDATE author_preferences SET interaction_count = $4, preference_score = $5, carried_weight = $6, carried_count = $7
                WHERE tenant_id = $1 AND alias_key = $2 AND author_key = $3
                """, preferences.map { alias, kept in
                    [
                        tenant.sqlValue, alias.sqlValue, kept.author.sqlValue, kept.count.sqlValue, kept.score.sqlValue, kept.carriedWeight.sqlValue,
                        kept.carriedCount.sqlValue,
                    ]
                })
        case .postgres:
            let kept = preferences.map(\.kept)
            try run("""
                UPDATE author_preferences AS r SET interaction_count = w.acts, preference_score = w.score, carried_weight = w.weight, carried_count = w.carried
                FROM unnest(\(sql: .array(preferences.map(\.alias.value), of: "bigint")), \(sql: .array(kept.map(\.author.value), of: "bigint")),
                    \(sql: .array(kept.map(\.count), of: "integer")), \(sql: .array(kept.map(\.score), of: "float8")),
                    \(sql: .array(kept.map(\.carriedWeight), of: "float8")), \(sql: .array(kept.map(\.carriedCount), of: "integer")))
                    AS w (alias_key, author_key, acts, score, weight, carried)
                WHERE r.tenant_id = \(tenant) AND r.alias_key = w.alias_key AND r.author_key = w.author_key
                """)
        }
    }

    fileprivate func remove(_ pairs: [AuthorPreferences.Pair], in tenant: TenantKey) throws {
        if pairs.isEmpty { return }
        switch dialect {
        case .sqlite:
            try bulk("DELETE FROM author_preferences WHERE tenant_id = $1 AND alias_key = $2 AND author_key = $3",
                pairs.map { [tenant.sqlValue, $0.alias.sqlValue, $0.author.sqlValue] })
        case .postgres:
            try run("""
                DELETE FROM author_preferences AS r
                USING unnest(\(sql: .array(pairs.map(\.alias.value), of: "bigint")), \(sql: .array(pairs.map(\.author.value), of: "bigint")))
                    AS w (alias_key, author_key)
                WHERE r.tenant_id = \(tenant) AND r.alias_key = w.alias_key AND r.author_key = w.author_key
                """)
        }
    }
}
