import Database
import Fediverse
import Privacy

/// Interactions of one moment, written by as many statements as one of them would take.
struct InteractionBatch {
    let connection: any Connection
    let interactions: [Permitted<Interaction>]

    /// - Returns: of each interaction, whether it was done: false where the viewer's level or epoch has changed since.
    func record() throws -> [Bool] {
        var answers = Array(repeating: false, count: interactions.count)
        for (tenant, places) in Dictionary(grouping: interactions.indices, by: { interactions[$0].viewer.tenant }).sorted(by: { $0.key.value < $1.key.value }) {
            for place in try record(places, of: tenant) { answers[place] = true }
        }
        return answers
    }

    /// - Returns: the places of those that are done.
    private func record(_ places: [Int], of tenant: TenantKey) throws -> [Int] {
        let levels = try connection.levels(of: places.map { interactions[$0].viewer.alias }, in: tenant)
        let permitted = places.filter { place in
            let (viewer, row) = (interactions[place].viewer, levels[interactions[place].viewer.alias])
            return row.map { $0.key == interactions[place].key && $0.level == viewer.level && $0.epoch == viewer.epoch } ?? false
        }
        try connection.hold(authors: permitted.map { interactions[$0].record.post.authorID }, in: tenant)
        let left = try connection.optedOut(among: permitted.map { interactions[$0].record.post.authorID }, in: tenant)
        let kept = permitted.filter { !left.contains(interactions[$0].record.post.authorID) }
        if kept.isEmpty { return permitted }
        let posts = try connection.findOrCreate(kept.map { interactions[$0].record.post }, in: tenant)
        var rows: [[SQLValue]] = []
        var touched: [AliasKey: Set<AuthorKey>] = [:]
        for place in kept {
            let (key, record) = (interactions[place].key, interactions[place].record)
            guard let (post, author) = posts[record.post.postID] else { throw DatabaseError.constraint(kind: .other) }
            touched[key, default: []].insert(author)
            rows.append([
                tenant.sqlValue, key.sqlValue, post.sqlValue, record.kind.code.sqlValue, record.at.sqlValue, record.weight.sqlValue,
                JSONText.context(record.context).sqlValue,
            ])
        }
        try connection.bulk("""
            INSERT INTO user_interactions (tenant_id, alias_key, post_key, kind, occurred_at, score_weight, context)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (tenant_id, alias_key, post_key, kind) DO UPDATE SET occurred_at = excluded.occurred_at
            WHERE user_interactions.occurred_at < excluded.occurred_at
            """, rows)
        let levelOf = Dictionary(kept.map { (interactions[$0].key, interactions[$0].viewer.level) }) { first, _ in first }
        try AuthorPreferences.recompute(touched, at: levelOf, in: tenant, on: connection)
        return permitted
    }
}

extension Connection {
    /// The rows of the aliases that have one, which stay as they are until the transaction ends. Read in the write's own transaction, so
    /// that no write comes after a change that it does not know.
    func levels(of aliases: [AliasID], in tenant: TenantKey) throws -> [AliasID: AliasRow] {
        var rows: [AliasID: AliasRow] = [:]
        // What follows is worked out from the people's rows, so no other process's write of theirs may come between.
        for part in inParts(Array(Set(aliases.map(\.hex))).sorted()) {
            try self.rows("""
                SELECT alias_key, privacy_level, epoch, alias_id FROM user_aliases
                WHERE tenant_id = \(tenant) AND alias_id IN (\(sql: .list(part))) \(sql: dialect.forChangeNow)
                """) { row in
                guard let alias = AliasID(hex: row.text(3)) else { return }
                rows[alias] = AliasRow(
                    key: row.alias(0), level: PrivacyLevel(rawValue: row.text(1)) ?? .none, epoch: row.integer(2), lastSeen: nil)
            }
        }
        return rows
    }

    /// Those of the authors who want to be left alone.
    func optedOut(among authors: [String], in tenant: TenantKey) throws -> Set<String> {
        var left: Set<String> = []
        for part in inParts(Array(Set(authors)).sorted()) {
            left.formUnion(try all("""
                SELECT author_id FROM author_opt_outs WHERE tenant_id = \(tenant) AND author_id IN (\(sql: .list(part)))
                """) { $0.text(0) })
        }
        return left
    }

    /// The keys of posts and their authors by the posts' ids; unknown ones are made, the posts as stubs.
    func findOrCreate(_ posts: [PostReference], in tenant: TenantKey) throws -> [String: (PostKey, AuthorKey)] {
        var found: [String: (PostKey, AuthorKey)] = [:]
        for part in inParts(Array(Set(posts.map(\.postID))).sorted()) {
            try rows("""
                SELECT post_id, post_key, author_key FROM post_metadata WHERE tenant_id = \(tenant) AND post_id IN (\(sql: .list(part)))
                """) { found[$0.text(0)] = ($0.post(1), $0.author(2)) }
        }
        for post in posts.sorted(by: { $0.postID < $1.postID }) where found[post.postID] == nil {
            found[post.postID] = try findOrCreate(post, in: tenant)
        }
        return found
    }
}
