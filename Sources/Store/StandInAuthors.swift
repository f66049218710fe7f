import Database

public import Privacy

extension Storage {
    /// Gives posts whose author was not known when somebody acted on them their real author, and moves people's
    /// preferences there, in one transaction. Posts that have another author than the stand-in are left as they are.
    ///
    /// - Parameter posts: each post's id, the author that stood in, and the real one (64 hex digits each).
    public func nameAuthors(
        of posts: [(postID: String, standIn: String, authorID: String)], in tenant: TenantKey
    ) async throws {
        if posts.isEmpty { return }
        try await pool.write(.process) { connection in
            for post in posts { try connection.nameAuthor(post.authorID, of: post.postID, insteadOf: post.standIn, in: tenant) }
        }
    }
}

extension Connection {
    fileprivate func nameAuthor(_ authorID: String, of postID: String, insteadOf standIn: String, in tenant: TenantKey) throws {
        let found = try first("""
            SELECT p.post_key, p.author_key FROM post_metadata p
            JOIN authors a ON a.tenant_id = p.tenant_id AND a.author_key = p.author_key
            WHERE p.tenant_id = \(tenant) AND p.post_id = \(postID) AND a.author_id = \(standIn)
            """) { ($0.post(0), $0.author(1)) }
        guard let (post, old) = found else { return }
        if try hasOptedOut(authorID, in: tenant) {
            // Interactions, logs and preferences go with the rows that they refer to; a stand-in has this one post.
            try run("DELETE FROM post_metadata WHERE tenant_id = \(tenant) AND post_key = \(post)")
            try run("DELETE FROM authors WHERE tenant_id = \(tenant) AND author_key = \(old)")
            return
        }
        let author = try findOrCreate(author: authorID, in: tenant)
        try run("UPDATE post_metadata SET author_key = \(author) WHERE tenant_id = \(tenant) AND post_key = \(post)")
        let people = try all("""
            SELECT DISTINCT u.alias_key, u.privacy_level FROM user_interactions i
            JOIN user_aliases u ON u.tenant_id = i.tenant_id AND u.alias_key = i.alias_key
            WHERE i.tenant_id = \(tenant) AND i.post_key = \(post)
            """) { ($0.alias(0), PrivacyLevel(rawValue: $0.text(1)) ?? .none) }
        for (alias, level) in people {
            let preferences = AuthorPreferences(connection: self, tenant: tenant, alias: alias)
            try preferences.recompute(old, at: level)
            try preferences.recompute(author, at: level)
        }
        try dropUnreferenced(authors: [old], in: tenant)
    }
}
