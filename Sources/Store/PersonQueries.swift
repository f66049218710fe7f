import Database

public import Fediverse
public import Privacy

/// One kept act with its public ids.
public struct StoredInteraction: Sendable, Equatable {
    /// The number that the documented view gives it.
    public var id: Int64
    public var postID: String
    public var authorID: String
    public var kind: InteractionKind
    public var at: Instant
    /// nil where none was given, or the level keeps none.
    public var weight: Double?
    /// A JSON object with the members that are kept; nil for none.
    public var context: String?
}

/// How much a reader likes an author, as it stands at the moment of asking.
public struct StoredAuthorScore: Sendable, Equatable {
    public var authorID: String
    /// 0 to 1.
    public var score: Double
    public var interactions: Int
    public var lastAt: Instant
}

/// One recommendation that was shown.
public struct ShownRecommendation: Sendable, Equatable {
    public var postID: String
    public var at: Instant
    public var reason: String
    public var modelVersion: String?
}

extension Storage {
    /// The viewer's kept acts, newest first; empty for one without a row.
    public func interactions(of viewer: Viewer, limit: Int) async throws -> [StoredInteraction] {
        guard let key = viewer.key else { return [] }
        return try await pool.read { connection in
            try connection.all("""
                SELECT (i.alias_key << 35) | (i.post_key << 3) | i.kind, p.post_id, a.author_id, i.kind, i.occurred_at, i.score_weight, i.context
                FROM user_interactions i
                JOIN post_metadata p ON p.tenant_id = i.tenant_id AND p.post_key = i.post_key
                JOIN authors a ON a.tenant_id = p.tenant_id AND a.author_key = p.author_key
                WHERE i.tenant_id = \(viewer.tenant) AND i.alias_key = \(key)
                ORDER BY i.occurred_at DESC, i.post_key DESC, i.kind LIMIT \(limit)
                """) { row in
                StoredInteraction(
                    id: row.integer(0), postID: row.text(1), authorID: row.text(2), kind: InteractionKind(code: row.integer(3)),
                    at: row.instant(4), weight: row.realOrNil(5), context: row.textOrNil(6))
            }
        }
    }

    /// What the viewer's acts say about authors, strongest first. FULL scores are faded to `now`; LIMITED ones are steps and stand.
    public func authorScores(of viewer: Viewer, at now: Instant) async throws -> [StoredAuthorScore] {
        guard let key = viewer.key else { return [] }
        let scores = try await pool.read { connection in
            try connection.all("""
                SELECT a.author_id, r.preference_score, r.interaction_count, r.last_interaction_at FROM author_preferences r
                JOIN authors a ON a.tenant_id = r.tenant_id AND a.author_key = r.author_key
                WHERE r.tenant_id = \(viewer.tenant) AND r.alias_key = \(key)
                """) { row in
                let (stored, last) = (row.real(1), row.instant(3))
                return StoredAuthorScore(
                    authorID: row.text(0), score: viewer.level == .full ? AuthorPreferences.score(stored, at: last, now: now) : stored,
                    interactions: row.int(2), lastAt: last)
            }
        }
        return scores.sorted { ($1.score, $0.authorID) < ($0.score, $1.authorID) }
    }

    /// What was shown to the viewer, newest first.
    /// - Parameter postID: of the one post that is asked about; nil for all.
    public func shown(to viewer: Viewer, postID: String? = nil, limit: Int) async throws -> [ShownRecommendation] {
        guard let key = viewer.key else { return [] }
        let onePost: SQL = postID.map { "AND p.post_id = \($0)" } ?? ""
        return try await pool.read { connection in
            try connection.all("""
                SELECT p.post_id, l.recommended_at, l.reason, l.model_version FROM recommendation_logs l
                JOIN post_metadata p ON p.tenant_id = l.tenant_id AND p.post_key = l.post_key
                WHERE l.tenant_id = \(viewer.tenant) AND l.alias_key = \(key) \(sql: onePost)
                ORDER BY l.recommended_at DESC, l.log_key DESC LIMIT \(limit)
                """) { ShownRecommendation(postID: $0.text(0), at: $0.instant(1), reason: $0.text(2), modelVersion: $0.textOrNil(3)) }
        }
    }
}
