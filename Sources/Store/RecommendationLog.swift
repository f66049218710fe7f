import Database
import Privacy

/// What was shown to people by us.
struct RecommendationLog: RecommendationLogRepository {
    let pool: any ConnectionPool

    func record(_ recommendations: [Permitted<Recommendation>], while isWanted: @escaping @Sendable () -> Bool) async throws -> Bool {
        if recommendations.isEmpty { return true }
        do {
            return try await write(recommendations, isWanted)
        } catch NotWritten.refused {
            return false
        } catch DatabaseError.constraint(kind: .unique) {
            // Another page of the same person took one of the ids at the same moment, for another status.
            return false
        }
    }

    /// Thrown to roll back what was written already.
    private enum NotWritten: Error { case refused }

    private func write(_ recommendations: [Permitted<Recommendation>], _ isWanted: @escaping @Sendable () -> Bool) async throws -> Bool {
        try await pool.write(.process) { connection in
            for viewer in Set(recommendations.map { KeyedViewer(viewer: $0.viewer, key: $0.key) }) {
                guard try connection.stillPermits(viewer.viewer, viewer.key) else { return false }
            }
            // A post that is gone by now breaks its foreign key: then none is written, and nothing is shown.
            try connection.bulk("""
                INSERT INTO recommendation_logs (tenant_id, alias_key, post_key, recommended_at, reason, model_version,
                    shown_as, above_id, below_id, position)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                """, recommendations.map { permitted in
                    let record = permitted.record
                    return [
                        permitted.viewer.tenant.sqlValue, permitted.key.sqlValue, record.post.sqlValue, record.at.sqlValue,
                        record.reason.sqlValue, record.modelVersion.sqlValue, record.shownAs.sqlValue, record.above.sqlValue,
                        record.below.sqlValue, record.position.sqlValue,
                    ]
                })
            guard isWanted() else { throw NotWritten.refused }
            return true
        }
    }

    private struct KeyedViewer: Hashable {
        var viewer: Viewer
        var key: AliasKey
    }
}
