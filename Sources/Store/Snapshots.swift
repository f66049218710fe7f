import Database
import Fediverse
import Privacy
import Recommender

/// What the ranking reads: the candidates, and one reader's history.
struct Snapshots: RecommenderRepository {
    let pool: any ConnectionPool
    /// Asked for candidates, which are many, and for nothing that is about a person.
    let replica: Replica?
    /// The level of an alias without a row.
    let defaultLevel: PrivacyLevel

    func changes(in tenant: TenantKey, since version: Int64?, at now: Instant) async throws -> SnapshotChanges {
        if let replica {
            let primary = try await pool.read { try $0.place(of: tenant) }
            if let version, version == primary.newest { return SnapshotChanges(version: version, changed: [], removed: []) }
            // One that does not know the newest version yet, or belongs to another database, is not believed.
            let changes = await replica.read { standby -> SnapshotChanges? in
                guard try standby.place(of: tenant).follows(primary) else { return nil }
                return try standby.changes(in: tenant, since: version, at: now)
            }
            if let changes = changes ?? nil { return changes }
        }
        return try await pool.read { try $0.changes(in: tenant, since: version, at: now) }
    }
}

/// Which version of a tenant a server has, and what tells whether two servers have the same database.
private struct SnapshotPlace {
    var newest: Int64
    var system: String
    var database: String

    func follows(_ primary: SnapshotPlace) -> Bool { system == primary.system && database == primary.database && newest >= primary.newest }
}

extension Connection {
    fileprivate func place(of tenant: TenantKey) throws -> SnapshotPlace {
        let (system, database) = try serverIdentity()
        let newest = try first("SELECT snapshot_version FROM tenants WHERE tenant_id = \(tenant)") { $0.integer(0) } ?? 0
        return SnapshotPlace(newest: newest, system: system, database: database)
    }

    fileprivate func changes(in tenant: TenantKey, since version: Int64?, at now: Instant) throws -> SnapshotChanges {
        let versions = try first("""
            SELECT snapshot_version, forgotten_version FROM tenants WHERE tenant_id = \(tenant)
            """) { (newest: $0.integer(0), forgotten: $0.integer(1)) }
        guard let versions else { return SnapshotChanges(version: 0, changed: [], removed: [], complete: true) }
        // Removals up to `forgotten` are no longer listed: an older snapshot is told everything instead.
        guard let version, version >= versions.forgotten, version <= versions.newest else {
            let all = try candidates(changedAfter: -1, in: tenant, at: now)
            return SnapshotChanges(version: versions.newest, changed: all, removed: [], complete: true)
        }
        if version == versions.newest { return SnapshotChanges(version: version, changed: [], removed: []) }
        let changed = try candidates(changedAfter: version, in: tenant, at: now)
        var removed = Set(try all("""
            SELECT post_key FROM post_removals WHERE tenant_id = \(tenant) AND changed_version > \(version)
            """) { $0.post(0) })
        // Withdrawn and taken in again since.
        removed.subtract(changed.map(\.key))
        return SnapshotChanges(version: versions.newest, changed: changed, removed: removed.sorted())
    }

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
