import TestSupport
import Testing

struct StatementTests {
    /// Each statement of this module names its tenant, or stands here with the reason.
    @Test func `every statement names its tenant`() throws {
        let allowed = [
            "sqlite_master", "pragma_table_info", "pg_catalog", "pragma_page_count", "pg_database_size", "sqlite_version", "current_setting", "relispartition", "tableoid", "has_database_privilege", "raw: rest)",  // about the engine
            "pg_control_system", "pg_current_xact_id", "pg_notify", "pg_current_snapshot", "to_regclass(\\(table))", "satisfies_hash_partition", "clock_timestamp", "pg_try_advisory_xact_lock", "pg_advisory_xact_lock", "FROM unnest(string_to_array(", "SELECT * FROM unnest(",  // asks or tells the server, no table
            "schema_migrations",  // of the whole database
            "FROM \\(raw: name)",  // the operator's count of all rows
            "DELETE FROM tenants", "INSERT INTO tenants", "WHERE domain =", "SELECT domain, tenant_id",  // the tenants themselves
            "SELECT \\(rest)", "FROM dbstat", "pragma_module_list",  // the proof's look at every row and page, whoever made them
            "FROM (\\(sql: $1)) AS due",  // the tenant stands in what is woven in
        ]
        let folder = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/Sources/Store"
        var statements = 0
        for file in names(in: folder) where file.hasSuffix(".swift") {
            let text = String(decoding: bytes(of: folder + "/" + file), as: UTF8.self)
            for statement in literals(of: text) {
                let start = statement.drop { $0 == " " || $0 == "\n" }
                guard ["SELECT ", "INSERT INTO", "UPDATE ", "DELETE FROM"].contains(where: start.hasPrefix) else { continue }
                statements += 1
                #expect(statement.contains("tenant_id") || allowed.contains { statement.contains($0) }, "\(file): \(statement)")
            }
        }
        #expect(statements > 80, "\(statements)")
    }

    private func literals(of text: String) -> [String] {
        var found: [String] = []
        for (index, part) in text.components(by: "\"\"\"").enumerated() {
            if index % 2 == 1 {
                found.append(part)
            } else {
                for (index, short) in part.components(by: "\"").enumerated() where index % 2 == 1 { found.append(short) }
            }
        }
        return found
    }
}
