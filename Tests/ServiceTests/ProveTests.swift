import Database
import Fediverse
import FoundationEssentials
import Glibc
import OpenSSL
import Privacy
import Recommender
import SQLite
import Store
import TestSupport
import Testing

extension ServiceTests {
    /// `sheltie privacy prove` against leaks that were put where they should not be, by SQL and by writing into files, by nobody's program.
    struct ProveTests {
        @Test func `every planted leak is found, and nothing before them`() async throws {
            let test = LargeTest("planted-leaks", seed: 9)
            let place = try await UsedPlace()
            let leaks = Leak.all.map(\.word)
            let words = leaks.compactMap(\.self)
            #expect(Leak.all.count == test.planned && Set(words).count == words.count)
            let before = try await place.prove(words)
            #expect(before.code == 0 && before.report.clean && before.report.findings.isEmpty, "\(before.report.findings)")

            try await place.plantInSealedBackup(words.enumerated().filter { Leak.all.spot(of: $0.element) == .sealedBackup }.map(\.element))
            try place.plantInRows()
            try place.plantInFiles()
            let after = try await place.prove(words)
            #expect(after.code == 65 && !after.report.clean)
            var found = 0
            for leak in Leak.all {
                let number = leak.word.flatMap { words.firstIndex(of: $0) }.map { $0 + 1 }
                let mine = after.report.findings.filter { leak.explains($0, word: number) }
                if mine.isEmpty { Issue.record("\(leak) was not found") } else { found += 1 }
            }
            for finding in after.report.findings {
                let isPlanted = Leak.all.contains { leak in leak.explains(finding, word: leak.word.flatMap { words.firstIndex(of: $0) }.map { $0 + 1 }) }
                #expect(isPlanted, "nobody planted \(finding)")
            }
            // Places, never values.
            for needle in ByteSearch(words).needles {
                #expect(after.output.firstRange(of: needle.bytes) == nil, "the report repeats \(needle.word) as \(needle.form)")
            }
            // Five in pages that were freed and not used again, five in backups.
            #expect(after.report.findings.filter { $0.part == "a free page" }.count >= 5)
            #expect(Set(after.report.findings.filter { $0.part == "a backup" }.map(\.word)).count == 5)
            test.finish(done: Leak.all.count, failed: Leak.all.count - found)
        }

        @Test func `a report is told from one that was changed, and a key that is not there is said`() async throws {
            let place = try await UsedPlace()
            for form in [[], ["--json"]] {
                let program = try await place.place.run(["privacy", "prove"], form)
                let path = place.place.folder + "/report"
                try write(program.output.utf8, to: path)
                #expect(try await place.place.run(["privacy", "prove"], ["--check", path]).output.contains("as it was signed"))
                try write(program.output.replacing("SQLite", with: "SQLate").utf8, to: path)
                let refused = try place.place.start(["privacy", "prove"], ["--check", path])
                #expect(try await refused.ended() == .init(code: 65) && refused.lines.count == 1 && refused.errors.contains("changed"))
            }
        }

        @Test func `an invented person is found and leaves no byte, also while the database is served`() async throws {
            let place = try await UsedPlace()
            let before = try StoredRows(leftAt: place.place).dump(without: ["sqlite_sequence"])
            let program = try await place.place.run(["privacy", "prove"], ["--canary"])
            #expect(program.output.contains("7 of 7 traces of an invented person found; erased"))
            #expect(try StoredRows(leftAt: place.place).dump(without: ["sqlite_sequence"]) == before)
            #expect(access(place.place.key + ".ledger", F_OK) != 0)
            try await place.place.serving { _, _ in
                let beside = try await place.place.run(["privacy", "prove"], ["--canary"])
                #expect(beside.output.contains("7 of 7 traces"))
            }
            #expect(try StoredRows(leftAt: place.place).count("SELECT count(*) FROM user_aliases") == UsedPlace.people)
        }

        @Test func `what cannot be asked for or read is said in one line, with its code`() async throws {
            let place = try await UsedPlace()
            for (more, input, code, words) in [
                (["--words-stdin"], "short\n", Int32(64), "fewer than 8 bytes"), (["--words-stdin"], "", 66, "no word"),
                (["--log", "/nowhere"], "", 64, "--words-stdin"), (["--words-stdin", "--data-directory", "/"], "a long word\n", 64, "PostgreSQL"),
                (["--check", "/nowhere"], "", 66, "cannot be read"), (["--check", place.place.key], "", 65, "no report"),
                (["--words-stdin", "--log", "/nowhere.log"], "a long word\n", 74, "could not be looked into"),
            ] {
                let program = try place.place.start(["privacy", "prove"], more, input: input)
                #expect(try await program.ended() == .init(code: code) && program.lines.count == 1 && program.errors.contains(words), "\(more): \(program.errors)")
            }
        }
    }
}

