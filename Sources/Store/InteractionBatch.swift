import Database
import Fediverse
import Privacy

/// Interactions of one moment, written by as many statements as one of them would take.
struct InteractionBatch {
    /// An act, and whether somebody still waits for it.
    struct Asked: Sendable {
        var permitted: Permitted<Interaction>
        var isWanted: @Sendable () -> Bool
    }

    let connection: any Connection
    private let interactions: [Permitted<Interaction>]
    private let isWanted: [@Sendable () -> Bool]

    init(connection: any Connection, asked: [Asked]) {
        self.connection = connection
        interactions = asked.map(\.permitted)
        isWanted = asked.map(\.isWanted)
    }

    enum Answer: Sendable {
        case done
        /// The viewer's level or epoch has changed since, or nobody waits for it any more.
        case refused
        /// Another process is writing about the same person: to be asked again.
        case held
    }

    /// - Returns: an answer to each interaction.
    func record() throws -> [Answer] {
        var answers = Array(repeating: Answer.refused, count: interactions.count)
        for (tenant, places) in Dictionary(grouping: interactions.indices, by: { interactions[$0].viewer.tenant }).sorted(by: { $0.key.value < $1.key.value }) {
            let (done, held) = try record(places, of: tenant)
            for place in done { answers[place] = .done }
            for place in held { answers[place] = .held }
        }
        return answers
    }

    private func isPermitted(_ place: Int, _ rows: [AliasID: AliasRow]) -> Bool {
        let viewer = interactions[place].viewer
        guard let row = rows[viewer.alias] else { return false }
        return row.key == interactions[place].key && row.level == viewer.level && row.epoch == viewer.epoch && isWanted[place]()
    }

    private func record(_ places: [Int], of tenant: TenantKey) throws -> (done: [Int], held: [Int]) {
        let aliases = Set(places.map { interactions[$0].viewer.alias })
        let rows = try connection.rows(of: aliases, in: tenant, lock: connection.dialect.forChangeOfFree)
        let missing = aliases.filter { rows[$0] == nil }
        let held = missing.isEmpty || connection.dialect == .sqlite ? [:] : try connection.rows(of: missing, in: tenant)
        return (try write(places.filter { isPermitted($0, rows) }, of: tenant), places.filter { isPermitted($0, held) })
    }

    /// - Returns: the places that were given.
    private func write(_ permitted: [Int], of tenant: TenantKey) throws -> [Int] {
        if permitted.isEmpty { return [] }
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
    /// The rows of the aliases that have one. Read in the write's own transaction, so that no write comes after a change that it does not know.
    /// - Parameter lock: keeps the rows as they are until the transaction ends: what follows is worked out from what the people did, and
    ///   no other process's write of theirs may come between.
    fileprivate func rows(of aliases: Set<AliasID>, in tenant: TenantKey, lock: SQL = "") throws -> [AliasID: AliasRow] {
        var rows: [AliasID: AliasRow] = [:]
        for part in inParts(aliases.map(\.hex).sorted()) {
            try self.rows("""
                SELECT alias_key, privacy_level, epoch, alias_id FROM user_aliases
                WHERE tenant_id = \(tenant) AND alias_id IN (\(sql: .list(part))) \(sql: lock)
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
