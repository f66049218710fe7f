import Database
import Privacy

/// What was shown to people by us.
struct RecommendationLog: RecommendationLogRepository {
    let pool: any ConnectionPool

    func record(_ recommendations: [Permitted<Recommendation>]) async throws -> Bool {
        if recommendations.isEmpty { return true }
        return try await pool.write(.process) { connection in
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
            return true
        }
    }

    private struct KeyedViewer: Hashable {
        var viewer: Viewer
        var key: AliasKey
    }
}
