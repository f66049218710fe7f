import Database
import Fediverse
import Privacy

/// An interaction whose time has come.
struct ExpiredAct: Sendable {
    var alias: AliasKey
    var post: PostKey
    var kind: InteractionKind
    var at: Instant

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
    /// Everybody at a level; at any but NONE where none is named. A server finds a person by the alias alone in one of its parts, so it comes along.
    func aliases(at level: PrivacyLevel?, in tenant: TenantKey) throws -> [AliasKey: String] {
        let wanted: SQL = level.map { "AND privacy_level = \($0.rawValue)" } ?? ""
        var aliases: [AliasKey: String] = [:]
        try rows("SELECT alias_key, alias_id FROM user_aliases WHERE tenant_id = \(tenant) \(sql: wanted)") { aliases[$0.alias(0)] = $0.text(1) }
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

    /// Removes acts found a moment ago, as far as they are still due, and mends the preferences that were made from them. Stubs that nothing
    /// refers to any more are left to the plan's sweep, which comes last.
    /// - Parameter people: whose acts they are, by `aliases(at:in:)`.
    func expire(_ acts: [ExpiredAct], of people: [AliasKey: String], _ overdue: Overdue) throws -> Int {
        let levels = try levels(of: Set(acts.map(\.alias)), people, overdue)
        let gone = try remove(acts.filter { levels[$0.alias] != nil }, overdue)
        let authors = try authors(of: Set(gone.map(\.post)), in: overdue.tenant)
        var expired: [AliasKey: [AuthorKey: [AuthorPreferences.Act]]] = [:]
        for act in gone {
            guard let author = authors[act.post] else { continue }
            expired[act.alias, default: [:]][author, default: []].append((act.kind, act.at))
        }
        try AuthorPreferences.mend(after: expired, at: levels, in: overdue.tenant, on: self)
        return gone.count
    }

    /// The levels of those who are still at the step's, kept as they are until the transaction ends.
    private func levels(of aliases: Set<AliasKey>, _ people: [AliasKey: String], _ overdue: Overdue) throws -> [AliasKey: PrivacyLevel] {
        var levels: [AliasKey: PrivacyLevel] = [:]
        func note(_ row: any Row) { levels[row.alias(0)] = PrivacyLevel(rawValue: row.text(1)) ?? PrivacyLevel.none }
        var left = aliases.sorted { $0.value < $1.value }
        // Locked in one order by everybody, so that two who take several do not wait for each other.
        let lock: SQL = dialect == .postgres ? "ORDER BY u.alias_key \(sql: dialect.forChange) OF u" : ""
        if dialect == .postgres {
            // One look into one part for each, in the order of the list: a plain join reads all parts.
            try rows("""
                SELECT u.alias_key, u.privacy_level FROM unnest(\(sql: .array(left.compactMap { people[$0] }, of: "text"))) AS w (alias_id)
                CROSS JOIN LATERAL (SELECT alias_key, privacy_level FROM user_aliases
                    WHERE tenant_id = \(overdue.tenant) AND alias_id = w.alias_id \(sql: dialect.forChange)) AS u
                """, note)
            // Those whose alias a new key has changed meanwhile.
            left.removeAll { levels[$0] != nil }
        }
        for part in inParts(left.map(\.value), filler: 0) {
            try rows("""
                WITH wanted (alias_key) AS (\(sql: dialect.rows(part)))
                SELECT u.alias_key, u.privacy_level FROM wanted w CROSS JOIN user_aliases u
                WHERE u.tenant_id = \(overdue.tenant) AND u.alias_key = w.alias_key \(sql: lock)
                """, note)
        }
        return overdue.step.level.map { level in levels.filter { $0.value == level } } ?? levels
    }

    /// - Returns: what went. A repeated act has moved the time of its row: then it is no longer due.
    private func remove(_ acts: [ExpiredAct], _ overdue: Overdue) throws -> [ExpiredAct] {
        switch dialect {
        case .postgres:
            return try all("""
                DELETE FROM user_interactions AS i
                USING unnest(\(sql: .array(acts.map(\.alias.value), of: "bigint")), \(sql: .array(acts.map(\.post.value), of: "bigint")),
                    \(sql: .array(acts.map(\.kind.code), of: "smallint"))) AS w (alias_key, post_key, kind)
                WHERE i.tenant_id = \(overdue.tenant) AND i.alias_key = w.alias_key AND i.post_key = w.post_key AND i.kind = w.kind
                AND i.occurred_at < \(overdue.before)
                RETURNING i.alias_key, i.post_key, i.kind, i.occurred_at
                """) { ExpiredAct($0) }
        // One by one is as fast here: most of it is the pages that each touches.
        case .sqlite:
            return try acts.filter { act in
                try run(SQL(
                    raw: """
                        DELETE FROM user_interactions WHERE tenant_id = $1 AND alias_key = $2 AND post_key = $3 AND kind = $4 AND occurred_at = $5
                        """,
                    values: [overdue.tenant.sqlValue, act.alias.sqlValue, act.post.sqlValue, act.kind.code.sqlValue, act.at.sqlValue])) > 0
            }
        }
    }

    private func authors(of posts: Set<PostKey>, in tenant: TenantKey) throws -> [PostKey: AuthorKey] {
        var authors: [PostKey: AuthorKey] = [:]
        for part in inParts(posts.map(\.value).sorted(), filler: 0) {
            try rows("""
                WITH wanted (post_key) AS (\(sql: dialect.rows(part)))
                SELECT p.post_key, p.author_key FROM wanted w CROSS JOIN post_metadata p WHERE p.tenant_id = \(tenant) AND p.post_key = w.post_key
                """) { authors[$0.post(0)] = $0.author(1) }
        }
        return authors
    }
}
