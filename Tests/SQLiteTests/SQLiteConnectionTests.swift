import CSQLite
import Database
@testable import SQLite
import Testing

@Suite struct SQLiteConnectionTests {
    let connection: SQLiteConnection

    init() throws {
        connection = try SQLiteConnection(path: ":memory:", access: .writer)
        try connection.script("CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT UNIQUE, size REAL, data BLOB) STRICT")
    }

    @Test(arguments: [
        SQLValue.null, .integer(.min), .integer(.max), .integer(0), .real(0.1), .real(-.infinity), .text(""), .text("a\0b"), .text("🐕‍🦺 Ünïcode"),
        .text(String(repeating: "x", count: 100_000)), .blob([]), .blob([0, 255, 0]),
    ])
    func `a value comes back as it went in`(value: SQLValue) throws {
        let back = try connection.first("SELECT \(value)") { $0.value(0) }
        #expect(back == value)
    }

    @Test func `a number that is none is stored as NULL`() throws {
        #expect(try connection.first("SELECT \(Double.nan)") { $0.isNull(0) } == true)
    }

    @Test func `bytes that are no UTF-8 are read as a repaired text and as their own bytes`() throws {
        try connection.rows("SELECT CAST(\([0x61, 0xFF, 0x62] as [UInt8]) AS TEXT)") { row in
            #expect(row.text(0) == "a\u{FFFD}b")
            #expect(row.withBytes(0) { Array($0) } == [0x61, 0xFF, 0x62])
        }
    }

    @Test func `a NULL read as a plain type is zero or empty`() throws {
        try connection.rows("SELECT NULL") { row in
            #expect(row.isNull(0) && row.integer(0) == 0 && row.real(0) == 0 && row.text(0) == "" && row.blob(0) == [])
            #expect(row.integerOrNil(0) == nil && row.textOrNil(0) == nil && row.columnCount == 1)
        }
    }

    @Test func `placeholders mean their number, not their place`() throws {
        let row = try connection.first(SQL(raw: "SELECT $2, $1, $2", values: [.integer(1), .integer(2)])) { row in
            [row.integer(0), row.integer(1), row.integer(2)]
        }
        #expect(row == [2, 1, 2])
    }

    @Test(arguments: [
        (SQL(raw: "SELECT $1"), SQLITE_RANGE), (SQL(raw: "SELECT 1", values: [.null]), SQLITE_RANGE), (SQL(raw: "SELECT ?", values: [.null]), SQLITE_RANGE),
        (SQL(raw: "SELECT $name", values: [.null]), SQLITE_RANGE), (SQL(raw: "SELECT $1, $3", values: [.null, .null]), SQLITE_RANGE),
        (SQL(raw: "SELECT 1; SELECT 2"), SQLITE_MISUSE), (SQL(raw: ""), SQLITE_MISUSE), (SQL(raw: "SELECT nothing"), SQLITE_ERROR),
    ])
    func `a statement that does not fit its values is refused`(statement: SQL, code: Int32) {
        #expect(throws: DatabaseError.failed(code: Int(code), statement: statement.text)) { try connection.run(statement) }
    }

    @Test func `a misspelt column in double quotes is an error and not a text`() {
        #expect(throws: DatabaseError.self) { try connection.run(#"SELECT "nam" FROM things"#) }
    }

    @Test func `a write says how many rows it changed`() throws {
        #expect(try connection.run("INSERT INTO things (id, name) VALUES (1, 'a'), (2, 'b'), (3, 'c')") == 3)
        #expect(try connection.run("UPDATE things SET name = name || '!' WHERE id < \(3)") == 2)
        #expect(try connection.run("DELETE FROM things WHERE id = 9") == 0)
        #expect(try connection.run("INSERT INTO things (name) VALUES ('x'), ('y') RETURNING id") == 2)
        #expect(try connection.run("CREATE INDEX things_size_idx ON things (size)") == 0)
        #expect(try connection.run("SELECT * FROM things") == 0)
    }

