import Database
import Fediverse
import Privacy
import Recommender

/// Authors who are left alone. A row stands as long as a reason does; whoever keeps anything looks at it in the same transaction.
extension Statuses {
    func optedOut(among authorIDs: [String], in tenant: TenantKey) async throws -> Set<String> {
        if authorIDs.isEmpty { return [] }
        return try await pool.read { try $0.optedOut(among: authorIDs, in: tenant) }
    }

    /// - Returns: posts removed, stubs among them.
    func optOut(authorID: String, source: OptOutSource, in tenant: TenantKey, at now: Instant) async throws -> Int {
        try await pool.write(.power) { connection in
            try connection.hold(authors: [authorID], alone: true, in: tenant)
            // Before the row, as an erasure is.
            try note(authorID, source, leftAlone: true, at: now, to: tenant, domain: connection.domain(of: tenant))
            try connection.enter(authorID, source: source, in: tenant, at: now)
            return try connection.removeEverything(of: authorID, in: tenant, at: now)
        }
    }

    func optIn(authorID: String, source: OptOutSource, in tenant: TenantKey, at now: Instant) async throws -> Bool {
        guard source != .profile else { return false }
        let (isFree, domain) = try await pool.write(.power) { connection in
            try connection.hold(authors: [authorID], alone: true, in: tenant)
            let column = source == .request ? "requested_at" : "listed_at"
            try connection.run("""
                UPDATE author_opt_outs SET \(raw: column) = NULL WHERE tenant_id = \(tenant) AND author_id = \(authorID)
                """)
            try connection.run("""
                DELETE FROM author_opt_outs WHERE tenant_id = \(tenant) AND author_id = \(authorID)
                AND source <> 'profile' AND requested_at IS NULL AND listed_at IS NULL
                """)
            let isFree = try connection.first("""
                SELECT 1 FROM author_opt_outs WHERE tenant_id = \(tenant) AND author_id = \(authorID)
                """) { _ in true } == nil
            return (isFree, try connection.domain(of: tenant))
        }
        // After the row: without the entry a restored backup leaves alone who need not be, the other way round nobody asked who was.
        try? note(authorID, source, leftAlone: false, at: now, to: tenant, domain: domain)
        return isFree
    }

    /// A tag in a profile is seen again wherever a post of theirs is looked at, and needs no entry.
    private func note(_ authorID: String, _ source: OptOutSource, leftAlone: Bool, at now: Instant, to tenant: TenantKey, domain: String?) throws {
        guard source != .profile, let domain, let file = keyInUse.ledger(in: tenant)?.file else { return }
        try file.append(AuthorLedgerEntry(authorID: authorID, domain: domain, source: source.rawValue, leftAlone: leftAlone, at: now))
    }

    func remove(authors authorIDs: [String], in tenant: TenantKey, at now: Instant) async throws -> Int {
        if authorIDs.isEmpty { return 0 }
        let known = try await pool.read { connection in
            try inParts(authorIDs).flatMap { part in
                try connection.all("""
                    SELECT author_id FROM authors WHERE tenant_id = \(tenant) AND author_id IN (\(sql: .list(part)))
                    """) { $0.text(0) }
            }
        }
        if known.isEmpty { return 0 }
        return try await pool.write(.power) { connection in
            try connection.hold(authors: known, alone: true, in: tenant)
            return try known.reduce(0) { try $0 + connection.removeEverything(of: $1, in: tenant, at: now) }
        }
    }

    func optOut(of authorID: String, in tenant: TenantKey) async throws -> AuthorOptOut? {
        try await pool.read { connection in
            try connection.first("""
                SELECT source, requested_at, listed_at FROM author_opt_outs WHERE tenant_id = \(tenant) AND author_id = \(authorID)
                """) { AuthorOptOut(hasTag: $0.text(0) == OptOutSource.profile.rawValue, requestedAt: $0.instantOrNil(1), listedAt: $0.instantOrNil(2)) }
        }
    }

