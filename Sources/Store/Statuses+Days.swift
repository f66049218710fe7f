import Database
import Fediverse
import Privacy
import Recommender

extension Statuses {
    /// How many days the sums of a snapshot reach back.
    static let windowDays: Int64 = 7

    /// Counts one day's own acts: favourites, reblogs and replies on candidates, one for each alias and status. Without noise a day can be
    /// counted again; with noise it is published once, since the mean of many draws would be the count itself.
    /// - Returns: cells of the daily table that have changed.
    func closeDay(_ day: Instant, sharing: SharingPolicy, in tenant: TenantKey, at now: Instant) async throws -> Int {
        let start = day.floored(to: .days(1))
        return try await pool.write(.process) { connection in
            let present = try connection.ownScores(on: start.dayNumber, in: tenant)
            guard try connection.mayPublish(start.dayNumber, sharing, hasScores: !present.isEmpty, in: tenant, at: now) else { return 0 }
            var random = SystemRandomNumberGenerator()
            let counts = try connection.contributions(from: start, postsOfOnePerson: sharing.postsOfOnePerson, in: tenant)
            let wanted = counts.compactMapValues { sharing.published($0, using: &random) }
            let changed = Set(wanted.keys).union(present.keys).filter { wanted[$0] != present[$0] }.sorted()
            try connection.bulk("""
                INSERT INTO item_popularity_daily (tenant_id, namespace, day, post_key, score) VALUES ($1, 'default', $2, $3, $4)
                ON CONFLICT (tenant_id, namespace, day, post_key) DO UPDATE SET score = excluded.score
                """, changed.map { [tenant.sqlValue, start.dayNumber.sqlValue, $0.sqlValue, wanted[$0].sqlValue] })
            // Below the gate nothing is written, not even a row that says so.
            try connection.run("""
                DELETE FROM item_popularity_daily
                WHERE tenant_id = \(tenant) AND namespace = 'default' AND day = \(start.dayNumber) AND score IS NULL AND public_score = 0
                """)
            try connection.touch(changed, leaving: now.dayNumber - Self.windowDays, in: tenant)
            return changed.count
        }
    }
}

extension Connection {
    /// Whether a day's numbers are to be worked out now. What was published with noise stays as it is, in every mode, and what was
    /// published without it is not published once more with it.
    fileprivate func mayPublish(_ day: Int64, _ sharing: SharingPolicy, hasScores: Bool, in tenant: TenantKey, at now: Instant) throws -> Bool {
        let isReleased = try first("""
            SELECT 1 FROM shared_releases WHERE tenant_id = \(tenant) AND namespace = 'default' AND day = \(day)
            """) { _ in true } ?? false
        guard let noise = sharing.noise else { return !isReleased }
        guard !isReleased, !hasScores else { return false }
        // Of two processes that come here at once, the second one's row breaks the key, and its transaction with it.
        try run("""
            INSERT INTO shared_releases (tenant_id, namespace, day, epsilon, delta, released_at)
            VALUES (\(tenant), 'default', \(day), \(noise.epsilon), \(noise.delta), \(now))
            """)
        return true
    }

    /// Aliases that acted on each candidate that day, each alias heard for so many statuses at most.
    func contributions(from start: Instant, postsOfOnePerson limit: Int, in tenant: TenantKey) throws -> [PostKey: Int] {
        var posts: [AliasKey: Set<PostKey>] = [:]
        let kinds = [InteractionKind.favourite, .reblog, .reply].map(\.code)
        try rows("""
            SELECT i.alias_key, i.post_key FROM user_interactions i
            JOIN post_metadata p ON p.tenant_id = i.tenant_id AND p.post_key = i.post_key
            WHERE i.tenant_id = \(tenant) AND i.occurred_at >= \(start) AND i.occurred_at < \(start + .days(1))
            AND i.kind IN (\(sql: .list(kinds))) AND p.eligible = TRUE
            """) { posts[$0.alias(0), default: []].insert($0.post(1)) }
        var counts: [PostKey: Int] = [:]
        for (alias, acted) in posts {
            for post in heard(acted, of: alias, on: start.dayNumber, limit: limit) { counts[post, default: 0] += 1 }
        }
        return counts
    }

    /// Which statuses of an alias count: by a hash, not first come, so that nobody can push others' acts out, and the same each time.
    private func heard(_ posts: Set<PostKey>, of alias: AliasKey, on day: Int64, limit: Int) -> some Sequence<PostKey> {
        guard posts.count > limit else { return Array(posts)[...] }
        let seed = mixed(mixed(UInt64(bitPattern: day)) ^ UInt64(bitPattern: alias.value))
        let drawn = posts.map { (lot: mixed(seed ^ UInt64(bitPattern: $0.value)), post: $0) }
        return drawn.sorted { ($0.lot, $0.post) < ($1.lot, $1.post) }.map(\.post).prefix(limit)
    }

    fileprivate func ownScores(on day: Int64, in tenant: TenantKey) throws -> [PostKey: Int] {
        var scores: [PostKey: Int] = [:]
        try rows("""
            SELECT post_key, score FROM item_popularity_daily
            WHERE tenant_id = \(tenant) AND namespace = 'default' AND day = \(day) AND score IS NOT NULL
            """) { scores[$0.post(0)] = $0.int(1) }
        return scores
    }

    /// Lets snapshots read anew the posts whose sums have changed: the given ones and, once a day, those with numbers on a
    /// day that has left the window since.
    fileprivate func touch(_ posts: [PostKey], leaving day: Int64, in tenant: TenantKey) throws {
        let moved = try run("UPDATE tenants SET window_day = \(day) WHERE tenant_id = \(tenant) AND window_day < \(day)") > 0
        guard moved || !posts.isEmpty else { return }
        let version = try nextSnapshotVersion(of: tenant)
        for part in inParts(posts) {
            try run("""
                UPDATE post_metadata SET changed_version = \(version)
                WHERE tenant_id = \(tenant) AND eligible = TRUE AND post_key IN (\(sql: .list(part)))
                """)
        }
        guard moved else { return }
        try run("""
            UPDATE post_metadata SET changed_version = \(version)
            WHERE tenant_id = \(tenant) AND eligible = TRUE AND post_key IN (
                SELECT post_key FROM item_popularity_daily
                WHERE tenant_id = \(tenant) AND namespace = 'default' AND day <= \(day) AND day > \(day - Statuses.windowDays))
            """)
    }
}

/// SplitMix64's finalizer. Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
private func mixed(_ value: UInt64) -> UInt64 {
    var mixed = value &+ 0x9E37_79B9_7F4A_7C15
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
}
