import Database
import Fediverse
import Privacy

/// People's own settings, and what they want less of.
struct Preferences: PreferenceRepository {
    let pool: any ConnectionPool

    func settings(of viewer: Viewer) async throws -> [String: String] {
        guard let key = viewer.key else { return [:] }
        return try await pool.read { try $0.settings(of: key, in: viewer.tenant) }
    }

    @discardableResult
    func set(_ setting: Permitted<Setting>) async throws -> Bool {
        let (viewer, key, record) = (setting.viewer, setting.key, setting.record)
        return try await pool.write(.power) { connection in
            guard try connection.stillPermits(viewer, key) else { return false }
            guard let value = record.value else {
                try connection.run("""
                    DELETE FROM preferences WHERE tenant_id = \(viewer.tenant) AND alias_key = \(key) AND name = \(record.name)
                    """)
                return true
            }
            try connection.run("""
                INSERT INTO preferences (tenant_id, alias_key, name, value) VALUES (\(viewer.tenant), \(key), \(record.name), \(value))
                ON CONFLICT (tenant_id, alias_key, name) DO UPDATE SET value = excluded.value
                """)
            return true
        }
    }

    func suppress(_ suppression: Permitted<Suppression>) async throws -> Bool {
        let (viewer, key, record) = (suppression.viewer, suppression.key, suppression.record)
        let (kind, subject) = record.subject.words
        return try await pool.write(.power) { connection in
            guard try connection.stillPermits(viewer, key) else { return false }
            // An author who opted out is never shown, and leaves no row.
            if case .author(let id) = record.subject {
                try connection.hold(authors: [id], in: viewer.tenant)
                if try connection.hasOptedOut(id, in: viewer.tenant) { return true }
            }
            try connection.run("""
                INSERT INTO suppressions (tenant_id, alias_key, subject_kind, subject, set_at, until)
                VALUES (\(viewer.tenant), \(key), \(kind), \(subject), \(record.setAt), \(record.until))
                ON CONFLICT (tenant_id, alias_key, subject_kind, subject) DO UPDATE SET set_at = excluded.set_at, until = excluded.until
                """)
            return true
        }
    }

    func release(_ subject: Suppression.Subject, by viewer: Viewer) async throws {
        let (kind, subject) = subject.words
        try await pool.write(.power) { connection in
            guard let alias = try connection.aliasRow(viewer.alias, in: viewer.tenant) else { return }
            try connection.run("""
                DELETE FROM suppressions WHERE tenant_id = \(viewer.tenant) AND alias_key = \(alias.key)
                AND subject_kind = \(kind) AND subject = \(subject)
                """)
        }
    }
}

extension Connection {
    func settings(of key: AliasKey, in tenant: TenantKey) throws -> [String: String] {
        var settings: [String: String] = [:]
        try rows("SELECT name, value FROM preferences WHERE tenant_id = \(tenant) AND alias_key = \(key)") { row in
            settings[row.text(0)] = row.text(1)
        }
        return settings
    }
}
