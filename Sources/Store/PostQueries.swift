import Database

public import Fediverse
public import Privacy

/// A stored post with its public ids: what an operator and the documented interface may read.
public struct StoredPostDetails: Sendable, Equatable {
    public var key: PostKey
    public var postID: String
    public var authorID: String
    /// False for a stub, of which only the ids are kept.
    public var eligible: Bool
    public var localID: String?
    public var content: String?
    public var language: String?
    public var createdAt: Instant?
    public var editedAt: Instant?
    public var favourites: Int
    public var reblogs: Int
    public var replies: Int
    public var tags: [String]
}

extension Storage {
    /// The tenant's candidates, newest first.
    /// - Parameters:
    ///   - language: nil for all; a post without one is in none.
    ///   - tag: lower case, without the sign; nil for all.
    public func recentPosts(
        limit: Int, offset: Int = 0, language: String? = nil, tag: String? = nil, in tenant: TenantKey
    ) async throws -> [StoredPostDetails] {
        let inLanguage: SQL = language.map { "AND p.language = \($0)" } ?? ""
        return try await pool.read { connection in
            let tagged: SQL = tag.map { "AND \(sql: connection.dialect.tags("p.tags", hold: $0))" } ?? ""
            return try connection.posts(
                where: "p.created_at IS NOT NULL \(sql: inLanguage) \(sql: tagged) ORDER BY p.created_at DESC, p.post_key DESC LIMIT \(limit) OFFSET \(offset)",
                in: tenant)
        }
    }

    /// The tenant's candidates whose kept text has every one of the words, as a part of a longer one too, newest first.
    ///
    /// Every kept text is read: a question for an operator, not for a page.
    /// - Parameter words: in any case.
    public func posts(containing words: [String], limit: Int, in tenant: TenantKey) async throws -> [StoredPostDetails] {
        var condition: SQL = "p.eligible = TRUE"
        for word in words {
            var either: SQL = "1 = 0"
            for spelling in Self.spellings(of: word) {
                either = "\(sql: either) OR lower(p.content) LIKE \("%" + Self.escaped(spelling) + "%") ESCAPE '\\'"
            }
            condition = "\(sql: condition) AND (\(sql: either))"
        }
        return try await pool.read { [condition] connection in
            try connection.posts(
                where: "p.created_at IS NOT NULL AND \(sql: condition) ORDER BY p.created_at DESC, p.post_key DESC LIMIT \(limit)",
                in: tenant)
        }
    }

    /// Those of the posts that are stored, stubs among them, in no order.
    public func posts(ids: [String], in tenant: TenantKey) async throws -> [StoredPostDetails] {
        if ids.isEmpty { return [] }
        return try await pool.read { connection in
            try inParts(ids).flatMap { try connection.posts(where: "p.post_id IN (\(sql: .list($0)))", in: tenant) }
        }
    }

    /// Those of the posts that are still stored, in no order.
    public func posts(keys: [PostKey], in tenant: TenantKey) async throws -> [StoredPostDetails] {
        if keys.isEmpty { return [] }
        return try await pool.read { connection in
            try inParts(keys).flatMap { try connection.posts(where: "p.post_key IN (\(sql: .list($0)))", in: tenant) }
        }
    }

    /// A text that LIKE takes letter by letter.
    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text {
            if character == "%" || character == "_" || character == "\\" { escaped += "\\" }
            escaped.append(character)
        }
        return escaped
    }

    /// What `lower` may make of a word: SQLite's knows the letters of ASCII alone, and leaves Über as it is.
    private static func spellings(of word: String) -> [String] {
        let (small, large) = (word.lowercased(), word.uppercased())
        let first = small.prefix(1).uppercased() + small.dropFirst()
        var spellings = [small]
        for other in [first, large] {
            var lowered = ""
            for letter in other.unicodeScalars { lowered += letter.isASCII ? String(letter).lowercased() : String(letter) }
            if !spellings.contains(lowered) { spellings.append(lowered) }
        }
        return spellings
    }
}

extension Connection {
    fileprivate func posts(where condition: SQL, in tenant: TenantKey) throws -> [StoredPostDetails] {
        try all("""
            SELECT p.post_key, p.post_id, a.author_id, p.eligible, p.local_id, p.content, p.language, p.created_at, p.edited_at,
                p.favorites, p.boosts, p.replies, p.tags
            FROM post_metadata p JOIN authors a ON a.tenant_id = p.tenant_id AND a.author_key = p.author_key
            WHERE p.tenant_id = \(tenant) AND \(sql: condition)
            """) { row in
            StoredPostDetails(
                key: row.post(0), postID: row.text(1), authorID: row.text(2), eligible: row.bool(3), localID: row.textOrNil(4),
                content: row.textOrNil(5), language: row.textOrNil(6), createdAt: row.instantOrNil(7), editedAt: row.instantOrNil(8),
                favourites: row.int(9), reblogs: row.int(10), replies: row.int(11), tags: row.textOrNil(12).map { JSONText.tags($0) } ?? [])
        }
    }
}
