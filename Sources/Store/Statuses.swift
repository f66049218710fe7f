import Database
import Fediverse
import Privacy
import Recommender

/// The statuses that may be recommended: what the ingest, the re-check and the authors change.
struct Statuses: StatusRepository {
    let pool: any ConnectionPool
    /// The most candidates of one tenant; beyond it the oldest go.
    let candidateLimit: Int
    /// Where an author's request is noted, for a backup from before.
    let keyInUse: KeyInUse
    let room = CandidateRoom()

    func withdraw(_ postIDs: [String], in tenant: TenantKey, at now: Instant) async throws -> Int {
        try await withdraw(where: "post_id", postIDs, in: tenant, at: now)
    }

    func withdraw(localIDs: [String], in tenant: TenantKey, at now: Instant) async throws -> Int {
        try await withdraw(where: "local_id", localIDs, in: tenant, at: now)
    }

    private func withdraw(where column: String, _ ids: [String], in tenant: TenantKey, at now: Instant) async throws -> Int {
        if ids.isEmpty { return 0 }
        return try await pool.write(.process) { connection in
            var posts: Set<PostKey> = []
            for part in inParts(ids) {
                posts.formUnion(try connection.all("""
                    SELECT post_key FROM post_metadata
                    WHERE tenant_id = \(tenant) AND eligible = TRUE AND \(raw: column) IN (\(sql: .list(part)))
                    """) { $0.post(0) })
            }
            return try connection.withdraw(posts.sorted(), in: tenant, at: now)
        }
    }

    func withdraw(authors authorIDs: [String], in tenant: TenantKey, at now: Instant) async throws -> Int {
        if authorIDs.isEmpty { return 0 }
        // Most of them were never candidates: then nothing is written.
        let theirs: @Sendable (any Connection) throws -> [PostKey] = { connection in
            try inParts(authorIDs).flatMap { part in
                try connection.all("""
                    SELECT p.post_key FROM post_metadata p JOIN authors a ON a.tenant_id = p.tenant_id AND a.author_key = p.author_key
                    WHERE p.tenant_id = \(tenant) AND p.eligible = TRUE AND a.author_id IN (\(sql: .list(part)))
                    """) { $0.post(0) }
            }
        }
        if try await pool.read(theirs).isEmpty { return 0 }
        return try await pool.write(.process) { try $0.withdraw(theirs($0).sorted(), in: tenant, at: now) }
    }

    func confirm(_ postIDs: [String], in tenant: TenantKey, at now: Instant) async throws {
        if postIDs.isEmpty { return }
        try await pool.write(.process) { connection in
            for part in inParts(postIDs) {
                try connection.run("""
                    UPDATE post_metadata SET checked_at = \(now)
                    WHERE tenant_id = \(tenant) AND eligible = TRUE AND post_id IN (\(sql: .list(part))) AND checked_at < \(now)
                    """)
            }
        }
    }

    func unconfirmed(since before: Instant, limit: Int, in tenant: TenantKey) async throws -> [String] {
        try await pool.read { connection in
            try connection.all("""
                SELECT local_id FROM post_metadata
                WHERE tenant_id = \(tenant) AND checked_at < \(before) AND local_id IS NOT NULL
                ORDER BY checked_at, post_key LIMIT \(limit)
                """) { $0.text(0) }
        }
    }

    func candidates(among localIDs: [String], in tenant: TenantKey) async throws -> Set<String> {
        if localIDs.isEmpty { return [] }
        return try await pool.read { connection in
            try inParts(localIDs).reduce(into: []) { found, part in
                found.formUnion(try connection.all("""
                    SELECT local_id FROM post_metadata WHERE tenant_id = \(tenant) AND local_id IN (\(sql: .list(part)))
                    """) { $0.text(0) })
            }
        }
    }

    func cursor(of source: String, in tenant: TenantKey) async throws -> IngestCursor? {
        try await pool.read { connection in
            try connection.first("""
                SELECT newest_id, not_before, refusal FROM ingest_cursors WHERE tenant_id = \(tenant) AND source = \(source)
                """) { IngestCursor(source: source, newestID: $0.textOrNil(0), notBefore: $0.instantOrNil(1), refusal: $0.textOrNil(2)) }
        }
    }

    func setCursor(_ cursor: IngestCursor, in tenant: TenantKey, at now: Instant) async throws {
        try await pool.write(.process) { try $0.setCursor(cursor, in: tenant, at: now) }
    }

    func forget(_ postIDs: [String], in tenant: TenantKey, at now: Instant) async throws -> Int {
        if postIDs.isEmpty { return 0 }
        return try await pool.write(.power) { try $0.forget(postIDs, in: tenant, at: now) }
    }
}

extension Connection {
    /// A new snapshot version. Until the transaction ends nobody else gets one, so versions are seen in their order.
    func nextSnapshotVersion(of tenant: TenantKey) throws -> Int64 {
        let next = try first("""
            UPDATE tenants SET snapshot_version = snapshot_version + 1 WHERE tenant_id = \(tenant) RETURNING snapshot_version
            """) { $0.integer(0) }
        guard let next else { throw DatabaseError.constraint(kind: .foreignKey) }
        try announceVersion(of: tenant)
        return next
    }

    /// Tells cached snapshots that these are no candidates any more.
    func listRemoved(_ posts: [PostKey], in tenant: TenantKey, at now: Instant) throws {
        if posts.isEmpty { return }
        let version = try nextSnapshotVersion(of: tenant)
        try bulk(
            "INSERT INTO post_removals (tenant_id, changed_version, post_key, removed_at) VALUES ($1, $2, $3, $4)",
            posts.map { [tenant.sqlValue, version.sqlValue, $0.sqlValue, now.sqlValue] })
    }

    /// Makes candidates stubs where a personal row refers to them, and removes the others.
    /// - Returns: how many of them were candidates.
    func withdraw(_ posts: [PostKey], in tenant: TenantKey, at now: Instant) throws -> Int {
        var withdrawn: [PostKey] = []
        for part in inParts(posts) {
            withdrawn += try all("""
                UPDATE post_metadata SET eligible = FALSE, local_id = NULL, content = NULL, language = NULL, created_at = NULL,
                    edited_at = NULL, favorites = 0, boosts = 0, replies = 0, sensitive = FALSE, tags = NULL, source = NULL,
                    checked_at = NULL, changed_version = 0
                WHERE tenant_id = \(tenant) AND eligible = TRUE AND post_key IN (\(sql: .list(part)))
                RETURNING post_key
                """) { $0.post(0) }
            try run("DELETE FROM item_popularity_daily WHERE tenant_id = \(tenant) AND post_key IN (\(sql: .list(part)))")
        }
        try listRemoved(withdrawn, in: tenant, at: now)
        try dropUnreferenced(stubs: withdrawn, in: tenant)
        return withdrawn.count
    }

    func setCursor(_ cursor: IngestCursor, in tenant: TenantKey, at now: Instant) throws {
        try run("""
            INSERT INTO ingest_cursors (tenant_id, source, newest_id, updated_at, not_before, refusal)
            VALUES (\(tenant), \(cursor.source), \(cursor.newestID), \(now), \(cursor.notBefore), \(cursor.refusal))
            ON CONFLICT (tenant_id, source) DO UPDATE SET newest_id = excluded.newest_id, updated_at = excluded.updated_at,
                not_before = excluded.not_before, refusal = excluded.refusal
            """)
    }
}