/// A word, or a row, where it should not be.
private struct Leak: Sendable, CustomStringConvertible {
    enum Spot: Sendable, Equatable { case row, freePage, tablePage, log, writeAheadLog, plainBackup, sealedBackup }

    let spot: Spot
    let kind: String
    /// A table, or nil for a file.
    let table: String?
    let column: String?
    /// How the word is written down; nil where a row itself is the leak.
    let form: String?
    let word: String?
    let statement: String?

    var description: String { "\(kind) \(spot) \(table ?? "") \(column ?? "") \(form ?? "")" }

    private init(_ spot: Spot, _ number: Int, _ form: String) {
        (self.spot, kind, table, column, self.form, statement) = (spot, "word", nil, nil, form, nil)
        word = "Person\(number)_Quast???~~~@wiese\(number).example"
    }

    /// A word in a column.
    private init(_ table: String, _ column: String, _ number: Int, _ form: String, _ statement: String) {
        (spot, kind, self.table, self.column, self.form, self.statement) = (.row, "word", table, column, form, statement)
        word = "Person\(number)_Quast???~~~@wiese\(number).example"
    }

    /// A row that its level does not allow.
    private init(_ kind: String, _ table: String, _ column: String?, _ statement: String) {
        (spot, self.kind, self.table, self.column, form, self.statement) = (.row, kind, table, column, nil, statement)
        word = nil
    }

    /// The word as it is written down.
    var bytes: [UInt8] { word.flatMap { word in ByteSearch([word]).needles.first { $0.form == form }?.bytes } ?? [] }

    func explains(_ finding: Finding, word number: Int?) -> Bool {
        if kind == "word" { return finding.kind == "word" && finding.word == number }
        return finding.kind == kind && finding.place == table && finding.part == column
            // What stands in a column of a person's row is looked at there, too.
            || kind == "form" && finding.kind == "form" && finding.place == table
    }

    /// In the order in which they are planted; `?` stands for the written word.
    static let all = [
        Leak("post_metadata", "content", 1, "raw", "UPDATE post_metadata SET content = 'They said ' || ? WHERE post_key = 1"),
        Leak("post_metadata", "tags", 2, "JSON-escaped whole", "UPDATE post_metadata SET tags = '[\"' || ? || '\"]' WHERE post_key = 2"),
        Leak("post_metadata", "local_id", 3, "lower case", "UPDATE post_metadata SET local_id = ? WHERE post_key = 3"),
        Leak("job_runs", "counts", 4, "hex", "INSERT INTO job_runs (tenant_id, job, started_at, counts) VALUES (1, 'x', 32503680000000000, ?)"),
        Leak("ingest_cursors", "newest_id", 5, "base64", "INSERT INTO ingest_cursors (tenant_id, source, newest_id, updated_at) VALUES (1, 'a', ?, 1)"),
        Leak("ingest_cursors", "refusal", 6, "URL-encoded", "INSERT INTO ingest_cursors (tenant_id, source, refusal, updated_at) VALUES (1, 'b', ?, 1)"),
        Leak("preferences", "value", 7, "upper hex", "INSERT INTO preferences (tenant_id, alias_key, name, value) VALUES (1, 1, 'x', ?)"),
        Leak("recommendation_logs", "above_id", 8, "base64url", "UPDATE recommendation_logs SET above_id = 'x' || ? WHERE log_key = 1"),
        Leak("suppressions", "subject", 9, "SHA-256 in hex", "INSERT INTO suppressions (tenant_id, alias_key, subject_kind, subject, set_at) SELECT 1, 1, 'reason', ?, set_at FROM suppressions LIMIT 1"),
        Leak("key_ids", "key_id", 10, "reversed", "INSERT INTO key_ids (tenant_id, key_id, state, created_at) VALUES (1, ?, 'destroyed', 1)"),
        Leak(.freePage, 11, "raw"), Leak(.freePage, 12, "hex"), Leak(.freePage, 13, "UTF-16"), Leak(.freePage, 14, "SHA-256"), Leak(.freePage, 15, "base64"),
        Leak(.tablePage, 16, "URL-encoded whole"), Leak(.writeAheadLog, 17, "raw"), Leak(.log, 18, "JSON-escaped whole"), Leak(.log, 19, "URL-encoded"),
        Leak(.plainBackup, 20, "raw"), Leak(.plainBackup, 21, "UTF-16"),
        Leak(.sealedBackup, 22, "raw"), Leak(.sealedBackup, 23, "hex"), Leak(.sealedBackup, 24, "base64"),
        Leak("form", "user_interactions", "context", "UPDATE user_interactions SET context = '{\"position\":1}' WHERE alias_key = 2"),
        Leak("age", "recommendation_logs", "recommended_at", "UPDATE recommendation_logs SET recommended_at = 1000000 WHERE log_key = 2"),
        Leak("level", "exposure_events", nil, """
            INSERT INTO exposure_events (tenant_id, occurred_at, alias_key, request_id, surface, items)
            SELECT 1, occurred_at, 2, 'r', 'home', '[]' FROM user_interactions LIMIT 1
            """),
        Leak("orphan", "preferences", nil, "INSERT INTO preferences (tenant_id, alias_key, name, value) VALUES (1, 9999, 'mode', 'off')"),
        Leak("derived", "author_preferences", nil, "UPDATE author_preferences SET interaction_count = 40 WHERE alias_key = 1"),
        // The day before yesterday: yesterday is closed only an hour after midnight.
        Leak("cell", "item_popularity_daily", "score", """
            INSERT INTO item_popularity_daily (tenant_id, day, post_key, score) SELECT 1, max(occurred_at) / 86400000000 - 2, 1, 10 FROM user_interactions
            """),
    ]
}