    func optOutCounts(in tenant: TenantKey) async throws -> [OptOutSource: Int] {
        try await pool.read { connection in
            let counts = try connection.first("""
                SELECT count(CASE WHEN source = 'profile' THEN 1 END), count(requested_at), count(listed_at)
                FROM author_opt_outs WHERE tenant_id = \(tenant)
                """) { ($0.int(0), $0.int(1), $0.int(2)) } ?? (0, 0, 0)
            return [.profile: counts.0, .request: counts.1, .listing: counts.2]
        }
    }
}

extension Connection {
    fileprivate func domain(of tenant: TenantKey) throws -> String? {
        try first("SELECT domain FROM tenants WHERE tenant_id = \(tenant)") { $0.text(0) }
    }

    /// A tag stays the row's source whatever else comes; the first request and the first entry keep their times.
    fileprivate func enter(_ authorID: String, source: OptOutSource, in tenant: TenantKey, at now: Instant) throws {
        let requested = source == .request ? now : nil
        let listed = source == .listing ? now : nil
        try run("""
            INSERT INTO author_opt_outs (tenant_id, author_id, source, set_at, requested_at, listed_at)
            VALUES (\(tenant), \(authorID), \(source.rawValue), \(now), \(requested), \(listed))
            ON CONFLICT (tenant_id, author_id) DO UPDATE SET
                source = CASE WHEN excluded.source = 'profile' THEN excluded.source ELSE author_opt_outs.source END,
                requested_at = coalesce(author_opt_outs.requested_at, excluded.requested_at),
                listed_at = coalesce(author_opt_outs.listed_at, excluded.listed_at)
            """)
    }

    /// Bytes of posts and authors are left, and of whatever referred to them.
    func noteRemovalOfAuthors(in tenant: TenantKey, at now: Instant) throws {
        try noteRemoval(
            of: ["user_interactions", "recommendation_logs", "author_preferences", "suppressions", "post_metadata", "authors"], aliases: [], in: tenant, at: now)
    }

    /// Everything that is stored of an author or refers to it. Under `hold(authors:alone:)`.
    /// - Returns: posts removed, stubs among them.
    func removeEverything(of authorID: String, in tenant: TenantKey, at now: Instant) throws -> Int {
        let suppressions = try run("""
            DELETE FROM suppressions WHERE tenant_id = \(tenant) AND subject_kind = 'author' AND subject = \(authorID)
            """)
        let author = try first("""
            SELECT author_key FROM authors WHERE tenant_id = \(tenant) AND author_id = \(authorID)
            """) { $0.author(0) }
        guard let author else {
            if suppressions > 0 { try noteRemoval(of: ["suppressions"], aliases: [], in: tenant, at: now) }
            return 0
        }
        let candidates = try all("""
            SELECT post_key FROM post_metadata WHERE tenant_id = \(tenant) AND author_key = \(author) AND eligible = TRUE
            """) { $0.post(0) }
        try listRemoved(candidates, in: tenant, at: now)
        // At LIMITED 50 places are shared: another author may have one now.
        let crowded = try all("""
            SELECT u.alias_key FROM user_aliases u WHERE u.tenant_id = \(tenant) AND u.privacy_level = 'LIMITED' AND u.alias_key IN (
                SELECT r.alias_key FROM author_preferences r WHERE r.tenant_id = \(tenant) AND r.author_key = \(author)
                AND (SELECT count(*) FROM author_preferences a WHERE a.tenant_id = \(tenant) AND a.alias_key = r.alias_key)
                    >= \(AuthorPreferences.limit(at: .limited)))
            \(sql: dialect.forChangeNow)
            """) { $0.alias(0) }
        // Interactions, logs, daily numbers and preferences go with the rows that they refer to.
        let removed = try run("DELETE FROM post_metadata WHERE tenant_id = \(tenant) AND author_key = \(author)")
        try run("DELETE FROM authors WHERE tenant_id = \(tenant) AND author_key = \(author)")
        for alias in crowded { try AuthorPreferences(connection: self, tenant: tenant, alias: alias).rebuildLimited() }
        try noteRemovalOfAuthors(in: tenant, at: now)
        return removed
    }
}
