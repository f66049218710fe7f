import Database
import Fediverse
import Privacy

extension PersonalData {
    func remove(_ row: PersonalRow, of alias: AliasID, in tenant: TenantKey, at now: Instant) async throws -> [String: Int] {
        try await removing(from: alias, in: tenant, at: now) { try $0.remove(row) }
    }

    func forget(since start: Instant, of alias: AliasID, in tenant: TenantKey, at now: Instant) async throws -> [String: Int] {
        try await removing(from: alias, in: tenant, at: now) { try $0.forget(since: start) }
    }

    private func removing(
        from alias: AliasID, in tenant: TenantKey, at now: Instant, _ body: @escaping @Sendable (PersonalRemoval) throws -> [String: Int]
    ) async throws -> [String: Int] {
        try await pool.write(.power) { connection in
            // The row as it is now, and no other process's write of theirs between.
            guard let person = try connection.aliasRow(alias, in: tenant, lock: connection.dialect.forChange) else { return [:] }
            let removed = try body(PersonalRemoval(connection: connection, tenant: tenant, person: person)).filter { $0.value > 0 }
            if removed.isEmpty { return removed }
            // Their bytes are to leave the files, too, and those of posts and authors that nothing refers to any more. Evidence stands in the
            // files of its days, which go whole, or in what is written anew every week.
            let tables = removed.keys.filter { !evidenceTables.contains($0) } + ["post_metadata", "authors"]
            try connection.noteRemoval(of: tables, aliases: [], in: tenant, at: now)
            return removed
        }
    }
}

/// Takes rows about one person away, inside a transaction that holds their row.
private struct PersonalRemoval {
    let connection: any Connection
    let tenant: TenantKey
    let person: AliasRow

    private var preferences: AuthorPreferences { AuthorPreferences(connection: connection, tenant: tenant, alias: person.key) }

    func remove(_ row: PersonalRow) throws -> [String: Int] {
        switch row {
        case .interaction(let kind, let postID): return try removeInteraction(kind, on: postID)
        case .author(let id): return try removeAuthor(id)
        case .recommendation(let id):
            let posts = try connection.all("""
                DELETE FROM recommendation_logs WHERE tenant_id = \(tenant) AND alias_key = \(person.key) AND log_key = \(id) RETURNING post_key
                """) { $0.post(0) }
            try connection.dropUnreferenced(stubs: posts, in: tenant)
            return ["recommendation_logs": posts.count]
        case .suppression(let subject):
            let (kind, name) = subject.words
            return ["suppressions": try connection.run("""
                DELETE FROM suppressions WHERE tenant_id = \(tenant) AND alias_key = \(person.key) AND subject_kind = \(kind) AND subject = \(name)
                """)]
        case .setting(let name):
            return ["preferences": try connection.run("""
                DELETE FROM preferences WHERE tenant_id = \(tenant) AND alias_key = \(person.key) AND name = \(name)
                """)]
        case .evidence(let table, let id):
            let key = switch table {
            case .decision: "decision_key"
            case .exposure: "exposure_key"
            case .event: "event_key"
            }
            return [table.rawValue: try connection.run("""
                DELETE FROM \(raw: table.rawValue) WHERE tenant_id = \(tenant) AND alias_key = \(person.key) AND \(raw: key) = \(id)
                """)]
        }
    }

    private func removeInteraction(_ kind: InteractionKind, on postID: String) throws -> [String: Int] {
        let post = try connection.first("""
            SELECT post_key, author_key FROM post_metadata WHERE tenant_id = \(tenant) AND post_id = \(postID)
            """) { ($0.post(0), $0.author(1)) }
        guard let (post, author) = post else { return [:] }
        // What stands in the evidence is the same act once more.
        let events = try connection.run("""
            DELETE FROM interaction_events
            WHERE tenant_id = \(tenant) AND alias_key = \(person.key) AND post_key = \(post) AND kind = \(kind.code)
            """)
        let acts = try connection.run("""
            DELETE FROM user_interactions
            WHERE tenant_id = \(tenant) AND alias_key = \(person.key) AND post_key = \(post) AND kind = \(kind.code)
            """)
        if acts > 0 {
            try preferences.recompute(author, at: person.level)
            try connection.dropUnreferenced(stubs: [post], in: tenant)
        }
        return ["user_interactions": acts, "interaction_events": events]
    }

