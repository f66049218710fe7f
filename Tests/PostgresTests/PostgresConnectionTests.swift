import Database
@testable import Postgres
import TestSupport
import Testing

@Suite(.enabled(if: PostgresServer.address != nil, .init(rawValue: PostgresServer.isMissing)))
struct PostgresConnectionTests {
    let connection: PostgresConnection

    init() throws {
        connection = try PostgresConnection(.test)
        try connection.script("CREATE TEMPORARY TABLE things (id bigint PRIMARY KEY, name text UNIQUE, size double precision, data bytea)")
    }

    @Test(arguments: [
        ("bigint", SQLValue.integer(.min)), ("bigint", .integer(.max)), ("integer", .integer(Int64(Int32.min))), ("smallint", .integer(32_767)),
        ("boolean", .integer(0)), ("boolean", .integer(1)), ("double precision", .real(0.1)), ("double precision", .real(-.infinity)),
        ("real", .real(0.5)), ("timestamptz", .integer(0)), ("timestamptz", .integer(-1)), ("timestamptz", .integer(1_780_315_200_123_456)),
        ("timestamp", .integer(951_868_799_999_999)), ("text", .text("")), ("text", .text("🐕‍🦺 Ünïcode")), ("varchar(9)", .text("short")),
        ("text", .text(String(repeating: "x", count: 100_000))), ("bytea", .blob([])), ("bytea", .blob([0, 255, 0])), ("jsonb", .text(#"["a","b c"]"#)),
        ("numeric", .integer(.min)), ("numeric", .integer(100_000_000)), ("numeric", .real(-12_345.0625)), ("bigint", .null), ("text", .null),
    ])
    func `a value comes back as it went in`(type: String, value: SQLValue) throws {
        let back = try connection.first(SQL(raw: "SELECT $1::\(type)", values: [value])) { $0.value(0) }
        #expect(back == value)
    }

    @Test func `a moment is the server's moment`() throws {
        #expect(try connection.text("SELECT CAST(\(1_780_315_200_000_001 as Int64) AS timestamptz)::text") == "2026-06-01 12:00:00.000001+00")
        #expect(try connection.integer("SELECT timestamptz '1999-12-31 23:59:59+00'") == 946_684_799_000_000)
    }

    @Test func `JSON is read without the blanks that the server adds`() throws {
        #expect(try connection.text("SELECT CAST(\(#"{"b": [1, 2], "a":"x , \" : y"}"#) AS jsonb)") == #"{"a":"x , \" : y","b":[1,2]}"#)
    }

    @Test func `a number that is none is stored as NULL`() throws {
        #expect(try connection.first("SELECT CAST(\(Double.nan) AS double precision)") { $0.isNull(0) } == true)
    }

    @Test func `a sum of large numbers is a whole number`() throws {
        #expect(try connection.first("SELECT sum(n) FROM generate_series(1::bigint, 100000) AS n") { $0.value(0) } == .integer(5_000_050_000))
    }

    @Test func `a NULL read as a plain type is zero or empty`() throws {
        try connection.rows("SELECT NULL::bigint") { row in
            #expect(row.isNull(0) && row.integer(0) == 0 && row.real(0) == 0 && row.text(0) == "" && row.blob(0) == [])
            #expect(row.integerOrNil(0) == nil && row.textOrNil(0) == nil && row.columnCount == 1)
        }
    }

    @Test func `a text with a NUL byte is refused before it is sent`() throws {
        #expect(throws: DatabaseError.unstorableText) { try connection.run("INSERT INTO things (id, name) VALUES (1, \("a\0b"))") }
        #expect(throws: DatabaseError.unstorableText) { try connection.run("SELECT CAST(\("\"a\\u0000\"") AS jsonb)") }
        #expect(try connection.integer("SELECT 1") == 1)
    }

    @Test func `bytes that are no UTF-8 never become a text`() throws {
        #expect(throws: DatabaseError.unstorableText) { try connection.run("SELECT convert_from(\([0x61, 0xFF] as [UInt8]), 'UTF8')") }
    }

    @Test(arguments: [
        ("bigint", SQLValue.real(0.5), "42804"), ("integer", .integer(1 << 40), "22003"), ("boolean", .integer(2), "22003"),
        ("timestamptz", .integer(.min), "22003"), ("bytea", .text("x"), "42804"), ("text", .blob([1]), "42804"), ("bigint", .text("many"), "22P02"),
    ])
    func `a value of another kind than its column is refused`(type: String, value: SQLValue, state: String) throws {
        let statement = SQL(raw: "SELECT $1::\(type)", values: [value])
        #expect(throws: DatabaseError.refused(state: state, statement: statement.text)) { try connection.run(statement) }
    }

    @Test func `placeholders mean their number, not their place`() throws {
        let row = try connection.first(SQL(raw: "SELECT $2::bigint, $1::bigint, $2", values: [.integer(1), .integer(2)])) { row in
            [row.integer(0), row.integer(1), row.integer(2)]
        }
        #expect(row == [2, 1, 2])
    }

    @Test(arguments: [
        (SQL(raw: "SELECT $1::int"), "08P01"), (SQL(raw: "SELECT 1", values: [.null]), "08P01"), (SQL(raw: "SELECT 1; SELECT 2"), "42601"),
        (SQL(raw: "SELECT nothing"), "42703"), (SQL(raw: "COPY things TO STDOUT"), "0A000"),
    ])
    func `a statement that does not fit its values is refused`(statement: SQL, state: String) {
        #expect(throws: DatabaseError.refused(state: state, statement: statement.text)) { try connection.run(statement) }
    }

    @Test func `a write says how many rows it changed`() throws {
        #expect(try connection.run("INSERT INTO things (id, name) VALUES (1, 'a'), (2, 'b'), (3, 'c')") == 3)
        #expect(try connection.run("UPDATE things SET name = name || '!' WHERE id < \(3)") == 2)
        #expect(try connection.run("DELETE FROM things WHERE id = 9") == 0)
        #expect(try connection.run("INSERT INTO things (id) VALUES (7), (8) RETURNING id") == 2)
        #expect(try connection.run("CREATE INDEX ON things (size)") == 0)
        #expect(try connection.run("SELECT * FROM things") == 0)
    }

    @Test func `a batch goes through one statement and is whole or not there`() throws {
        let insert = "INSERT INTO things (id, name) VALUES ($1, $2)"
        #expect(try connection.bulk(insert, (1...1000).lazy.map { [.integer($0), .text("n\($0)")] }) == 1000)
        #expect(throws: DatabaseError.constraint(kind: .unique)) {
            try connection.bulk(insert, (2000...2600).map { [.integer($0), .text($0 == 2500 ? "n7" : "m\($0)")] })
        }
        #expect(throws: DatabaseError.unstorableText) {
            try connection.bulk(insert, (3000...3400).map { [.integer($0), .text($0 == 3399 ? "\0" : "m\($0)")] })
        }
        #expect(try connection.integer("SELECT count(*) FROM things") == 1000)
        #expect(try connection.bulk("UPDATE things SET size = $2 WHERE id <= $1", [[.integer(10), .real(1)], [.integer(5), .real(2)]]) == 15)
        #expect(try connection.bulk(insert, [] as [[SQLValue]]) == 0)
    }

