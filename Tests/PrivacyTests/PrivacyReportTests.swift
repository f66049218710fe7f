import Fediverse
import OpenSSL
import Privacy
import Testing

@Suite struct PrivacyReportTests {
    private let service = PrivacyReport.Service(
        version: "0.1.0", contact: "ops@mastodon.example", instance: "mastodon.example",
        parameters: [.init(name: "author affinity", value: "0.25"), .init(name: "popularity", value: "0.25")],
        lastAnonymized: Instant(seconds: 1_782_867_600), nextAnonymized: Instant(seconds: 1_782_871_200),
        lastRemoved: 12)

    private let post = String(repeating: "a", count: 64)
    private let author = String(repeating: "b", count: 64)

    private var tables: [PersonalTable] {
        [
            .of("user_aliases", ["alias_id", "privacy_level", "created_at", "last_seen"], [[someAlias(1).hex, "FULL", "2026-06-01 00:00:00.000", "2026-07-01"]]),
            .of(
                "user_interactions", ["post_id", "interaction_type", "occurred_at", "context"],
                [
                    [post, "FAVORITE", "2026-06-20 10:00:00.000", #"{"source":"home"}"#],
                    [post, "VIEW", "1782777600000000", nil],
                ]),
            .of("author_preferences", ["author_id", "interaction_count", "last_interaction_at", "preference_score"], [[author, "1", "2026-06-20", "0.22119921692859512"]]),
            .of("recommendation_logs", ["post_id", "recommended_at", "reason"], [[post, "2026-06-30 08:15:00", "popular"]]),
            .of("preferences", ["name", "value"], []),
            .of("suppressions", ["subject_kind", "subject", "set_at", "until"], [["author", author, "2026-06-30", "2026-07-05"]]),
        ]
    }

    private func report(_ viewer: Viewer = .at(.full), _ tables: [PersonalTable]? = nil, at now: Instant = wednesday) -> PrivacyReport {
        PrivacyReport(of: viewer, keyID: "fa0cde5e86539aca", tables: tables ?? self.tables, service: service, at: now)
    }

    @Test func `the report reads as its example`() throws {
        let text = report().text
        let example = try #require(read("docs/privacy-report-example.txt"))
        #expect(text == example)
    }

    @Test func `at NONE the report is exactly one sentence`() {
        let none = report(.at(.none, key: nil), [])
        #expect(none.text == "Nothing is stored about you.\n")
        #expect(!none.json.contains(someAlias(1).hex))
        let empty = report(.at(.none), tables.map { PersonalTable(name: $0.name, columns: $0.columns, rows: []) })
        #expect(empty.text == "Nothing is stored about you.\n")
    }

    @Test func `an explicit NONE that had to be remembered says so, in one sentence`() {
        let tombstone = PersonalTable.of("user_aliases", ["alias_id", "privacy_level", "created_at", "last_seen"], [[someAlias(1).hex, "NONE", nil, nil]])
        #expect(report(.at(.none), [tombstone]).text == "Nothing is stored about you but your alias and your choice of NONE, without a time.\n")
    }

    @Test func `rows that should not be there at NONE are shown, not denied`() {
        let text = report(.at(.none)).text
        #expect(text.contains(post) && !text.contains("Nothing is stored"))
        let dated = PersonalTable.of("user_aliases", ["alias_id", "last_seen"], [[someAlias(1).hex, "2026-07-01"]])
        #expect(report(.at(.none), [dated]).text.contains("2026-07-01"))
    }

    @Test func `two reports of the same facts differ in their time alone`() {
        let (first, second) = (report(), report(at: wednesday + .hours(5)))
        #expect(first.text.replacing("2026-07-01 09:30:15", with: "T") == second.text.replacing("2026-07-01 14:30:15", with: "T"))
        #expect(first.json.replacing("2026-07-01 09:30:15", with: "T") == second.json.replacing("2026-07-01 14:30:15", with: "T"))
        #expect(first.checksum == second.checksum)
        var changed = tables
        changed[3].rows[0][2] = "fresh"
        #expect(report(.at(.full), changed).checksum != first.checksum)
    }

    @Test func `every cell of every row stands in text, JSON and export`() {
        let (text, json, csv) = (report().text, report().json, report().csv)
        let export = PrivacyExport(of: .at(.full), keyID: "fa0cde5e86539aca", authorsKey: "0011223344556677", tables: tables).json
        // As people read them: times in one form, measures with four digits.
        let readable = ["2026-06-01 00:00:00.000": "2026-06-01", "2026-06-20 10:00:00.000": "2026-06-20 10:00:00",
            "1782777600000000": "2026-06-30", "0.22119921692859512": "0.2212"]
        for cell in tables.flatMap({ $0.rows.joined() }).compactMap(\.self) {
            let quoted = cell.replacing("\"", with: "\\\"")
            #expect(text.contains(readable[cell] ?? cell) && json.contains("\"\(quoted)\"") && export.contains("\"\(quoted)\""))
            #expect(csv.contains("\"\(cell.replacing("\"", with: "\"\""))\"\r\n"))
        }
    }

    @Test(arguments: [
        ("score_weight", "2.0", "2.0"), ("carried_weight", "1.23456789", "1.2346"), ("preference_score", "0.99995", "1.0"),
        ("preference_score", "-0.00001", "-0.0"), ("preference_score", "nothing", "nothing"), ("occurred_at", "2026-06-20T10:00:00.250000Z", "2026-06-20 10:00:00"),
        ("until", "2026-07-05T00:00:00.000000Z", "2026-07-05"), ("last_seen", "soon", "soon"), ("value", "0.123456", "0.123456"), ("epoch", "3", "3"),
    ])
    func `the text rounds measures and writes times in one form, the JSON keeps both`(column: String, cell: String, shown: String) {
        let report = report(.at(.full), [.of("new_table", [column], [[cell]])])
        #expect(report.text.split(separator: "\n").contains("  " + shown))
        #expect(report.json.contains("\"\(cell)\""))
    }

    @Test func `the next deletion is the oldest row's end, with a view's own age and an asked end`() {
        let lines = report().json.split(separator: "\n").filter { $0.contains("next_deletion") }.map { $0.filter { $0 != " " && $0 != "," } }
        #expect(lines == [
            "\"next_deletion\":\"2027-07-0100:00:00\"",  // seen on the day, 365 days
            "\"next_deletion\":\"2026-07-0700:00:00\"",  // the view of 2026-06-30, 7 days, before the favourite's 90
            "\"next_deletion\":null",
            "\"next_deletion\":\"2026-07-3008:15:00\"",
            "\"next_deletion\":null",
            "\"next_deletion\":\"2026-07-0500:00:00\"",  // as asked, before 365 days
        ])
    }

    @Test func `a cell cannot break a line, steer a terminal or leave its JSON string`() {
        let hostile = "a\n\u{1B}[2Jb\"\\\u{202E}c"
        let table = PersonalTable.of("preferences", ["name", "value"], [["mode", hostile]])
        let report = report(.at(.full), [table])
        #expect(report.text.contains("a??[2Jb\"\\?c") && !report.text.contains("\u{1B}"))
        #expect(report.json.contains(#""a\n\u001b[2Jb\"\\"#))
    }

    @Test func `a table that the report does not know is shown all the same`() {
        let table = PersonalTable.of("new_table", ["x"], [["42"]])
        #expect(report(.at(.full), [table]).text.contains("new_table") && report(.at(.full), [table]).text.contains("42"))
    }

    @Test func `the CSV has a line for each value, and none that a spreadsheet would take for a formula`() throws {
        let table = PersonalTable.of("preferences", ["name", "value"], [["=HYPERLINK(\"x\")", "-1"], [nil, "\u{FF20}a"]])
        let lines = report(.at(.full), [table]).csv.split(separator: "\r\n").map(String.init)
        #expect(lines.first == #""part","row","name","value""#)
        #expect(lines.suffix(4) == [
            #""preferences","1","name","'=HYPERLINK(""x"")""#, #""preferences","1","value","'-1""#, #""preferences","2","name","#,
            "\"preferences\",\"2\",\"value\",\"'\u{FF20}a\"",
        ])
        #expect(report(.at(.none, key: nil), []).csv.contains("\"statement\",\"Nothing is stored about you.\"\r\n"))
    }

    @Test(arguments: [
        ("1970-01-01", 0), ("2000-02-29 12:00:00", 951_825_600), ("1969-12-31T23:59:59Z", -1), ("2026-07-01 09:30:15.250", 1_782_898_215),
    ])
    func `times of both databases are read`(text: String, seconds: Int64) {
        let table = PersonalTable.of("recommendation_logs", ["recommended_at"], [[text]])
        let oldest = report(.at(.full), [table]).json.split(separator: "\n").first { $0.contains("\"oldest\"") } ?? ""
        let direct = PersonalTable.of("recommendation_logs", ["recommended_at"], [[String(seconds * 1_000_000)]])
        let expected = report(.at(.full), [direct]).json.split(separator: "\n").first { $0.contains("\"oldest\"") } ?? ""
        #expect(oldest == expected && oldest.contains(text.prefix(10)))
    }
}
