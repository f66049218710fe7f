import Database
import Fediverse
import Privacy
import Recommender

/// What the ranking reads: the candidates, and one reader's history.
struct Snapshots: RecommenderRepository {
    let pool: any ConnectionPool
    /// The level of an alias without a row.
    let defaultLevel: PrivacyLevel

    func changes(in tenant: TenantKey, since version: Int64?, at now: Instant) async throws -> SnapshotChanges {
        try await pool.read { connection in
            let versions = try connection.first("""
                SELECT snapshot_version, forgotten_version FROM tenants WHERE tenant_id = \(tenant)
                """) { (newest: $0.integer(0), forgotten: $0.integer(1)) }
            guard let versions else { return SnapshotChanges(version: 0, changed: [], removed: [], complete: true) }
            // Removals up to `forgotten` are no longer listed: an older snapshot is told everything instead.
            guard let version, version >= versions.forgotten, version <= versions.newest else {
                let all = try connection.candidates(changedAfter: -1, in: tenant, at: now)
                return SnapshotChanges(version: versions.newest, changed: all, removed: [], complete: true)
            }
            if version == versions.newest { return SnapshotChanges(version: version, changed: [], removed: []) }
            let changed = try connection.candidates(changedAfter: version, in: tenant, at: now)
            var removed = Set(try connection.all("""
                SELECT post_key FROM post_removals WHERE tenant_id = \(tenant) AND changed_version > \(version)
                """) { $0.post(0) })
            // Withdrawn and taken in again since.
            removed.subtract(changed.map(\.key))
            return SnapshotChanges(version: versions.newest, changed: changed, removed: removed.sorted())
        }
    }
}

extension Connection {
    fileprivate func candidates(changedAfter version: Int64, in tenant: TenantKey, at now: Instant) throws -> [StoredPost] {
        let day = now.dayNumber
        // A few changes look up their own days; everything reads all days once.
        let few: SQL = version < 0 ? "" : """
            AND post_key IN (SELECT post_key FROM post_metadata WHERE tenant_id = \(tenant) AND changed_version > \(version))
            """
        // Sorted here: asked for an order, SQLite would walk all posts in it instead of the few that have changed.
        return try all("""
            SELECT p.post_key, p.author_key, p.local_id, p.created_at, p.language, p.favorites, p.boosts, p.replies, p.tags,
                d.score, d.public_score, p.source
            FROM post_metadata p LEFT JOIN (
                SELECT post_key, sum(score) AS score, sum(public_score) AS public_score FROM item_popularity_daily
                WHERE tenant_id = \(tenant) AND namespace = 'default' AND day > \(day - Statuses.windowDays) AND day <= \(day) \(sql: few)
                GROUP BY post_key) d ON d.post_key = p.post_key
            WHERE p.tenant_id = \(tenant) AND p.changed_version > \(version) AND p.eligible = TRUE AND p.local_id IS NOT NULL
            """) { row in
            StoredPost(
                key: row.post(0), author: row.author(1), localID: row.text(2), createdAt: row.instant(3), language: row.textOrNil(4),
                favourites: row.int(5), reblogs: row.int(6), replies: row.int(7), tags: row.textOrNil(8).map { JSONText.tags($0) } ?? [],
                ownScore: Double(row.integer(9)), publicScore: Double(row.integer(10)), source: row.textOrNil(11) ?? "public")
        }.sorted { $0.key < $1.key }
    }
}