    @Test(arguments: [1, 2, 3, 63, 64, 65, 127, 256, 257, 700])
    func `a batch of any size arrives whole, with constants and what follows the values`(count: Int) throws {
        try connection.script("CREATE TEMPORARY TABLE many (a bigint, kind text, b bigint, PRIMARY KEY (a, kind))")
        let upsert = "INSERT INTO many (a, kind, b) VALUES ($2, 'k', $1) ON CONFLICT (a, kind) DO UPDATE SET b = many.b + excluded.b"
        let rows = (0..<count).map { [SQLValue.integer(Int64($0 * 10)), .integer(Int64($0))] }
        #expect(try connection.bulk(upsert, rows) == count)
        #expect(try connection.bulk(upsert, rows) == count)
        #expect(try connection.integer("SELECT sum(b - 20 * a) FROM many") == 0)
        #expect(try connection.integer("SELECT count(*) FROM many WHERE kind = 'k'") == Int64(count))
    }

    @Test func `rows of one batch that meet the same row each have their turn`() throws {
        try connection.script("CREATE TEMPORARY TABLE sums (a bigint PRIMARY KEY, b bigint)")
        let upsert = "INSERT INTO sums (a, b) VALUES ($1, $2) ON CONFLICT (a) DO UPDATE SET b = sums.b + excluded.b"
        #expect(try connection.bulk(upsert, (0..<100).map { [.integer($0 % 7), .integer(1)] }) == 100)
        #expect(try connection.integer("SELECT sum(b) FROM sums") == 100)
        #expect(try connection.bulk("INSERT INTO sums (a, b) VALUES ($1, $2) ON CONFLICT (a) DO NOTHING", (0..<20).map { [.integer($0 % 10), .integer(1)] }) == 3)
        #expect(throws: DatabaseError.refused(state: "08P01", statement: upsert)) { try connection.bulk(upsert, [[.integer(1), .integer(1)], [.integer(2)]]) }
    }

