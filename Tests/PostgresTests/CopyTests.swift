import Database
import TestSupport
import Testing

@testable import Postgres

@Suite(.enabled(if: PostgresServer.address != nil, .init(rawValue: PostgresServer.isMissing)))
struct CopyTests {
    let connection: PostgresConnection

    init() throws {
        connection = try PostgresConnection(.test)
        try connection.script(
            "CREATE TEMPORARY TABLE things (id bigint, small smallint, middle integer, yes boolean, size double precision, at timestamptz, name text, tags jsonb, data bytea)")
    }

    private let copy = "COPY things FROM STDIN (FORMAT binary)"

    private func write(_ id: Int64, name: String = "x", to writer: CopyWriter) throws {
        writer.beginRow(columns: 9)
        writer.integer(id)
        writer.integer(Int16(-2))
        writer.integer(Int32(3))
        writer.bool(true)
        writer.real(0.1)
        writer.moment(1_780_315_200_123_456)
        Array(name.utf8).withUnsafeBytes { writer.bytes($0) }
        Array(#"{"a":1}"#.utf8).withUnsafeBytes { writer.json($0) }
        writer.null()
        try writer.endRow()
    }

    @Test func `each kind of value goes in and comes out`() throws {
        #expect(try connection.copyIn(copy) { try write(.min, name: "Straße 🐕", to: $0) } == 1)
        let row = try connection.first("SELECT * FROM things") { row in (0..<row.columnCount).map { row.value($0) } }
        #expect(row == [
            .integer(.min), .integer(-2), .integer(3), .integer(1), .real(0.1), .integer(1_780_315_200_123_456), .text("Straße 🐕"), .text(#"{"a":1}"#), .null,
        ])
        var seen = 0
        try connection.copyOut("COPY things TO STDOUT (FORMAT binary)") { row in
            seen += 1
            #expect(row.columnCount == 9)
            #expect(row.next().map { CopyRow.number($0, as: Int64.self) } == .min)
            #expect(row.next().map { CopyRow.number($0, as: Int16.self) } == -2)
            #expect(row.next().map { CopyRow.number($0, as: Int32.self) } == 3)
            #expect(row.next().map(Array.init) == [1])
            #expect(row.next().map { Double(bitPattern: CopyRow.number($0)) } == 0.1)
            #expect(row.next().map(CopyRow.moment) == 1_780_315_200_123_456)
            #expect(row.next().map { String(decoding: $0, as: UTF8.self) } == "Straße 🐕")
            #expect(row.next().map { String(decoding: $0.dropFirst(), as: UTF8.self) } == #"{"a": 1}"#)
            #expect(row.next() == nil)
        }
        #expect(seen == 1)
    }

    @Test func `many rows and a large value are sent in portions`() throws {
        let large = String(repeating: "0123456789", count: 300_000)
        let count = try connection.copyIn(copy) { writer in
            for id in 0..<50_000 as Range<Int64> { try write(id, name: id == 25_000 ? large : "n\(id)", to: writer) }
            #expect(writer.byteCount > 5_000_000)
        }
        #expect(count == 50_000)
        #expect(try connection.integer("SELECT sum(id) + max(length(name)) FROM things") == 1_249_975_000 + 3_000_000)
        var sum: Int64 = 0
        try connection.copyOut("COPY (SELECT id FROM things) TO STDOUT (FORMAT binary)") { row in sum += row.next().map { CopyRow.number($0) } ?? 0 }
        #expect(sum == 1_249_975_000)
    }

    @Test func `a row that was begun can be taken back`() throws {
        try connection.copyIn(copy) { writer in
            try write(1, to: writer)
            writer.beginRow(columns: 9)
            writer.integer(2 as Int64)
            writer.dropRow()
            try write(3, to: writer)
        }
        #expect(try connection.text("SELECT string_agg(id::text, ' ' ORDER BY id) FROM things") == "1 3")
    }

    @Test func `what the writer throws ends the copy, and nothing of it is kept`() throws {
        struct Stop: Error {}
        #expect(throws: Stop.self) {
            try connection.copyIn(copy) { writer in
                for id in 0..<10_000 as Range<Int64> { try write(id, to: writer) }
                throw Stop()
            }
        }
        #expect(try connection.integer("SELECT count(*) FROM things") == 0)
    }

    @Test func `what the server refuses is told, and the connection goes on`() throws {
        try connection.script("ALTER TABLE things ADD CHECK (id <> 7)")
        #expect(throws: DatabaseError.constraint(kind: .check)) {
            try connection.copyIn(copy) { writer in for id in 0..<100_000 as Range<Int64> { try write(id, to: writer) } }
        }
        #expect(throws: DatabaseError.unstorableText) { try connection.copyIn(copy) { try write(1, name: "a\0b", to: $0) } }
        #expect(throws: DatabaseError.self) { try connection.copyIn("COPY nothing FROM STDIN (FORMAT binary)") { _ in } }
        #expect(throws: DatabaseError.self) { try connection.copyIn("SELECT 1") { _ in } }
        #expect(throws: DatabaseError.self) { try connection.copyOut("SELECT 1") { _ in } }
        #expect(try connection.integer("SELECT count(*) FROM things") == 0)
    }

    @Test func `a reader that has enough stops the server`() throws {
        struct Enough: Error {}
        var seen = 0
        // Ten thousand million rows: hours, were they all sent.
        #expect(throws: Enough.self) {
            try connection.copyOut("COPY (SELECT n FROM generate_series(1, 100000) n, generate_series(1, 100000)) TO STDOUT (FORMAT binary)") { _ in
                seen += 1
                if seen == 1_000 { throw Enough() }
            }
        }
        #expect(try connection.integer("SELECT 1") == 1)
    }

    @Test func `an error in the middle of what is read is told`() throws {
        #expect(throws: DatabaseError.refused(state: "22012", statement: "COPY (SELECT 1 / (5000 - n) FROM generate_series(1, 9000) n) TO STDOUT (FORMAT binary)")) {
            try connection.copyOut("COPY (SELECT 1 / (5000 - n) FROM generate_series(1, 9000) n) TO STDOUT (FORMAT binary)") { _ in }
        }
        #expect(try connection.integer("SELECT 1") == 1)
    }

    @Test func `a copy inside a transaction goes with it`() throws {
        struct Back: Error {}
        #expect(throws: Back.self) {
            try connection.transaction {
                try connection.copyIn(copy) { try write(1, to: $0) }
                #expect(try connection.integer("SELECT count(*) FROM things") == 1)
                throw Back()
            }
        }
        #expect(try connection.integer("SELECT count(*) FROM things") == 0)
    }
}