    private func removeAuthor(_ id: String) throws -> [String: Int] {
        let author = try connection.first("SELECT author_key FROM authors WHERE tenant_id = \(tenant) AND author_id = \(id)") { $0.author(0) }
        guard let author else { return [:] }
        let events = try connection.run("""
            DELETE FROM interaction_events WHERE tenant_id = \(tenant) AND alias_key = \(person.key)
            AND post_key IN (SELECT post_key FROM post_metadata WHERE tenant_id = \(tenant) AND author_key = \(author))
            """)
        let posts = try connection.all("""
            DELETE FROM user_interactions WHERE tenant_id = \(tenant) AND alias_key = \(person.key)
            AND post_key IN (SELECT post_key FROM post_metadata WHERE tenant_id = \(tenant) AND author_key = \(author))
            RETURNING post_key
            """) { $0.post(0) }
        let removed = try connection.run("""
            DELETE FROM author_preferences WHERE tenant_id = \(tenant) AND alias_key = \(person.key) AND author_key = \(author)
            """)
        // At LIMITED 50 places are shared: another author may have one now.
        if person.level == .limited, !posts.isEmpty { try preferences.rebuildLimited() }
        try connection.dropUnreferenced(stubs: Array(Set(posts)).sorted(), in: tenant)
        try connection.dropUnreferenced(authors: [author], in: tenant)
        return ["author_preferences": removed, "user_interactions": posts.count, "interaction_events": events]
    }

    /// Whether a row was kept to the second, hour or day cannot be seen in it, and a level may have changed in between. So what lies exactly
    /// on the hour, or the day, in which `start` lies counts as being from anywhere in it.
    func forget(since start: Instant) throws -> [String: Int] {
        let (second, hour, day) = (start.floored(to: .seconds(1)), start.floored(to: .hours(1)), start.floored(to: .days(1)))
        let before = try preferenceCount()
        let acted = try connection.all("""
            DELETE FROM user_interactions WHERE tenant_id = \(tenant) AND alias_key = \(person.key)
            AND (occurred_at >= \(second) OR occurred_at = \(hour) OR occurred_at = \(day) AND kind = \(InteractionKind.view.code))
            RETURNING post_key
            """) { $0.post(0) }
        let shown = try connection.all("""
            DELETE FROM recommendation_logs WHERE tenant_id = \(tenant) AND alias_key = \(person.key)
            AND (recommended_at >= \(second) OR recommended_at = \(day)) RETURNING post_key
            """) { $0.post(0) }
        var removed = ["user_interactions": acted.count, "recommendation_logs": shown.count]
        for table in evidenceTables {
            removed[table] = try connection.run("""
                DELETE FROM \(raw: table) WHERE tenant_id = \(tenant) AND alias_key = \(person.key) AND occurred_at >= \(second)
                """)
        }
        try mendPreferences(after: Array(Set(acted)).sorted())
        removed["author_preferences"] = max(0, before - (try preferenceCount()))
        // A write that began before, in whatever process, is refused: what is forgotten does not come back by itself.
        try connection.run("UPDATE user_aliases SET epoch = epoch + 1 WHERE tenant_id = \(tenant) AND alias_key = \(person.key)")
        try connection.dropUnreferenced(stubs: Array(Set(acted + shown)).sorted(), in: tenant)
        return removed
    }

    private func mendPreferences(after posts: [PostKey]) throws {
        if posts.isEmpty { return }
        if person.level == .limited { return try preferences.rebuildLimited() }
        var authors: Set<AuthorKey> = []
        for part in inParts(posts) {
            authors.formUnion(try connection.all("""
                SELECT author_key FROM post_metadata WHERE tenant_id = \(tenant) AND post_key IN (\(sql: .list(part)))
                """) { $0.author(0) })
        }
        for author in authors.sorted(by: { $0.value < $1.value }) {
            let left = try connection.count("""
                SELECT count(*) FROM user_interactions WHERE tenant_id = \(tenant) AND alias_key = \(person.key)
                AND post_key IN (SELECT post_key FROM post_metadata WHERE tenant_id = \(tenant) AND author_key = \(author))
                """)
            // Without a row of another day the preference would still tell the day of the last act: then it goes whole.
            if left == 0 { try preferences.remove(author) } else { try preferences.recompute(author, at: person.level) }
        }
        try connection.dropUnreferenced(authors: authors.sorted { $0.value < $1.value }, in: tenant)
    }

    private func preferenceCount() throws -> Int {
        try connection.count("SELECT count(*) FROM author_preferences WHERE tenant_id = \(tenant) AND alias_key = \(person.key)")
    }
}
