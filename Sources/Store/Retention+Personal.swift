import Database
import Fediverse
import Privacy

/// An interaction whose time has come.
struct ExpiredAct: Sendable {
    var alias: AliasKey
    var post: PostKey
    var kind: InteractionKind
    var at: Instant
    /// Where it is needed (`withAuthors`).
    var author: AuthorKey?

    /// Acts that are looked at in one read, of whatever level.
    static let pageRows = 100_000

    /// - Parameter row: alias, post, kind, time.
    init(_ row: any Row) {
        alias = row.alias(0)
        post = row.post(1)
        kind = InteractionKind(code: row.integer(2))
        at = row.instant(3)
    }
}

extension Connection {
    /// Everybody at a level; at any but NONE where none is named.
    func aliases(at level: PrivacyLevel?, in tenant: TenantKey) throws -> Set<AliasKey> {
        let wanted: SQL = level.map { "AND privacy_level = \($0.rawValue)" } ?? ""
        var aliases: Set<AliasKey> = []
        try rows("SELECT alias_key FROM user_aliases WHERE tenant_id = \(tenant) \(sql: wanted)") { aliases.insert($0.alias(0)) }
        return aliases
    }

    /// The oldest acts from before the step's moment, of everybody.
    func actsByTime(_ overdue: Overdue, after last: ExpiredAct?) throws -> [ExpiredAct] {
        let rest: SQL = last.map {
            "AND (occurred_at, alias_key, post_key, kind) > (\($0.at), \($0.alias), \($0.post), \($0.kind.code))"
        } ?? ""
        let kinds: SQL = overdue.step.what == .views ? "AND kind = \(InteractionKind.view.code)" : ""
        return try all("""
            SELECT alias_key, post_key, kind, occurred_at FROM user_interactions
            WHERE tenant_id = \(overdue.tenant) AND occurred_at < \(overdue.before) \(sql: kinds) \(sql: rest)
            ORDER BY occurred_at, alias_key, post_key, kind LIMIT \(ExpiredAct.pageRows)
            """) { ExpiredAct($0) }
    }

    /// At FULL an act's share stays with its author's score.
    func withAuthors(_ acts: [ExpiredAct], _ overdue: Overdue) throws -> [ExpiredAct] {
        guard overdue.step.level == .full else { return acts }
        var authors: [PostKey: AuthorKey] = [:]
        for part in inParts(Array(Set(acts.map(\.post))).sorted()) {
            try rows("SELECT post_key, author_key FROM post_metadata WHERE tenant_id = \(overdue.tenant) AND post_key IN (\(sql: .list(part)))") {
                authors[$0.post(0)] = $0.author(1)
            }
        }
        return acts.map { act in
            var act = act
            act.author = authors[act.post]
            return act
        }
    }
}

// Each removes rows found a moment ago, as far as they are still due, and mends what was derived from them.
extension Connection {
    func expire(_ acts: [ExpiredAct], _ overdue: Overdue) throws -> Int {
        var removed: [ExpiredAct] = []
        for (alias, acts) in Dictionary(grouping: acts, by: \.alias).sorted(by: { $0.key.value < $1.key.value }) {
            guard let level = try level(of: alias, overdue) else { continue }
            // A repeated act has moved the time of its row: then the row is no longer the one that was found.
            let gone = try acts.filter { act in
                try run("""
                    DELETE FROM user_interactions WHERE tenant_id = \(overdue.tenant) AND alias_key = \(alias)
                    AND post_key = \(act.post) AND kind = \(act.kind.code) AND occurred_at = \(act.at)
                    """) > 0
            }
            let preferences = AuthorPreferences(connection: self, tenant: overdue.tenant, alias: alias)
            if level == .full {
                var byAuthor: [AuthorKey: [AuthorPreferences.Act]] = [:]
                for act in gone { if let author = act.author { byAuthor[author, default: []].append((act.kind, act.at)) } }
                try preferences.carry(byAuthor)
            } else if !gone.isEmpty {
                try preferences.rebuildLimited()
            }
            removed += gone
        }
        try dropUnreferenced(stubs: Array(Set(removed.map(\.post))).sorted(), in: overdue.tenant)
        return removed.count
    }

    /// The alias's level, nil when it is not the step's any more.
    private func level(of alias: AliasKey, _ overdue: Overdue) throws -> PrivacyLevel? {
        let level = try first("""
            SELECT privacy_level FROM user_aliases WHERE tenant_id = \(overdue.tenant) AND alias_key = \(alias) \(sql: dialect.forChange)
            """) { PrivacyLevel(rawValue: $0.text(0)) ?? .none }
        return overdue.step.level == nil || overdue.step.level == level ? level : nil
    }

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
