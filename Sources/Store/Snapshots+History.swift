import Database
import Fediverse
import Privacy
import Recommender

extension Snapshots {
    /// What was shown longer ago than this may be shown again.
    private static let shownFor = Instant.Span.days(7)

    func history(of viewer: Viewer, at now: Instant) async throws -> ReaderHistory {
        guard viewer.level != .none, viewer.key != nil else { return ReaderHistory() }
        return try await pool.read { connection in
            // The row as it is now: a level that was lowered a moment ago counts already.
            guard let alias = try connection.aliasRow(viewer.alias, in: viewer.tenant), alias.level != .none else { return ReaderHistory() }
            return try history(of: alias.key, in: viewer.tenant, level: min(viewer.level, alias.level), at: now, on: connection)
        }
    }

    func reader(_ alias: AliasID, in tenant: TenantKey, at now: Instant) async throws -> (viewer: Viewer, history: ReaderHistory) {
        try await pool.read { connection in
            let row = try connection.aliasRow(alias, in: tenant)
            let viewer = Viewer(row, alias: alias, in: tenant, defaultLevel: defaultLevel)
            guard let row, row.level != .none else { return (viewer, ReaderHistory()) }
            return (viewer, try history(of: row.key, in: tenant, level: row.level, at: now, on: connection))
        }
    }

    private func history(
        of alias: AliasKey, in tenant: TenantKey, level: PrivacyLevel, at now: Instant, on connection: any Connection
    ) throws -> ReaderHistory {
        let reader = HistoryReading(connection: connection, tenant: tenant, alias: alias, now: now)
        var history = ReaderHistory(settings: try connection.settings(of: alias, in: tenant))
        history.authors = try reader.authors(at: level)
        (history.actedOn, history.tags) = try reader.acts(at: level)
        history.shown = try reader.shown(since: now - Self.shownFor)
        history.placements = try reader.placements(limit: ReaderHistory.mostPlacements)
        (history.suppressedAuthors, history.suppressedReasons) = try reader.suppressions()
        return history
    }

    func placements(_ wrapperIDs: [String], of viewer: Viewer) async throws -> [Placement] {
        guard viewer.level != .none, viewer.key != nil, !wrapperIDs.isEmpty else { return [] }
        return try await pool.read { connection in
            guard let alias = try connection.aliasRow(viewer.alias, in: viewer.tenant), alias.level != .none else { return [] }
            return try inParts(wrapperIDs).flatMap { part in
                try connection.all("""
                    SELECT l.shown_as, coalesce(l.above_id, l.shown_as), coalesce(l.below_id, l.shown_as), l.post_key, p.local_id, l.reason,
                        l.model_version, l.recommended_at
                    FROM recommendation_logs l JOIN post_metadata p ON p.tenant_id = l.tenant_id AND p.post_key = l.post_key
                    WHERE l.tenant_id = \(viewer.tenant) AND l.alias_key = \(alias.key) AND l.shown_as IN (\(sql: .list(part)))
                    """, Placement.init(row:))
            }
        }
    }

    /// What one alias's lists can hold of a day, several times over.
    private static let mostListed = 4_000

    func listed(of viewer: Viewer, since start: Instant) async throws -> [Placement] {
        guard viewer.level != .none, viewer.key != nil else { return [] }
        return try await pool.read { connection in
            guard let alias = try connection.aliasRow(viewer.alias, in: viewer.tenant), alias.level != .none else { return [] }
            return try connection.all("""
                SELECT l.shown_as, l.shown_as, l.shown_as, l.post_key, p.local_id, l.reason, l.model_version, l.recommended_at
                FROM recommendation_logs l JOIN post_metadata p ON p.tenant_id = l.tenant_id AND p.post_key = l.post_key
                WHERE l.tenant_id = \(viewer.tenant) AND l.alias_key = \(alias.key) AND l.recommended_at >= \(start.floored(to: .days(1)))
                AND l.shown_as IS NOT NULL AND l.above_id IS NULL
                ORDER BY l.recommended_at DESC, l.log_key DESC LIMIT \(Self.mostListed)
                """, Placement.init(row:))
        }
    }
}

extension Placement {
    /// Columns: shown_as, above_id, below_id, post_key, local_id, reason, model_version, recommended_at.
    fileprivate init(row: any Row) {
        self.init(
            shownAs: row.text(0), above: row.text(1), below: row.text(2), post: row.post(3), localID: row.textOrNil(4), reason: row.text(5),
            policy: row.textOrNil(6), at: row.instant(7))
    }
}

