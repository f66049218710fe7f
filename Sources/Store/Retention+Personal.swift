import Database
import Fediverse
import Privacy

// Each removes rows found a moment ago, as far as they are still due, and mends what was derived from them.
extension Connection {
    func expireLogs(_ logs: [(Int64, PostKey)], _ overdue: Overdue) throws -> Int {
        var removed = 0
        for part in inParts(logs.map(\.0)) {
            removed += try run("""
                DELETE FROM recommendation_logs AS l WHERE l.tenant_id = \(overdue.tenant) AND l.log_key IN (\(sql: .list(part)))
                AND l.recommended_at < \(overdue.before) \(sql: overdue.level("l"))
                """)
        }
        try dropUnreferenced(stubs: Array(Set(logs.map(\.1))).sorted(), in: overdue.tenant)
        return removed
    }

    func expireSuppressions(_ suppressions: [(AliasKey, String, String)], _ overdue: Overdue) throws -> Int {
        try suppressions.reduce(0) { removed, row in
            try removed + run("""
                DELETE FROM suppressions AS s WHERE s.tenant_id = \(overdue.tenant) AND s.alias_key = \(row.0)
                AND s.subject_kind = \(row.1) AND s.subject = \(row.2)
                AND (s.set_at < \(overdue.before) OR s.until < \(overdue.now)) \(sql: overdue.level("s"))
                """)
        }
    }

    func forgetUnseen(_ aliases: [AliasKey], _ overdue: Overdue) throws -> Int {
        try aliases.reduce(0) { removed, alias in
            let due = try first("""
                SELECT 1 FROM user_aliases a WHERE a.tenant_id = \(overdue.tenant) AND a.alias_key = \(alias)
                AND a.last_seen < \(overdue.before) \(sql: overdue.level("a")) \(sql: dialect.forUpdate)
                """) { _ in true } ?? false
            if due { _ = try removePersonalRows(of: alias, in: overdue.tenant, at: overdue.now) }
            return removed + (due ? 1 : 0)
        }
    }

    func endKeys(_ keys: [String], nobodyIsLeft: Bool, _ overdue: Overdue) throws {
        // Without a time nobody is known by the key, and it is not looked at again.
        let time: SQL = nobodyIsLeft ? "NULL" : "rotated_at"
        for key in keys {
            try run("""
                UPDATE key_ids SET state = 'destroyed', rotated_at = \(sql: time) WHERE tenant_id = \(overdue.tenant) AND key_id = \(key)
                """)
        }
    }

    /// People who are still known by keys that have ended.
    func forget(_ aliases: [AliasKey], of keys: [String], _ overdue: Overdue) throws -> Int {
        try aliases.reduce(0) { removed, alias in
            // Somebody may have come a moment ago.
            let due = try first("""
                SELECT 1 FROM user_aliases WHERE tenant_id = \(overdue.tenant) AND alias_key = \(alias)
                AND key_id IN (\(sql: .list(keys))) \(sql: dialect.forUpdate)
                """) { _ in true } ?? false
            if due { _ = try removePersonalRows(of: alias, in: overdue.tenant, at: overdue.now) }
            return removed + (due ? 1 : 0)
        }
    }

    /// FULL preferences that were not acted on lately and have faded under what is kept.
    func faded(_ overdue: Overdue, limit: Int) throws -> [FadedPreference] {
        var faded: [FadedPreference] = []
        try rows("""
            SELECT r.alias_key, r.author_key, r.last_interaction_at, r.preference_score FROM author_preferences r
            WHERE r.tenant_id = \(overdue.tenant) AND r.last_interaction_at < \(overdue.before) \(sql: overdue.level("r"))
            """) { row in
            let score = AuthorPreferences.score(row.real(3), at: row.instant(2), now: overdue.now)
            if faded.count < limit, score < AuthorAffinity.fadedScore {
                faded.append(FadedPreference(alias: row.alias(0), author: row.author(1), last: row.instant(2)))
            }
        }
        return faded
    }

    func dropFaded(_ faded: [FadedPreference], _ overdue: Overdue) throws -> Int {
        let removed = try faded.reduce(0) { removed, preference in
            try removed + run("""
                DELETE FROM author_preferences AS r WHERE r.tenant_id = \(overdue.tenant) AND r.alias_key = \(preference.alias)
                AND r.author_key = \(preference.author) AND r.last_interaction_at = \(preference.last) \(sql: overdue.level("r"))
                """)
        }
        try dropUnreferenced(authors: Array(Set(faded.map(\.author))), in: overdue.tenant)
        return removed
    }
}

struct FadedPreference: Sendable {
    var alias: AliasKey
    var author: AuthorKey
    var last: Instant
}
