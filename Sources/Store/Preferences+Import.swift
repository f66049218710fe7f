import Database
import Fediverse
import Privacy

extension Preferences {
    func take(_ brought: Permitted<BroughtPreferences>) async throws -> [String: Int]? {
        let (viewer, key, record) = (brought.viewer, brought.key, brought.record)
        return try await pool.write(.power) { connection in
            guard try connection.stillPermits(viewer, key) else { return nil }
            let named = record.authorIDs
            try connection.hold(authors: named, in: viewer.tenant)
            // Authors who opted out are never shown, and leave no row.
            let left = try connection.optedOut(among: named, in: viewer.tenant)
            try connection.bulk("""
                INSERT INTO preferences (tenant_id, alias_key, name, value) VALUES ($1, $2, $3, $4)
                ON CONFLICT (tenant_id, alias_key, name) DO UPDATE SET value = excluded.value
                """, record.settings.map { [viewer.tenant.sqlValue, key.sqlValue, $0.name.sqlValue, $0.value.sqlValue] })
            let suppressions = record.suppressions.filter { if case .author(let id) = $0.subject { !left.contains(id) } else { true } }
            try connection.bulk("""
                INSERT INTO suppressions (tenant_id, alias_key, subject_kind, subject, set_at, until) VALUES ($1, $2, $3, $4, $5, $6)
                ON CONFLICT (tenant_id, alias_key, subject_kind, subject) DO UPDATE SET set_at = excluded.set_at, until = excluded.until
                """, suppressions.map { one in
                    let (kind, subject) = one.subject.words
                    return [viewer.tenant.sqlValue, key.sqlValue, kind.sqlValue, subject.sqlValue, one.setAt.sqlValue, one.until.sqlValue]
                })
            let preferences = AuthorPreferences(connection: connection, tenant: viewer.tenant, alias: key)
            var authors = 0
            for one in record.authors where !left.contains(one.authorID) {
                let author = try connection.findOrCreate(author: one.authorID, in: viewer.tenant)
                if try preferences.take(author, score: one.score, count: one.count, at: one.lastAt) { authors += 1 }
            }
            if authors > 0 { try preferences.enforceFullLimit() }
            return ["preferences": record.settings.count, "suppressions": suppressions.count, "author_preferences": authors]
        }
    }
}
