import Database
import Fediverse
import Postgres
import SQLite
import TestSupport
import Testing

@testable import Store

private let noon = Instant(microseconds: 1_790_000_000_000_000)

/// What stands between two good rows, and what becomes of it.
struct Hazard: Sendable, CustomTestStringConvertible {
    let name: String
    /// The table and the column, and what is written there, as SQL.
    let column: String
    let value: String
    /// What the target has; nil where the row is named.
    var becomes: SQLValue?
    var reason = ""

    var testDescription: String { name }
}

extension TransferTests {
    /// Our own schema is STRICT, so a file must be forced to hold some of these; texts it takes as they come.
    struct HazardTests {
        static let own: [Hazard] = [
            Hazard(name: "boolean 2", column: "sensitive", value: "2", reason: "sensitive is neither true nor false"),
            Hazard(name: "boolean as text", column: "sensitive", value: "'true'", becomes: .integer(1)),
            Hazard(name: "boolean as another text", column: "sensitive", value: "'yes'", reason: "sensitive is neither true nor false"),
            Hazard(name: "text with a NUL byte", column: "content", value: "CAST(x'610062' AS TEXT)", reason: "content holds a NUL byte"),
            Hazard(name: "invalid UTF-8", column: "content", value: "CAST(x'61FF62' AS TEXT)", reason: "content is not UTF-8"),
            Hazard(name: "half a surrogate pair", column: "content", value: "CAST(x'EDA080' AS TEXT)", reason: "content is not UTF-8"),
            Hazard(name: "broken JSON", column: "tags", value: "'[\"a\",'", reason: "tags is no JSON"),
            Hazard(name: "an empty text as JSON", column: "tags", value: "''", becomes: .null),
            Hazard(name: "JSON with a NUL character", column: "tags", value: "'[\"a\\u0000\"]'", reason: "tags holds a NUL character in its JSON"),
            Hazard(name: "JSON in another order", column: "tags", value: "'{\"bb\" : 1e2, \"a\":\"\\u00e9\", \"a\": -0}'", becomes: .text(#"{"a":0,"bb":100}"#)),
            Hazard(name: "a number in JSON beyond all bounds", column: "tags", value: "'[1e999999]'", reason: "tags holds a JSON number with too large an exponent"),
            Hazard(name: "a date as a word", column: "edited_at", value: "'yesterday'", reason: "edited_at is no whole number"),
            Hazard(name: "a time before all years", column: "edited_at", value: "-9223372036854775808", reason: "edited_at is a time beyond the years that the server knows"),
            Hazard(name: "the largest time", column: "edited_at", value: "9223372036854775806", becomes: .integer(9_223_372_036_854_775_806)),
            Hazard(name: "a time before 1970", column: "edited_at", value: "-62135596800000000", becomes: .integer(-62_135_596_800_000_000)),
            Hazard(name: "the largest integer", column: "favorites", value: "9223372036854775807", becomes: .integer(.max)),
            Hazard(name: "a text in an integer column", column: "favorites", value: "'many'", reason: "favorites is no whole number"),
            Hazard(name: "a number as text", column: "favorites", value: "'12'", becomes: .integer(12)),
            Hazard(name: "a real in an integer column", column: "favorites", value: "1.5", reason: "favorites is no whole number"),
            Hazard(name: "a whole real in an integer column", column: "favorites", value: "3.0", becomes: .integer(3)),
            Hazard(name: "binary in a text column", column: "content", value: "x'00FF'", reason: "content is binary"),
            Hazard(name: "tab, newline, backslash, \\N", column: "content", value: "'a' || char(9) || char(10) || '\\ \\N'", becomes: .text("a\t\n\\ \\N")),
            Hazard(name: "NULL", column: "content", value: "NULL", becomes: .null),
            Hazard(name: "NULL where a value is needed", column: "favorites", value: "NULL", reason: "favorites is missing"),
            Hazard(name: "an id that an index cannot hold", column: "local_id", value: "hex(randomblob(2000))", reason: "local_id is longer than an index can hold"),
            Hazard(name: "a language longer than the rule", column: "language", value: "'much-too-long'", reason: "the server refused the row (its check rule)"),
        ]

        /// A file with 200 posts, of which some hold a hazard each, every tenth row from the tenth on.
        private func source(_ place: Place, _ hazards: [Hazard]) throws {
            try place.fill(acts: 1_000)
            let source = try place.source()
            let columns = try tables(of: source).first { $0.name == "post_metadata" }?.columns ?? []
            let list = columns.map { $0 == "post_key" ? "post_key INTEGER PRIMARY KEY AUTOINCREMENT" : $0 }.joined(separator: ", ")
            // The table's types and rules are given up.
            try source.script(
                """
                PRAGMA foreign_keys = OFF; CREATE TABLE loose AS SELECT * FROM post_metadata; DROP TABLE post_metadata;
                CREATE TABLE post_metadata (\(list)); INSERT INTO post_metadata SELECT * FROM loose; DROP TABLE loose
                """)
            for (number, hazard) in hazards.enumerated() {
                try source.script("UPDATE post_metadata SET \(hazard.column) = \(hazard.value) WHERE post_key = \(Self.key(number))")
            }
            _ = try source.truncateLog()
        }

        /// No multiple of 7, which is a stub.
        private static func key(_ number: Int) -> Int { 1 + number * 7 }

        @Test func `strange values with a meaning are converted as documented`() async throws {
            let place = try Place()
            let hazards = Self.own.filter { $0.becomes != nil }
            try source(place, hazards)
            #expect(try await place.transfer.run(at: noon) { _ in }.unfit.isEmpty)
            for (number, hazard) in hazards.enumerated() {
                let found = try place.target().all(SQL(raw: "SELECT \(hazard.column) FROM post_metadata WHERE post_key = \(Self.key(number))")) { $0.value(0) }
                #expect(found == [hazard.becomes], "\(hazard.name)")
            }
            #expect(try place.target().first("SELECT count(*) FROM post_metadata") { $0.integer(0) } == 200)
        }

        @Test func `a row with a strange value without one is named by table, key and reason, and nothing is lost without a word`() async throws {
            let place = try Place()
            let hazards = Self.own.filter { $0.becomes == nil }
            try source(place, hazards)
            let expected = hazards.enumerated().map { TransferReport.UnfitRow(table: "post_metadata", key: String(Self.key($0)), reason: $1.reason) }
            // Told before anything is done, and without a trace.
            var transfer = place.transfer
            transfer.isTrial = true
            let tried = try await transfer.run(at: noon) { _ in }
            #expect(tried.unfit.filter { $0.table == "post_metadata" } == expected)
            #expect(try place.isEmpty() && !Staging.open(place.url).isThere())
            // Not made visible as it is.
            let plain = place.transfer
            await #expect(throws: TransferError.unfit(rows: tried.unfit.count)) { try await plain.run(at: noon) { _ in } }
            #expect(try place.isEmpty())
            // Left out when that is said, with what refers to them, each by name; all the rest is there.
            transfer.isTrial = false
            transfer.resumes = true
            transfer.leavesOut = true
            let report = try await transfer.run(at: noon) { _ in }
            #expect(report.unfit.count == tried.unfit.count && Set(report.unfit) == Set(tried.unfit))
            let (source, target) = (try place.source(), try place.target())
            for (table, columns) in try tables(of: source) {
                let keys = columns.filter { $0.hasSuffix("_key") || $0 == "kind" }
                guard keys.contains("post_key") else { continue }
                let (there, here) = (Set(try rows(source, table, keys)), Set(try rows(target, table, keys)))
                #expect(here.isSubset(of: there))
                #expect(there.count - here.count == report.unfit.filter { $0.table == table }.count, "\(table)")
            }
            #expect(report.unfit.contains { $0.table == "user_interactions" && $0.reason == "it refers to a row of post_metadata that is not there" })
            #expect(try target.first("SELECT count(*) FROM post_metadata") { $0.integer(0) } == Int64(200 - hazards.count))
        }

        @Test func `rows that refer to nothing are found though the file never checked it`() async throws {
            let place = try Place()
            try place.fill(acts: 200)
            let source = try place.source()
            try source.script("PRAGMA foreign_keys = OFF; DELETE FROM post_metadata WHERE post_key = 5; DELETE FROM user_aliases WHERE alias_key = 3")
            var transfer = place.transfer
            transfer.leavesOut = true
            let report = try await transfer.run(at: noon) { _ in }
            let orphans = try source.first("SELECT count(*) FROM pragma_foreign_key_check GROUP BY NULL") { $0.integer(0) } ?? 0
            #expect(orphans > 0 && !report.unfit.isEmpty)
            #expect(Set(report.unfit.map(\.reason)).isSubset(of: [
                "it refers to a row of post_metadata that is not there", "it refers to a row of alias_keys that is not there",
            ]))
            #expect(try place.target().first("SELECT count(*) FROM user_interactions WHERE post_key = 5 OR alias_key = 3") { $0.integer(0) } == 0)
        }

