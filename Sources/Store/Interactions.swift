import Database
import Fediverse
import Privacy

/// What people did with statuses. Those who act at the same moment share one transaction and its statements.
struct Interactions: InteractionRepository {
    let pool: any ConnectionPool
    /// How long an act is tried again while another process writes about the same person: not much longer than its client waits, who may
    /// take it back; nil where there is one writer only.
    let patience: Duration?
    private let line = Gathering<InteractionBatch.Asked, InteractionBatch.Answer>()

    init(pool: any ConnectionPool, patience: Duration?) {
        self.pool = pool
        self.patience = patience
    }

    /// An author who opted out leaves no row: that counts as done.
    @discardableResult
    func record(_ interaction: Permitted<Interaction>, while isWanted: @escaping @Sendable () -> Bool) async throws -> Bool {
        let end = ContinuousClock.now + (patience ?? .zero)
        var longest = 4
        while true {
            switch try await answer(to: InteractionBatch.Asked(permitted: interaction, isWanted: isWanted)) {
            case .done: return true
            case .refused: return false
            case .held:
                guard ContinuousClock.now < end else { throw DatabaseError.busy }
                // The other's write is over in a moment; two who wait for each other do not come back at the same one.
                try await Task.sleep(for: .milliseconds(Int.random(in: 1...longest)))
                longest = min(2 * longest, 256)
            }
        }
    }

    private func answer(to interaction: InteractionBatch.Asked) async throws -> InteractionBatch.Answer {
        do {
            return try await line.run(interaction) { take in
                try await pool.write(.power) { connection in
                    try connection.each(take()) { try InteractionBatch(connection: connection, asked: $0).record() }
                }
            }
        } catch DatabaseError.busy where patience != nil {
            return .held
        }
    }

    func undo(_ kind: InteractionKind, on postID: String, by viewer: Viewer) async throws {
        let tenant = viewer.tenant
        try await pool.write(.power) { connection in
            // The row as it is now, not as the viewer remembers it: taking back is allowed at every level.
            guard let alias = try connection.aliasRow(viewer.alias, in: tenant, lock: connection.dialect.forChangeNow) else { return }
            let post = try connection.first("""
                SELECT post_key, author_key FROM post_metadata WHERE tenant_id = \(tenant) AND post_id = \(postID)
                """) { ($0.post(0), $0.author(1)) }
            guard let post else { return }
            let removed = try connection.run("""
                DELETE FROM user_interactions
                WHERE tenant_id = \(tenant) AND alias_key = \(alias.key) AND post_key = \(post.0) AND kind = \(kind.code)
                """)
            guard removed > 0 else { return }
            try AuthorPreferences(connection: connection, tenant: tenant, alias: alias.key).recompute(post.1, at: alias.level)
            try connection.dropUnreferenced(stubs: [post.0], in: tenant)
        }
    }
}

extension Connection {
    func hasOptedOut(_ authorID: String, in tenant: TenantKey) throws -> Bool {
        try first("SELECT 1 FROM author_opt_outs WHERE tenant_id = \(tenant) AND author_id = \(authorID)") { _ in true } ?? false
    }

    /// The keys of a post and its author; unknown ones are made, the post as a stub.
    func findOrCreate(_ post: PostReference, in tenant: TenantKey) throws -> (PostKey, AuthorKey) {
        let find: SQL = "SELECT post_key, author_key FROM post_metadata WHERE tenant_id = \(tenant) AND post_id = \(post.postID)"
        if let known = try first(find, { ($0.post(0), $0.author(1)) }) { return known }
        let author = try findOrCreate(author: post.authorID, in: tenant)
        // Where another process was faster, the first look of the next lines finds its row.
        try run("""
            INSERT INTO post_metadata (tenant_id, post_id, author_key) VALUES (\(tenant), \(post.postID), \(author))
            ON CONFLICT (tenant_id, post_id) DO NOTHING
            """)
        guard let made = try first(find, { ($0.post(0), $0.author(1)) }) else { throw DatabaseError.constraint(kind: .other) }
        return made
    }

    func findOrCreate(author id: String, in tenant: TenantKey) throws -> AuthorKey {
        let find: SQL = "SELECT author_key FROM authors WHERE tenant_id = \(tenant) AND author_id = \(id)"
        if let known = try first(find, { $0.author(0) }) { return known }
        try run("INSERT INTO authors (tenant_id, author_id) VALUES (\(tenant), \(id)) ON CONFLICT (tenant_id, author_id) DO NOTHING")
        guard let made = try first(find, { $0.author(0) }) else { throw DatabaseError.constraint(kind: .other) }
        return made
    }
}
