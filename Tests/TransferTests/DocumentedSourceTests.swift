import Database
import Fediverse
import Postgres
import Privacy
import SQLite
import TestSupport
import Testing

@testable import Store

private let noon = Instant(microseconds: 1_790_000_000_000_000)

extension TransferTests {
    /// A database of the documented five tables, as a program that follows the documentation writes it.
    struct DocumentedSourceTests {
        static let schema = """
            CREATE TABLE user_alias (alias_id VARCHAR(64) NOT NULL PRIMARY KEY, created_at DATETIME NOT NULL, last_seen DATETIME,
                privacy_level VARCHAR(7) NOT NULL DEFAULT 'FULL');
            CREATE TABLE post_metadata (post_id VARCHAR(64) NOT NULL PRIMARY KEY, author_id VARCHAR(64) NOT NULL, author_name VARCHAR(255), content TEXT,
                language VARCHAR(10) DEFAULT 'en', created_at DATETIME NOT NULL, favorites INTEGER DEFAULT 0, boosts INTEGER DEFAULT 0,
                replies INTEGER DEFAULT 0, sensitive BOOLEAN DEFAULT 0, tags JSON);
            CREATE TABLE user_interaction (id INTEGER PRIMARY KEY AUTOINCREMENT, alias_id VARCHAR(64) NOT NULL REFERENCES user_alias (alias_id),
                post_id VARCHAR(64) NOT NULL REFERENCES post_metadata (post_id), interaction_type VARCHAR(8) NOT NULL, timestamp DATETIME,
                score_weight FLOAT DEFAULT 1.0, context JSON, UNIQUE (alias_id, post_id, interaction_type));
            CREATE TABLE author_preference (id INTEGER PRIMARY KEY AUTOINCREMENT, alias_id VARCHAR(64) NOT NULL, author_id VARCHAR(64) NOT NULL,
                interaction_count INTEGER DEFAULT 0, last_interaction_at DATETIME, preference_score FLOAT DEFAULT 0.0, UNIQUE (alias_id, author_id));
            CREATE TABLE recommendation_log (id INTEGER PRIMARY KEY AUTOINCREMENT, alias_id VARCHAR(64) NOT NULL, post_id VARCHAR(64) NOT NULL,
                recommended_at DATETIME, reason VARCHAR(255), model_version VARCHAR(50));
            INSERT INTO user_alias VALUES ('\(full)', '2026-05-01 10:11:12.123456', '2026-05-20 10:11:12', 'FULL'), ('10042', '2026-05-01 10:11:12', NULL, 'FULL'),
                ('10043', '2026-05-01', '2026-05-21 23:59:59', 'LIMITED'), ('10044', '2026-05-01 00:00:00', NULL, 'NONE');
            INSERT INTO post_metadata VALUES ('p1', 'https://a.example/u/1', 'Ann', '<p>Hello <b>dogs</b></p>', 'en', '2026-05-10 08:00:00.000001', 5, 2, 1, 0, '["dogs", "cats"]'),
                ('p2', 'https://a.example/u/2', 'Ben', 'two', NULL, '2026-05-10T09:00:00+02:00', 0, 0, 0, 'false', '[]'), ('p3', 'https://a.example/u/1', 'Ann', 'three', 'de', 1778400000, 0, 0, 0, 1, NULL);
            INSERT INTO user_interaction (alias_id, post_id, interaction_type, timestamp, score_weight, context) VALUES
                ('\(full)', 'p1', 'FAVORITE', '2026-05-20 10:11:12.654321', 1.5, '{"source": "home", "injected": true, "who": "@ann"}'), ('10042', 'p2', 'BOOST', '2026-05-20 10:11:12', 1, '{}'),
                ('10043', 'p1', 'BOOKMARK', '2026-05-20 10:11:12', 1, '{"source": "home"}'), ('10043', 'p3', 'VIEW', '2026-05-20 10:11:12', 1, NULL),
                ('10044', 'p1', 'FAVORITE', '2026-05-20 10:11:12', 1, NULL);
            INSERT INTO author_preference (alias_id, author_id, interaction_count, last_interaction_at, preference_score) VALUES
                ('\(full)', 'https://a.example/u/1', 3, '2026-05-20 10:11:12', 4.5), ('10043', 'https://a.example/u/1', 1, '2026-05-20 10:11:12', 1), ('10044', 'https://a.example/u/1', 1, '2026-05-20 10:11:12', 1);
            INSERT INTO recommendation_log (alias_id, post_id, recommended_at, reason, model_version) VALUES ('\(full)', 'p2', '2026-05-20 10:11:12', 'Because of Ann', 'rank-1'),
                ('10043', 'p2', '2026-05-20 10:11:12', 'Because of Ann', 'rank-1');
            """
        /// An alias that the other program has made.
        static let full = String(repeating: "0123456789abcdef", count: 4)