        @Test func `the program ends with an error where a row did not fit, and names it on a line of its own`() async throws {
            let place = try Place()
            try source(place, [Self.own[0]])
            let arguments = ["migrate", "to-postgres", "--from", place.path, "--to", place.url]
            for (more, code) in [(["--dry-run"], 65), ([], 65), (["--resume", "--leave-out"], 65)] as [([String], Int32)] {
                let process = try Process(arguments + more, in: place.folder)
                #expect(try process.waited() == code)
                #expect(process.errors.contains("does not fit: post_metadata 1: sensitive is neither true nor false\n"))
            }
            #expect(try !place.isEmpty())
        }

        @Test func `many rows that do not fit are named, each once`() async throws {
            let place = try Place()
            try source(place, [])
            let source = try place.source()
            try source.run("UPDATE post_metadata SET tags = '{' WHERE post_key % 3 = 0")
            try source.run("UPDATE post_metadata SET language = 'much-too-long' WHERE post_key % 10 = 1")
            var transfer = place.transfer
            transfer.isTrial = true
            let unfit = try await transfer.run(at: noon) { _ in }.unfit.filter { $0.table == "post_metadata" }.map(\.key)
            let expected = (1...200).filter { $0 % 3 == 0 || $0 % 10 == 1 }.map(String.init)
            #expect(unfit.sorted() == expected.sorted())
        }
    }
}
