import Database
import Fediverse
import Privacy

extension Connection {
    /// Gives a post its real author in place of the one that stood in while only the post's id was known, and moves what
    /// people's acts and wishes say about the stand-in.
    ///
    /// - Parameter version: the snapshot version under which a candidate's new author is told.
    func giveAuthor(_ authorID: String, to post: PostKey, insteadOf old: AuthorKey, version: Int64, in tenant: TenantKey) throws {
        let author = try findOrCreate(author: authorID, in: tenant)
        try run("""
            UPDATE post_metadata SET author_key = \(author), changed_version = \(version) WHERE tenant_id = \(tenant) AND post_key = \(post)
            """)
        let isLast = try !hasPosts(of: old, in: tenant)
        let people = try all("""
            SELECT u.alias_key, u.privacy_level FROM user_aliases u WHERE u.tenant_id = \(tenant) AND u.alias_key IN (
                SELECT i.alias_key FROM user_interactions i WHERE i.tenant_id = \(tenant) AND i.post_key = \(post)
                UNION SELECT r.alias_key FROM author_preferences r WHERE r.tenant_id = \(tenant) AND r.author_key = \(old))
            \(sql: dialect.forChangeNow)
            """) { ($0.alias(0), PrivacyLevel(rawValue: $0.text(1)) ?? .none) }
        for (alias, level) in people {
            let preferences = AuthorPreferences(connection: self, tenant: tenant, alias: alias)
            if isLast, level == .full { try preferences.moveCarried(from: old, to: author) }
            try preferences.recompute(old, at: level)
            try preferences.recompute(author, at: level)
        }
        guard isLast else { return }
        try moveSuppressions(from: old, to: authorID, in: tenant)
        try dropUnreferenced(authors: [old], in: tenant)
    }

    /// Removes posts of which a status has now told that their author opted out, whoever stood in for the author.
    /// - Returns: posts removed.
    @discardableResult
    func forget(_ postIDs: [String], in tenant: TenantKey, at now: Instant) throws -> Int {
        var removed = 0
        for part in inParts(postIDs) {
            let posts = try all("""
                SELECT post_key, author_key, eligible FROM post_metadata WHERE tenant_id = \(tenant) AND post_id IN (\(sql: .list(part)))
                """) { (key: $0.post(0), author: $0.author(1), eligible: $0.bool(2)) }
            try listRemoved(posts.filter(\.eligible).map(\.key), in: tenant, at: now)
            // Interactions and logs go with the rows that they refer to, and what people's preferences for a stand-in had from them.
            for post in posts {
                let people = try all("""
                    SELECT u.alias_key, u.privacy_level FROM user_aliases u WHERE u.tenant_id = \(tenant) AND u.alias_key IN (
                        SELECT i.alias_key FROM user_interactions i WHERE i.tenant_id = \(tenant) AND i.post_key = \(post.key))
                    \(sql: dialect.forChangeNow)
                    """) { ($0.alias(0), PrivacyLevel(rawValue: $0.text(1)) ?? .none) }
                removed += try run("DELETE FROM post_metadata WHERE tenant_id = \(tenant) AND post_key = \(post.key)")
                if try !hasPosts(of: post.author, in: tenant) {
                    try run("DELETE FROM authors WHERE tenant_id = \(tenant) AND author_key = \(post.author)")
                }
                for (alias, level) in people {
                    try AuthorPreferences(connection: self, tenant: tenant, alias: alias).recompute(post.author, at: level)
                }
            }
        }
        if removed > 0 { try noteRemovalOfAuthors(in: tenant, at: now) }
        return removed
    }

    private func hasPosts(of author: AuthorKey, in tenant: TenantKey) throws -> Bool {
        try first("SELECT 1 FROM post_metadata WHERE tenant_id = \(tenant) AND author_key = \(author) LIMIT 1") { _ in true } ?? false
    }

    private func moveSuppressions(from old: AuthorKey, to authorID: String, in tenant: TenantKey) throws {
        let standIn = try first("SELECT author_id FROM authors WHERE tenant_id = \(tenant) AND author_key = \(old)") { $0.text(0) }
        guard let standIn else { return }
        try run("""
            INSERT INTO suppressions (tenant_id, alias_key, subject_kind, subject, set_at, until)
            SELECT s.tenant_id, s.alias_key, s.subject_kind, \(authorID), s.set_at, s.until FROM suppressions s
            WHERE s.tenant_id = \(tenant) AND s.subject_kind = 'author' AND s.subject = \(standIn)
            ON CONFLICT (tenant_id, alias_key, subject_kind, subject) DO NOTHING
            """)
        try run("DELETE FROM suppressions WHERE tenant_id = \(tenant) AND subject_kind = 'author' AND subject = \(standIn)")
    }
}