extension [Leak] {
    fileprivate func spot(of word: String) -> Leak.Spot? { first { $0.word == word }?.spot }
}

private struct Finding: Decodable, Sendable {
    var kind: String
    var place: String
    var part: String?
    var encoding: String?
    var word: Int?
    var page: Int?
    var offset: Int?
}

private struct Signed: Decodable {
    struct Report: Decodable, Sendable {
        var clean: Bool
        var findings: [Finding]
    }
    var report: Report
}

/// An installation in which people at each level have acted, with a log and two backups.
private struct UsedPlace {
    static let people = 3

    let place: Place
    private var logFile: String { place.folder + "/service.log" }
    private var copy: String { place.data + "/copy.db" }
    private var sealed: String { place.data + "/today.backup" }

    init() async throws {
        place = try Place()
        let moment = now()
        let storage = try await Storage.open(.sqlite(path: place.database), role: .serve, now: moment)
        let tenant = try await storage.tenant(domain: place.domain, at: moment)
        let names = try place.pseudonymizer()
        try await storage.registerKey(id: names.keyID, in: tenant, at: moment)
        func id(_ text: String) -> String { Pseudonymizer.postID(host: "used.example", uri: text) }
        let statuses = (1...40).map { number in
            KeptStatus(
                postID: id("status \(number)"), authorID: id("author \(number % 4)"), localID: "local-\(number)", content: "A walk, number \(number)",
                createdAt: moment - .minutes(5), tags: ["walk"])
        }
        _ = try await storage.statuses.keep(statuses, cursor: nil, in: tenant, at: moment)
        let policy = PrivacyPolicy()
        for (number, level) in [PrivacyLevel.full, .limited, .full].enumerated() {
            let alias = try names.alias(domain: place.domain, accountID: "\(1_000 + number)")
            let viewer = try await storage.people.setLevel(level, of: alias, in: tenant, at: moment).viewer
            for status in statuses.prefix(9) {
                let act = Interaction(post: PostReference(postID: status.postID, authorID: status.authorID), kind: .favourite, at: moment, weight: 1)
                try await storage.interactions.record(#require(policy.permit(act, visibility: .public, for: viewer)))
            }
            for key in 1...4 {
                let shown = Recommendation(post: PostKey(Int64(key)), at: moment, reason: "popular", shownAs: "\(number)\(key)", above: "1", below: "2", position: 3)
                _ = try await storage.recommendationLog.record([#require(policy.permit(shown, for: viewer))], while: { true })
            }
            let less = Suppression(subject: .reason(code: "fresh"), setAt: moment)
            try await storage.preferences.suppress(#require(policy.permit(suppression: less, for: viewer)))
        }
        await storage.shutdown()
        try write("service started\n".utf8, to: logFile)
        try SQLiteConnection(path: place.database, access: .writer).backup(to: copy)
        try await place.run(["db", "backup", sealed])
    }

    func prove(_ words: [String]) async throws -> (code: Int32?, report: Signed.Report, output: [UInt8]) {
        let program = try place.start(["privacy", "prove", "--json"], ["--words-stdin", "--log", logFile], input: words.joined(separator: "\n") + "\n")
        let ending = try await program.ended()
        let output = Array(program.output.utf8)
        return (ending.code, try JSONDecoder().decode(Signed.self, from: Data(output)).report, output + Array(program.errors.utf8))
    }

    /// The words come into the database, are backed up, and go again.
    func plantInSealedBackup(_ words: [String]) async throws {
        let leaks = Leak.all.filter { $0.spot == .sealedBackup }
        #expect(leaks.compactMap(\.word) == words)
        do {
            let connection = try SQLiteConnection(path: place.database, access: .writer)
            for (number, leak) in leaks.enumerated() {
                try connection.run("INSERT INTO ingest_cursors (tenant_id, source, newest_id, updated_at) VALUES (1, \("s\(number)"), \(String(decoding: leak.bytes, as: UTF8.self)), 1)")
            }
        }
        unlink(sealed)
        try await place.run(["db", "backup", sealed])
        let connection = try SQLiteConnection(path: place.database, access: .writer)
        try connection.run("DELETE FROM ingest_cursors")
        #expect(try connection.truncateLog())
    }

    func plantInRows() throws {
        let connection = try SQLiteConnection(path: place.database, access: .writer)
        try connection.script("PRAGMA foreign_keys = OFF")
        for leak in Leak.all where leak.spot == .row {
            let text = SQLValue.text(String(decoding: leak.bytes, as: UTF8.self))
            let changed = try connection.run(SQL(raw: (leak.statement ?? "").replacing("?", with: "$1"), values: leak.word == nil ? [] : [text]))
            #expect(changed > 0, "\(leak)")
        }
        // Pages to be freed: filled, emptied, and not used again.
        try connection.script("CREATE TABLE filling (text TEXT)")
        for number in 0..<40 { try connection.run("INSERT INTO filling (text) VALUES (\(String(repeating: "\(number % 10)", count: 4_000)))") }
        try connection.script("DROP TABLE filling")
        #expect(try connection.truncateLog())
    }

    func plantInFiles() throws {
        var file = bytes(of: place.database)
        let pageSize = Int(file[16]) << 8 | Int(file[17])
        func number(at place: Int) -> Int { file[place..<place + 4].reduce(0) { $0 << 8 | Int($1) } }
        // The file's list of free pages: a trunk with the numbers of the others.
        let trunk = number(at: 32)
        let free = (0..<number(at: (trunk - 1) * pageSize + 4)).map { number(at: (trunk - 1) * pageSize + 8 + 4 * $0) }
        #expect(free.count >= 10)
        for (page, leak) in zip(free.dropFirst(2), Leak.all.filter { $0.spot == .freePage }) { put(leak.bytes, at: (page - 1) * pageSize + 100, in: &file) }
        // Between the heads of a table's first page and its cells nothing stands that SQLite would read.
        let empty = try SQLiteConnection(path: place.database, access: .reader).first("SELECT rootpage FROM sqlite_schema WHERE name = 'post_removals'") { Int($0.integer(0)) }
        let table = try #require(empty)
        for leak in Leak.all where leak.spot == .tablePage { put(leak.bytes, at: (table - 1) * pageSize + 1_000, in: &file) }
        try write(file, to: place.database)
        for leak in Leak.all where leak.spot == .writeAheadLog { try write([UInt8](repeating: 0, count: 600) + leak.bytes, to: place.database + "-wal") }
        var log = Array("one line\n".utf8)
        for leak in Leak.all where leak.spot == .log { log += Array("GET /".utf8) + leak.bytes + Array("\n".utf8) }
        try write(log, to: logFile)
        var backup = bytes(of: copy)
        for leak in Leak.all where leak.spot == .plainBackup { backup += leak.bytes }
        try write(backup, to: copy)
    }

    private func put(_ bytes: [UInt8], at place: Int, in file: inout [UInt8]) { file.replaceSubrange(place..<place + bytes.count, with: bytes) }
}
