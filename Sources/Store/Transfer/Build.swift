import Database
import Postgres

/// An index or a key that is built when the rows are there: cheaper by far than row by row, and several at once.
struct Build: Sendable {
    /// In this order; what stands in one stage may be done side by side.
    enum Stage: Int64 {
        case index = 1
        /// A primary key or a unique constraint out of an index that is there.
        case constraint
        /// A foreign key that is not yet checked (or, of a partitioned table, is).
        case key
        case check
    }

    let stage: Stage
    let table: String
    let statement: String

    /// Takes every index, unique constraint and foreign key of the schema's tables away.
    /// - Returns: what makes them again as they were, in order.
    static func takeApart(in schema: String, on session: PostgresConnection) throws -> [Build] {
        var builds: [Build] = []
        var drops: [String] = []
        let constraints = try session.all("""
            SELECT k.conname, t.relname, k.contype::text, pg_get_constraintdef(k.oid), t.relkind::text, coalesce(pg_get_indexdef(k.conindid), '')
            FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace
            WHERE n.nspname = \(schema) AND k.contype IN ('p', 'u', 'f') AND k.conparentid = 0 AND NOT t.relispartition
            AND NOT starts_with(t.relname, 'transfer_') AND t.relname <> 'schema_migrations' ORDER BY t.relname, k.contype DESC, k.conname
            """) { (name: $0.text(0), table: $0.text(1), kind: $0.text(2), definition: $0.text(3), isPartitioned: $0.text(4) == "p", index: $0.text(5)) }
        for constraint in constraints {
            let (table, name) = (Staging.quoted(constraint.table), Staging.quoted(constraint.name))
            let whole = "ALTER TABLE \(table) ADD CONSTRAINT \(name) \(constraint.definition)"
            if constraint.kind == "f" {
                drops.insert("ALTER TABLE \(table) DROP CONSTRAINT \(name)", at: 0)
                // A partitioned table's key cannot be left unchecked; nor need it be where nothing is there to check it against yet.
                builds.append(Build(stage: .key, table: constraint.table, statement: constraint.isPartitioned ? whole : whole + " NOT VALID"))
                if !constraint.isPartitioned {
                    builds.append(Build(stage: .check, table: constraint.table, statement: "ALTER TABLE \(table) VALIDATE CONSTRAINT \(name)"))
                }
            } else {
                drops.append("ALTER TABLE \(table) DROP CONSTRAINT \(name)")
                if constraint.isPartitioned {
                    builds.append(Build(stage: .constraint, table: constraint.table, statement: whole))
                } else {
                    let word = constraint.kind == "p" ? "PRIMARY KEY" : "UNIQUE"
                    builds.append(Build(stage: .index, table: constraint.table, statement: constraint.index))
                    builds.append(Build(
                        stage: .constraint, table: constraint.table,
                        statement: "ALTER TABLE \(table) ADD CONSTRAINT \(name) \(word) USING INDEX \(name)"))
                }
            }
        }
        let indexes = try session.all("""
            SELECT c.relname, t.relname, pg_get_indexdef(i.indexrelid), t.relkind::text FROM pg_index i
            JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace
            WHERE n.nspname = \(schema) AND NOT t.relispartition AND NOT starts_with(t.relname, 'transfer_') AND t.relname <> 'schema_migrations'
            AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')) ORDER BY t.relname, c.relname
            """) { (name: $0.text(0), table: $0.text(1), definition: $0.text(2), isPartitioned: $0.text(3) == "p") }
        for index in indexes {
            drops.append("DROP INDEX \(schema).\(Staging.quoted(index.name))")
            // Of a partitioned table the definition leaves the parts out, where it was said for all of them.
            let definition = index.isPartitioned ? index.definition.replacing(" ON ONLY ", with: " ON ", maxReplacements: 1) : index.definition
            builds.append(Build(stage: .index, table: index.table, statement: definition))
        }
        try session.script(drops.joined(separator: ";\n"))
        return builds.sorted { $0.stage.rawValue < $1.stage.rawValue }
    }

    /// Whether a B-tree's definition names the column of the table.
    static func indexes(_ column: String, of table: String, in definition: String) -> Bool {
        guard let start = definition.firstRange(of: ".\(table) USING btree (") else { return false }
        let list = definition[start.upperBound...].prefix { $0 != ")" }
        return list.split(separator: ",").contains { $0.drop { $0 == " " }.prefix { $0 != " " } == column }
    }

    /// The table that a foreign key refers to, from its definition.
    static func parent(in statement: String) -> String? {
        statement.firstRange(of: " REFERENCES ").map { String(statement[$0.upperBound...].prefix { $0 != "(" && $0 != " " }) }
    }
}