    @Test func `a batch that fails leaves the transaction around it as it was`() throws {
        let insert = "INSERT INTO things (id) VALUES ($1)"
        try connection.transaction {
            try connection.run("INSERT INTO things (id) VALUES (1)")
            #expect(throws: DatabaseError.constraint(kind: .unique)) { try connection.bulk(insert, [[.integer(2)], [.integer(1)]]) }
            #expect(try connection.bulk(insert, [[.integer(3)]]) == 1)
        }
        #expect(try connection.all("SELECT id FROM things ORDER BY id") { $0.integer(0) } == [1, 3])
    }

    @Test(arguments: [
        ("INSERT INTO parts VALUES (1, 1, 1)", DatabaseError.ConstraintKind.foreignKey), ("INSERT INTO parts VALUES (NULL, NULL, 1)", .notNull),
        ("INSERT INTO parts VALUES (1, NULL, -1)", .check), ("INSERT INTO parts VALUES (0, NULL, 1)", .unique),
    ])
    func `a refused write says by which kind of constraint`(statement: String, kind: DatabaseError.ConstraintKind) throws {
        try connection.script(
            """
            CREATE TEMPORARY TABLE parts (id bigint PRIMARY KEY, thing bigint REFERENCES things (id), n bigint CHECK (n > 0));
            INSERT INTO parts VALUES (0, NULL, 1);
            """)
        #expect(throws: DatabaseError.constraint(kind: kind)) { try connection.run(SQL(raw: statement)) }
    }

