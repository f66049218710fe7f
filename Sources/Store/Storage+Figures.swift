import Database
public import Privacy

extension Storage {
    /// How many aliases are at each level, for the operator's sums.
    public func peopleByLevel(in tenant: TenantKey) async throws -> [PrivacyLevel: Int] {
        try await pool.read { connection in
            let rows = try connection.all("""
                SELECT privacy_level, count(*) FROM user_aliases WHERE tenant_id = \(tenant) GROUP BY privacy_level
                """) { (PrivacyLevel(rawValue: $0.text(0)), $0.int(1)) }
            return rows.reduce(into: [:]) { if let level = $1.0 { $0[level] = $1.1 } }
        }
    }
}