        private func place(_ change: String = "") throws -> (Place, Transfer, Pseudonymizer) {
            let place = try Place()
            // Our connections claim what they write to: that is taken back.
            try SQLiteConnection(path: place.path, access: .writer).script(
                Self.schema + "; \(change); PRAGMA application_id = 0; PRAGMA journal_mode = DELETE")
            _ = try KeyRing.create(at: place.folder + "/key")
            let pseudonymizer = Pseudonymizer(try KeyRing.load(path: place.folder + "/key"))
            var transfer = place.transfer
            transfer.identity = Transfer.Identity(domain: "social.example", pseudonymizer: pseudonymizer)
            return (place, transfer, pseudonymizer)
        }

        private func text(_ place: Place, _ statement: String) throws -> [String] {
            try place.target().all(SQL(raw: statement)) { row in (0..<row.columnCount).map { row.isNull($0) ? "-" : row.text($0) }.joined(separator: " ") }
        }

        @Test func `people, posts and acts move in, under aliases and keyed authors only`() async throws {
            let (place, transfer, pseudonymizer) = try place()
            let before = bytes(of: place.path)
            let report = try await transfer.run(at: noon) { _ in }
            #expect(bytes(of: place.path) == before)
            #expect(report.unfit.isEmpty)
            #expect(report.peopleAtNone == 1 && report.rowsOfPeopleAtNone == 2 && report.views == 1)

            let alias = try pseudonymizer.alias(domain: "social.example", accountID: "10042").hex
            let limited = try pseudonymizer.alias(domain: "social.example", accountID: "10043").hex
            #expect(try text(place, "SELECT alias_id, privacy_level, key_id = 'documented', created_at::text, last_seen::text FROM user_aliases ORDER BY alias_key") == [
                "\(Self.full) FULL 1 2026-05-01 00:00:00+00 2026-05-20 00:00:00+00", "\(alias) FULL 0 2026-05-01 00:00:00+00 -",
                "\(limited) LIMITED 0 2026-05-01 00:00:00+00 2026-05-18 00:00:00+00",
            ])
            let ann = pseudonymizer.authorID(uri: "https://a.example/u/1")
            #expect(try text(place, "SELECT post_id, author_id = '\(ann)', content, language, created_at::text, favorites, sensitive, tags FROM PostMetadata ORDER BY post_id") == [
                "p1 1 Hello dogs en 2026-05-10 08:00:00.000001+00 5 0 [\"dogs\",\"cats\"]", "p2 0 two - 2026-05-10 07:00:00+00 0 0 -", "p3 1 - - - 0 1 -",
            ])
            #expect(try text(place, "SELECT alias_id, post_id, interaction_type, timestamp::text, score_weight, context FROM UserInteraction ORDER BY 3") == [
                "\(limited) p1 BOOKMARK 2026-05-20 10:00:00+00 1.0 -", "\(alias) p2 BOOST 2026-05-20 10:11:12+00 1.0 -",
                "\(Self.full) p1 FAVORITE 2026-05-20 10:11:12+00 1.5 {\"source\":\"home\"}",
            ])
            #expect(try text(place, "SELECT alias_id, interaction_count, preference_score FROM AuthorPreference") == ["\(Self.full) 3 1.0"])
            #expect(try text(place, "SELECT alias_id, reason, model_version FROM RecommendationLog ORDER BY id") == [
                "\(Self.full) documented rank-1", "\(limited) documented -",
            ])
        }

        @Test func `no raw id, name or handle is anywhere in the target`() async throws {
            let (place, transfer, _) = try place()
            _ = try await transfer.run(at: noon) { _ in }
            let target = try place.target()
            for table in try target.all("SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind = 'r'", { $0.text(0) }) {
                for row in try target.all(SQL(raw: "SELECT t::text FROM \"\(table)\" t"), { $0.text(0) }) {
                    for word in ["10042", "10043", "10044", "Ann", "@ann", "a.example", "Because"] { #expect(!row.contains(word), "\(table)") }
                }
            }
        }

        @Test func `the program takes the instance and the key's file`() throws {
            let (place, _, pseudonymizer) = try place()
            let process = try Process(
                ["migrate", "to-postgres", "--from", place.path, "--to", place.url, "--domain", "Social.Example", "--key-file", place.folder + "/key"],
                in: place.folder)
            #expect(try process.waited() == 0, "\(process.errors)")
            #expect(process.output.contains("1 people at level NONE were not carried over, nor 2 row(s) about them."))
            let alias = try pseudonymizer.alias(domain: "social.example", accountID: "10042").hex
            #expect(try place.target().first("SELECT count(*) FROM user_aliases WHERE alias_id = \(alias)") { $0.integer(0) } == 1)
        }

        @Test func `without a key and an instance nothing is begun`() async throws {
            let (place, _, _) = try place()
            await #expect(throws: TransferError.needsIdentity) { try await place.transfer.run(at: noon) { _ in } }
            #expect(try place.isEmpty() && !Staging.open(place.url).isThere())
        }

        @Test func `an id that can be no account's is named by its row's number alone`() async throws {
            let (place, transfer, _) = try place("PRAGMA foreign_keys = OFF; UPDATE user_alias SET alias_id = '@ann@a.example' WHERE alias_id = '10042'")
            var trial = transfer
            trial.isTrial = true
            let unfit = try await trial.run(at: noon) { _ in }.unfit
            #expect(unfit.first == .init(table: "user_aliases", key: "2", reason: "alias_id is no id that an alias can be made of"))
            #expect(try place.isEmpty())
        }

        static let hazards: [Hazard] = [
            Hazard(name: "boolean 2", column: "sensitive", value: "2", reason: "sensitive is neither true nor false"),
            Hazard(name: "boolean 'true' as text", column: "sensitive", value: "'true'", becomes: .integer(1)),
            Hazard(name: "text with a NUL byte", column: "content", value: "CAST(x'610062' AS TEXT)", reason: "content holds a NUL byte"),
            Hazard(name: "invalid JSON", column: "tags", value: "'[\"a\"'", reason: "tags is no JSON"),
            Hazard(name: "empty string as JSON", column: "tags", value: "''", becomes: .null),
            Hazard(name: "timestamp 'yesterday'", column: "created_at", value: "'yesterday'", reason: "created_at is no date and time"),
            Hazard(name: "a day that no month has", column: "created_at", value: "'2026-02-30 00:00:00'", reason: "created_at is no date and time"),
            Hazard(name: "epoch integer in a DATETIME column", column: "created_at", value: "1780000000", becomes: .integer(1_780_000_000_000_000)),
            Hazard(name: "integer 9223372036854775807", column: "favorites", value: "9223372036854775807", becomes: .integer(.max)),
            Hazard(name: "text in an INTEGER column", column: "favorites", value: "'many'", reason: "favorites is no whole number"),
            Hazard(name: "real in an INTEGER column", column: "favorites", value: "1.5", reason: "favorites is no whole number"),
            Hazard(name: "invalid UTF-8", column: "content", value: "CAST(x'61FF62' AS TEXT)", reason: "content is not UTF-8"),
            Hazard(name: "tab, newline, backslash, \\N", column: "content", value: "'a' || char(92) || 'N b'", becomes: .text("a\\N b")),
            Hazard(name: "NULL", column: "content", value: "NULL", becomes: .null),
        ]

        @Test func `a strange value of theirs is converted as documented, or named`() async throws {
            let posts = Self.hazards.indices.map { "('h\($0)', 'x', NULL, 'c', 'en', '2026-05-10', 0, 0, 0, 0, NULL)" }.joined(separator: ", ")
            let changes = Self.hazards.enumerated().map { "UPDATE post_metadata SET \($1.column) = \($1.value) WHERE post_id = 'h\($0)'" }
            let acts = Self.hazards.indices.map { "('\(Self.full)', 'h\($0)', 'REPLY', '2026-05-10')" }.joined(separator: ", ")
            let (place, begun, _) = try place(
                (["INSERT INTO post_metadata VALUES \(posts)"] + changes
                    + ["INSERT INTO user_interaction (alias_id, post_id, interaction_type, timestamp) VALUES \(acts)"]).joined(separator: "; "))
            var transfer = begun
            transfer.leavesOut = true
            let unfit = try await transfer.run(at: noon) { _ in }.unfit
            // Three posts stand before them, and their acts behind five.
            let bad = Self.hazards.enumerated().filter { $1.becomes == nil }
            #expect(unfit.filter { $0.table == "post_metadata" } == bad.map { .init(table: "post_metadata", key: String($0 + 4), reason: $1.reason) })
            #expect(unfit.filter { $0.table == "user_interactions" } == bad.map {
                .init(table: "user_interactions", key: String($0.offset + 6), reason: "it refers to a row of post_metadata that is not there")
            })
            for (number, hazard) in Self.hazards.enumerated() {
                let found = try place.target().all(SQL(raw: "SELECT \(hazard.column) FROM post_metadata WHERE post_id = 'h\(number)'")) { $0.value(0) }
                #expect(found == (hazard.becomes.map { [$0] } ?? []), "\(hazard.name)")
            }
        }
    }
}