    @Test func `an error's text holds no value`() throws {
        try connection.run("INSERT INTO things (id, name) VALUES (1, \("secret-value"))")
        let errors = [
            #expect(throws: DatabaseError.self) { try connection.run("INSERT INTO things (id, name) VALUES (2, \("secret-value"))") },
            #expect(throws: DatabaseError.self) { try connection.run("INSERT INTO things (nothing) VALUES (\("secret-value"))") },
            #expect(throws: DatabaseError.self) { try connection.run("SELECT CAST(\("secret-value") AS bigint)") },
            #expect(throws: DatabaseError.self) { try connection.run("SELECT CAST(CAST(\("secret-value") AS text) AS bigint)") },
        ]
        for error in errors { #expect(!"\(error as Any) \(String(reflecting: error))".contains("secret-value")) }
    }

    @Test func `a statement can run inside a run of itself`() throws {
        try connection.run("INSERT INTO things (id) VALUES (1), (2)")
        var pairs = 0
        try connection.rows("SELECT id FROM things") { _ in try connection.rows("SELECT id FROM things") { _ in pairs += 1 } }
        #expect(pairs == 4)
    }

    @Test func `statements are kept up to the capacity, the latest used ones, on both sides`() throws {
        for number in 1...300 { _ = try connection.integer(SQL(raw: "SELECT \(number)")) }
        #expect(connection.statements.count == PostgresConnection.statementCapacity)
        #expect(try connection.integer("SELECT count(*) FROM pg_prepared_statements") == Int64(PostgresConnection.statementCapacity))
        #expect(try connection.integer("SELECT 44") == 44)
    }

    @Test func `a statement whose table has changed is prepared anew`() throws {
        let all: SQL = "SELECT * FROM things"
        #expect(try connection.all(all) { $0.columnCount } == [])
        try connection.script("ALTER TABLE things DROP COLUMN data; INSERT INTO things (id) VALUES (1)")
        #expect(throws: DatabaseError.self) { try connection.all(all) { $0.columnCount } }
        #expect(try connection.all(all) { $0.columnCount } == [3])
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
    }

    @Test func `a transaction whose error was swallowed is not said to be committed`() throws {
        #expect(throws: DatabaseError.transactionLost) {
            try connection.transaction {
                try connection.run("INSERT INTO things (id) VALUES (1)")
                _ = try? connection.run("INSERT INTO things (id) VALUES (1)")
            }
        }
        #expect(try connection.integer("SELECT count(*) FROM things") == 0)
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

    @Test func `a script runs each statement, and a wrong one undoes it`() throws {
        #expect(throws: DatabaseError.self) { try connection.script("INSERT INTO things (id) VALUES (1); INSERT INTO nowhere VALUES (1)") }
        try connection.script("-- only a comment\n;;  \n")
        try connection.script("INSERT INTO things (id) VALUES (2); INSERT INTO things (id) VALUES (3)")
        #expect(try connection.all("SELECT id FROM things ORDER BY id") { $0.integer(0) } == [2, 3])
    }

    @Test func `what the server remarks is not printed, and does not disturb`() throws {
        try connection.script("SET client_min_messages = notice")
        try connection.script("DO $$ BEGIN RAISE NOTICE 'secret-value'; RAISE WARNING 'secret-value'; END $$")
        #expect(try connection.integer("SELECT 1") == 1)
    }

    @Test func `a statement ends at its time limit, and a wait for a lock at its own`() throws {
        let hurried = try PostgresConnection(.test.with { ($0.statementTimeout, $0.lockTimeout) = (.milliseconds(300), .milliseconds(50)) })
        #expect(throws: DatabaseError.interrupted) { try hurried.run("SELECT pg_sleep(30)") }
        try connection.transaction {
            try connection.run("SELECT pg_advisory_xact_lock(730001)")
            #expect(throws: DatabaseError.busy) { try hurried.run("SELECT pg_advisory_lock(730001)") }
        }
        #expect(try hurried.integer("SELECT 1") == 1)
    }

    @Test func `a session that stands still in a transaction loses it, and lets others go on`() throws {
        let still = try PostgresConnection(.test.with { $0.idleLimit = .milliseconds(200) })
        let waiting = try PostgresConnection(.test.with { $0.lockTimeout = .seconds(8) })
        #expect(throws: DatabaseError.disconnected) {
            try still.transaction {
                try still.run("SELECT pg_advisory_xact_lock(730002)")
                #expect(throws: Never.self) { try waiting.transaction { try waiting.run("SELECT pg_advisory_xact_lock(730002)") } }
                try still.run("SELECT 1")
            }
        }
    }

    @Test func `a session that may only read says so`() throws {
        try connection.script("SET default_transaction_read_only = on")
        #expect(throws: DatabaseError.readOnly) { try connection.run("CREATE TABLE never (n bigint)") }
    }

    @Test func `a session that was ended is lost, with what was open`() throws {
        let other = try PostgresConnection(.test)
        let process = try other.integer("SELECT pg_backend_pid()")
        #expect(throws: DatabaseError.disconnected) {
            try other.transaction {
                #expect(try connection.integer("SELECT pg_terminate_backend(\(process)::int, 5000)::int") == 1)
                try other.run("SELECT 1")
            }
        }
        #expect(throws: DatabaseError.disconnected) { try other.run("SELECT 1") }
    }
}