/// The statements of one reader's history: each reads by the alias alone.
private struct HistoryReading {
    let connection: any Connection
    let tenant: TenantKey
    let alias: AliasKey
    let now: Instant

    /// FULL scores are faded to this moment; LIMITED buckets stand as long as their rows.
    func authors(at level: PrivacyLevel) throws -> [AuthorKey: ReaderHistory.AuthorAffinity] {
        var authors: [AuthorKey: ReaderHistory.AuthorAffinity] = [:]
        try connection.rows("""
            SELECT author_key, preference_score, interaction_count, last_interaction_at FROM author_preferences
            WHERE tenant_id = \(tenant) AND alias_key = \(alias)
            """) { row in
            let last = row.instant(3)
            let score = level == .full ? AuthorPreferences.score(row.real(1), at: last, now: now) : row.real(1)
            authors[row.author(0)] = ReaderHistory.AuthorAffinity(score: score, interactions: row.int(2), lastAt: last)
        }
        return authors
    }

    /// Posts that the reader acted on or saw and, at FULL, the tags of those acted on.
    func acts(at level: PrivacyLevel) throws -> (Set<PostKey>, [String: Double]) {
        var posts: Set<PostKey> = []
        var tags: [String: Double] = [:]
        guard level == .full else {
            try connection.rows("""
                SELECT post_key FROM user_interactions WHERE tenant_id = \(tenant) AND alias_key = \(alias)
                """) { posts.insert($0.post(0)) }
            return (posts, tags)
        }
        try connection.rows("""
            SELECT i.post_key, i.kind, p.tags FROM user_interactions i CROSS JOIN post_metadata p
            WHERE i.tenant_id = \(tenant) AND i.alias_key = \(alias) AND p.tenant_id = i.tenant_id AND p.post_key = i.post_key
            """) { row in
            posts.insert(row.post(0))
            guard row.integer(1) != InteractionKind.view.code, let text = row.textOrNil(2) else { return }
            for tag in JSONText.tags(text) { tags[tag, default: 0] += 1 }
        }
        return (posts, tags)
    }

    func shown(since start: Instant) throws -> [PostKey: Instant] {
        var shown: [PostKey: Instant] = [:]
        try connection.rows("""
            SELECT post_key, max(recommended_at) FROM recommendation_logs
            WHERE tenant_id = \(tenant) AND alias_key = \(alias) AND recommended_at >= \(start) GROUP BY post_key
            """) { shown[$0.post(0)] = $0.instant(1) }
        return shown
    }

    func placements(limit: Int) throws -> [Placement] {
        // A stub has no local id (post_metadata_stub_check): that of a candidate is given, and nothing else.
        try connection.all("""
            SELECT l.shown_as, l.above_id, l.below_id, l.post_key, p.local_id, l.reason, l.model_version, l.recommended_at
            FROM recommendation_logs l JOIN post_metadata p ON p.tenant_id = l.tenant_id AND p.post_key = l.post_key
            WHERE l.tenant_id = \(tenant) AND l.alias_key = \(alias)
            AND l.shown_as IS NOT NULL AND l.above_id IS NOT NULL AND l.below_id IS NOT NULL
            ORDER BY l.recommended_at DESC, l.log_key DESC LIMIT \(limit)
            """, Placement.init(row:))
    }

    /// Those still in force. An author of whom nothing is stored has no key, and nothing to hold back.
    func suppressions() throws -> (Set<AuthorKey>, Set<String>) {
        var authors: Set<AuthorKey> = []
        var reasons: Set<String> = []
        try connection.rows("""
            SELECT s.subject_kind, s.subject, a.author_key FROM suppressions s
            LEFT JOIN authors a ON a.tenant_id = s.tenant_id AND a.author_id = s.subject AND s.subject_kind = 'author'
            WHERE s.tenant_id = \(tenant) AND s.alias_key = \(alias) AND (s.until IS NULL OR s.until > \(now))
            """) { row in
            if row.text(0) == "reason" {
                reasons.insert(row.text(1))
            } else if !row.isNull(2) {
                authors.insert(row.author(2))
            }
        }
        return (authors, reasons)
    }
}
