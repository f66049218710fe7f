import Database
import Migrations
@testable import SQLite
import Testing

@Suite struct MigratorTests {
    let connection: SQLiteConnection
    let first = Migrator.Step(number: 1, name: "one", text: "CREATE TABLE one (n INTEGER) STRICT;")
    let second = Migrator.Step(number: 2, name: "two", text: "CREATE TABLE two (n INTEGER) STRICT; INSERT INTO one VALUES (2);")

    init() throws { connection = try SQLiteConnection(path: ":memory:", access: .writer) }

    private func tables() throws -> [String] {
        try connection.all("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name") { $0.text(0) }
    }

    @Test func `what is missing is applied in order, once`() throws {
        #expect(try Migrator([first]).apply(on: connection, at: 5) == [first])
        let migrator = Migrator([second, first])
        #expect(try migrator.pending(on: connection) == [second])
        #expect(try migrator.apply(on: connection, at: 6) == [second])
        #expect(try migrator.apply(on: connection, at: 7) == [])
        #expect(try connection.all("SELECT number, name, checksum, applied_at FROM schema_migrations ORDER BY number") { $0.text(2) + " \($0.integer(3))" }
            == [first.checksum + " 5", second.checksum + " 6"])
        #expect(try connection.integer("SELECT count(*) FROM one") == 1)
    }

    @Test func `asking what is missing changes nothing`() throws {
        #expect(try Migrator([first, second]).pending(on: connection) == [first, second])
        #expect(try tables() == [])
    }

    @Test(.timeLimit(.minutes(1))) func `a file that somebody else holds is left as it is, and waited for no longer than any write waits`() throws {
        let folder = TemporaryFolder()
        let ours = try SQLiteConnection(path: folder.database, access: .writer, busyTimeout: .milliseconds(20))
        try Migrator([first]).apply(on: ours, at: 5)
        let other = try SQLiteConnection(path: folder.database, access: .writer)
        try other.script("BEGIN IMMEDIATE")
        #expect(throws: DatabaseError.busy) { try Migrator([first, second]).apply(on: ours, at: 6) }
        try other.script("ROLLBACK")
        #expect(try Migrator([first, second]).apply(on: ours, at: 7) == [second])
    }

    @Test func `a step that fails is undone whole, and can be tried again`() throws {
        let broken = Migrator.Step(number: 2, name: "two", text: second.text + "INSERT INTO nowhere VALUES (1);")
        #expect(throws: DatabaseError.self) { try Migrator([first, broken]).apply(on: connection, at: 5) }
        #expect(try tables() == ["one", "schema_migrations"])
        #expect(try connection.integer("SELECT count(*) FROM one") == 0)
        #expect(try Migrator([first, second]).apply(on: connection, at: 6) == [second])
    }

    @Test func `a step whose text changed after it was applied is refused`() throws {
        try Migrator([first, second]).apply(on: connection, at: 5)
        let edited = Migrator.Step(number: 1, name: "one", text: first.text + " ")
        #expect(throws: DatabaseError.changedMigration(number: 1)) { try Migrator([edited, second]).pending(on: connection) }
        #expect(throws: DatabaseError.changedMigration(number: 1)) { try Migrator([second]).apply(on: connection, at: 6) }
    }

    @Test func `a database made by a newer program is refused`() throws {
        try Migrator([first, second]).apply(on: connection, at: 5)
        #expect(throws: DatabaseError.newerSchema(found: 2, known: 1)) { try Migrator([first]).apply(on: connection, at: 6) }
    }

    @Test func `two connections that migrate at once apply each step once`() async throws {
        let folder = TemporaryFolder()
        let steps = [first, second]
        let pools = try (1...2).map { _ in try SQLitePool(path: folder.database, role: .command) }
        async let one = pools[0].maintain { try Migrator(steps).apply(on: $0, at: 1).count }
        async let two = pools[1].maintain { try Migrator(steps).apply(on: $0, at: 2).count }
        #expect(try await one + two == 2)
        #expect(try await pools[0].read { try $0.integer("SELECT count(*) FROM one") } == 1)
        for pool in pools { await pool.shutdown() }
    }

    @Test(arguments: [("", "cbf29ce484222325"), ("a", "af63dc4c8601ec8c"), ("foobar", "85944171f73967e8")])
    func `the checksum is FNV-1a`(text: String, checksum: String) {
        #expect(Migrator.Step(number: 1, name: "", text: text).checksum == checksum)
    }

    private var released: Migrator { Migrator(Migration.all.map { .init(number: $0.number, name: $0.name, text: $0.sqlite) }) }

    @Test func `the released migrations apply, and the documented records can be read`() throws {
        try released.apply(on: connection, at: 5)
        try connection.checkIntegrity()
        for view in ["UserAlias", "PostMetadata", "UserInteraction", "AuthorPreference", "RecommendationLog"] {
            #expect(try connection.integer(SQL(raw: "SELECT count(*) FROM \(view)")) == 0)
        }
    }

    @Test func `every table says its class on the line before it`() throws {
        try released.apply(on: connection, at: 5)
        let classes: Set<Substring> = ["personal", "about authors", "shared", "configuration"]
        var classed: Set<String> = ["schema_migrations"]
        for migration in Migration.all {
            var said: Substring?
            for line in migration.sqlite.split(separator: "\n") {
                if line.hasPrefix("-- class: ") { said = line.dropFirst("-- class: ".count) }
                guard line.hasPrefix("CREATE TABLE ") else { continue }
                let name = line.dropFirst("CREATE TABLE ".count).prefix { $0 != " " }
                #expect(said.map(classes.contains) == true, "\(name)")
                classed.insert(String(name))
                said = nil
            }
        }
        #expect(try Set(tables()) == classed)
    }

    @Test func `every personal table goes with its alias`() throws {
        try released.apply(on: connection, at: 5)
        let keyed = try tables().filter { table in
            try connection.all(SQL(raw: "SELECT name FROM pragma_table_info('\(table)')")) { $0.text(0) }.contains("alias_key")
        }
        #expect(keyed.contains("user_interactions"))
        for table in keyed where table != "user_aliases" {
            let cascades = try connection.all(SQL(raw: "SELECT \"table\" FROM pragma_foreign_key_list('\(table)') WHERE on_delete = 'CASCADE'")) { $0.text(0) }
            #expect(cascades.contains("user_aliases"), "\(table)")
        }
    }
}