    @Test func `a batch goes through one statement and is whole or not there`() throws {
        let insert = "INSERT INTO things (id, name) VALUES ($1, $2)"
        #expect(try connection.bulk(insert, (1...1000).lazy.map { [.integer($0), .text("n\($0)")] }) == 1000)
        #expect(throws: DatabaseError.constraint(kind: .unique)) {
            try connection.bulk(insert, [[.integer(2000), .text("new")], [.integer(2001), .text("n7")]])
        }
        #expect(try connection.integer("SELECT count(*) FROM things") == 1000)
    }

    @Test(arguments: [
        ("INSERT INTO parts VALUES (1, 1, 1)", DatabaseError.ConstraintKind.foreignKey), ("INSERT INTO parts VALUES (NULL, NULL, 1)", .notNull),
        ("INSERT INTO parts VALUES (1, NULL, -1)", .check), ("INSERT INTO parts VALUES (0, NULL, 1)", .unique),
        ("INSERT INTO parts VALUES ('text', NULL, 1)", .other),
    ])
    func `a refused write says by which kind of constraint`(statement: String, kind: DatabaseError.ConstraintKind) throws {
        try connection.script(
            """
            CREATE TABLE parts (id INTEGER NOT NULL PRIMARY KEY, thing INTEGER REFERENCES things (id), n INTEGER CHECK (n > 0)) STRICT, WITHOUT ROWID;
            INSERT INTO parts VALUES (0, NULL, 1);
            """)
        #expect(throws: DatabaseError.constraint(kind: kind)) { try connection.run(SQL(raw: statement)) }
    }

    @Test func `an error's text holds no value`() throws {
        try connection.run("INSERT INTO things (name) VALUES (\("secret-value"))")
        let error = #expect(throws: DatabaseError.self) { try connection.run("INSERT INTO things (name) VALUES (\("secret-value"))") }
        let wrong = #expect(throws: DatabaseError.self) { try connection.run("INSERT INTO things (nothing) VALUES (\("secret-value"))") }
        for text in [String(reflecting: error), "\(error as Any)", String(reflecting: wrong), "\(wrong as Any)"] { #expect(!text.contains("secret-value")) }
    }

    @Test func `a statement is left without locks and values when its reader throws`() throws {
        struct Stop: Error {}
        try connection.run("INSERT INTO things (id) VALUES (1), (2)")
        #expect(throws: Stop.self) { try connection.rows("SELECT id FROM things WHERE id > \(0)") { _ in throw Stop() } }
        var statement = sqlite3_next_stmt(connection.handle.pointer, nil)
        var seen = 0
        while let next = statement {
            #expect(sqlite3_stmt_busy(next) == 0)
            seen += 1
            statement = sqlite3_next_stmt(connection.handle.pointer, next)
        }
        #expect(seen == 2)
        #expect(try connection.integer(SQL(raw: "SELECT count(*) FROM things WHERE id > $1", values: [.integer(1)])) == 1)
    }

    @Test func `a statement can run inside a run of itself`() throws {
        try connection.run("INSERT INTO things (id) VALUES (1), (2)")
        var pairs = 0
        try connection.rows("SELECT id FROM things") { _ in try connection.rows("SELECT id FROM things") { _ in pairs += 1 } }
        #expect(pairs == 4)
    }

    @Test func `statements are kept up to the capacity, the latest used ones`() throws {
        for number in 1...300 { _ = try connection.integer(SQL(raw: "SELECT \(number)")) }
        #expect(connection.statements.count == SQLiteConnection.statementCapacity)
        var prepared = 0
        var statement = sqlite3_next_stmt(connection.handle.pointer, nil)
        while let next = statement {
            prepared += 1
            #expect(sqlite3_sql(next).map { String(cString: $0) } != "SELECT 44")
            statement = sqlite3_next_stmt(connection.handle.pointer, next)
        }
        #expect(prepared == SQLiteConnection.statementCapacity)
        #expect(try connection.integer("SELECT 44") == 44)
    }

    @Test func `an inner transaction that fails leaves the outer one as it was`() throws {
        try connection.transaction {
            try connection.run("INSERT INTO things (id) VALUES (1)")
            #expect(throws: DatabaseError.constraint(kind: .unique)) {
                try connection.transaction {
                    try connection.run("INSERT INTO things (id) VALUES (2)")
                    try connection.run("INSERT INTO things (id) VALUES (1)")
                }
            }
            #expect(try connection.transaction { try connection.run("INSERT INTO things (id) VALUES (3)") } == 1)
        }
        #expect(try connection.all("SELECT id FROM things ORDER BY id") { $0.integer(0) } == [1, 3])
        let isOpen = connection.handle.isInTransaction
        #expect(!isOpen)
    }

    @Test func `a transaction that fails leaves nothing`() throws {
        struct Stop: Error {}
        #expect(throws: Stop.self) {
            try connection.transaction {
                try connection.run("INSERT INTO things (id) VALUES (1)")
                throw Stop()
            }
        }
        #expect(try connection.integer("SELECT count(*) FROM things") == 0)
    }

    @Test func `a script runs each statement, and stops at the first wrong one`() throws {
        #expect(throws: DatabaseError.failed(code: Int(SQLITE_ERROR), statement: " INSERT INTO nowhere VALUES (1);")) {
            try connection.script("INSERT INTO things (id) VALUES (1); INSERT INTO nowhere VALUES (1); INSERT INTO things (id) VALUES (2);")
        }
        try connection.script("-- only a comment\n;;  \n")
        #expect(try connection.all("SELECT id FROM things") { $0.integer(0) } == [1])
    }

    @Test func `a PRAGMA acts each time it is run`() throws {
        for wanted in [1, 2, 1, 2] as [Int64] {
            try connection.run(wanted == 1 ? "PRAGMA synchronous = 1" : "PRAGMA synchronous = 2")
            #expect(try connection.integer("PRAGMA synchronous") == wanted)
        }
    }
}
