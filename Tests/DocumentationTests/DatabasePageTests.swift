import Database
import Migrations
import SQLite
import Testing

struct DatabasePageTests {
    /// Every table and view of a migrated database with its columns in their order.
    private static func schema(_ kind: String) async throws -> [String: [String]] {
        let pool = try SQLitePool(path: ":memory:", role: .command)
        let found = try await pool.maintain { connection in
            let steps = Migration.all.map { Migrator.Step(number: $0.number, name: $0.name, text: $0.sqlite) }
            try Migrator(steps).apply(on: connection, at: 0)
            return try connection.all("""
                SELECT m.name, c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c
                WHERE m.type = \(kind) AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, c.cid
                """) { ($0.text(0), $0.text(1)) }
        }
        await pool.shutdown()
        return Dictionary(grouping: found, by: \.0).mapValues { $0.map(\.1) }
    }

    private static func migrations() -> String { Migration.all.map(\.sqlite).joined(separator: "\n") }

    @Test func `the page has every table with its columns and class, and no other`() async throws {
        let schema = try await Self.schema("table")
        #expect(schema.count > 10)
        let classes = Self.classes()
        let sections = Markdown(try Repository.text("docs/database.md")).sections.filter { $0.level == 3 }
        #expect(sections.map(\.title).sorted() == schema.keys.sorted())
        for section in sections {
            let columns = section.rows.map { $0[0].unquoted ?? $0[0] }
            #expect(columns == schema[section.title], "\(section.title)")
            let named = section.lines.first { $0.hasPrefix("Class: ") }?.dropFirst("Class: ".count).prefix { $0 != "." }
            #expect(named.map(String.init) == classes[section.title], "\(section.title)")
        }
    }

    @Test func `every table has its class in the line before it`() async throws {
        let classes = Self.classes()
        for table in try await Self.schema("table").keys {
            #expect(["personal", "about authors", "shared", "configuration"].contains(classes[table]), "\(table)")
        }
    }

    @Test func `the page maps every column of the documented records`() async throws {
        let views = try await Self.schema("view")
        let rows = try #require(Markdown(try Repository.text("docs/database.md")).section("The five documented records as views")).rows
        #expect(rows.compactMap { $0[0].unquoted }.sorted() == views.keys.sorted())
        for row in rows {
            let told = row[1...].joined(separator: " ")
            for column in views[row[0].unquoted ?? ""] ?? [] where column != "tenant_id" && column != "namespace" {
                #expect(told.contains("`\(column)`"), "\(row[0]): \(column)")
            }
        }
    }

    @Test func `the indexes that stand for the documented ones are there`() throws {
        let rows = try #require(Markdown(try Repository.text("docs/database.md")).section("The documented indexes")).rows
        let names = rows.flatMap { $0[1].matches(of: #/\b\w+(?:_idx|_pkey|_id_key)\b/#).map { String($0.0) } }
        #expect(names.count >= 15)
        let migrations = Self.migrations()
        for name in names {
            #expect(migrations.contains("INDEX \(name) ON") || migrations.contains("CONSTRAINT \(name) "), "\(name)")
        }
    }

    /// A table's class; that of the migrator's own table stands in the migrator.
    private static func classes() -> [String: String] {
        var classes = ["schema_migrations": "configuration"]
        var before: Substring?
        for line in migrations().split(separator: "\n") {
            if line.hasPrefix("-- class: ") { before = line.dropFirst("-- class: ".count) }
            if line.hasPrefix("CREATE TABLE ") {
                classes[String(line.split(separator: " ")[2])] = before.map(String.init)
                before = nil
            }
        }
        return classes
    }
}
