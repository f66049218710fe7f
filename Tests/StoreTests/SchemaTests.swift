import Database
import Fediverse
import Migrations
import Privacy
import Testing

@testable import Store

struct SchemaTests {
    /// The documented index, as the columns that stand for it here after `tenant_id`.
    @Test(arguments: [
        ("user_aliases", ["alias_id"]),
        ("post_metadata", ["post_id"]), ("post_metadata", ["author_key"]), ("post_metadata", ["created_at"]),
        ("post_metadata", ["language"]), ("post_metadata", ["tags"]),
        ("user_interactions", ["alias_key"]), ("user_interactions", ["post_key"]), ("user_interactions", ["kind"]),
        ("user_interactions", ["occurred_at"]), ("user_interactions", ["alias_key", "post_key"]),
        ("user_interactions", ["alias_key", "post_key", "kind"]),
        ("author_preferences", ["alias_key"]), ("author_preferences", ["author_key"]), ("author_preferences", ["preference_score"]),
        ("author_preferences", ["alias_key", "author_key"]),
        ("recommendation_logs", ["alias_key"]), ("recommendation_logs", ["post_key"]), ("recommendation_logs", ["recommended_at"]),
        ("recommendation_logs", ["alias_key", "post_key"]),
    ])
    func `every documented index exists or begins one`(table: String, columns: [String]) async throws {
        try await TestStore.with { store in
            let indexes = try await store.rows("""
                SELECT l.name, group_concat(i.name, ',') FROM sqlite_master m
                JOIN pragma_index_list(m.name) l JOIN pragma_index_info(l.name) i
                WHERE m.type = 'table' AND m.name = \(table) GROUP BY l.name
                """).compactMap { row -> [String]? in
                if case .text(let names) = row[1] { names.split(separator: ",").map(String.init) } else { nil }
            }
            let wanted = ["tenant_id"] + columns
            #expect(indexes.contains { $0.starts(with: wanted) }, "\(indexes)")
        }
    }

    @Test(arguments: [
        ("UserAlias", ["alias_id", "created_at", "last_seen", "privacy_level"]),
        ("PostMetadata", [
            "post_id", "author_id", "author_name", "content", "language", "created_at", "favorites", "boosts", "replies", "sensitive", "tags",
        ]),
        ("UserInteraction", ["id", "alias_id", "post_id", "interaction_type", "timestamp", "score_weight", "context"]),
        ("AuthorPreference", ["id", "alias_id", "author_id", "interaction_count", "last_interaction_at", "preference_score"]),
        ("RecommendationLog", ["id", "alias_id", "post_id", "recommended_at", "reason", "model_version"]),
    ])
    func `each documented record is a view with its columns in their order`(view: String, columns: [String]) async throws {
        try await TestStore.with { store in
            let found = try await store.rows("SELECT name FROM pragma_table_info(\(view)) ORDER BY cid").map { $0[0] }
            #expect(found == (columns + ["tenant_id", "namespace"]).map(SQLValue.text))
        }
    }

    @Test func `the documented views answer for a row that was written`() async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(.full)
            try await store.keep([.status(7, by: 3)])
            try await store.act(.reblog, on: 7, by: 3, viewer)
            try await store.show([store.key(7)], to: viewer)
            #expect(try await store.rows("SELECT alias_id, created_at, privacy_level FROM UserAlias")
                == [[.text(id(1)), .text("2026-06-01 00:00:00.000"), .text("FULL")]])
            #expect(try await store.rows("SELECT post_id, author_id, author_name, tags, sensitive FROM PostMetadata")
                == [[.text(id(7)), .text(id(3)), .null, .text(#"["dogs"]"#), .integer(0)]])
            #expect(try await store.rows("""
                SELECT alias_id, post_id, interaction_type, "timestamp", score_weight, context FROM UserInteraction
                """) == [[
                    .text(id(1)), .text(id(7)), .text("BOOST"), .text("2026-06-01 12:00:00.000"), .real(2),
                    .text(#"{"source":"timeline","position":3}"#),
                ]])
            #expect(try await store.rows("SELECT alias_id, author_id, interaction_count FROM AuthorPreference")
                == [[.text(id(1)), .text(id(3)), .integer(1)]])
            #expect(try await store.rows("SELECT alias_id, post_id, reason, model_version FROM RecommendationLog")
                == [[.text(id(1)), .text(id(7)), .text("popular"), .text("blend-v1")]])
        }
    }

    @Test func `every table has a class, and the personal ones are those that are counted and erased`() throws {
        var classes: [String: String] = [:]
        var line: Substring = ""
        for next in Migration.all.flatMap({ $0.sqlite.split(separator: "\n") }) {
            if next.hasPrefix("-- class: ") { line = next.dropFirst("-- class: ".count) }
            if next.hasPrefix("CREATE TABLE ") {
                let name = String(next.split(separator: " ")[2])
                classes[name] = String(line)
                line = ""
            }
        }
        #expect(classes.values.allSatisfy { ["personal", "about authors", "shared", "configuration"].contains($0) }, "\(classes)")
        #expect(Set(classes.filter { $0.value == "personal" }.keys) == Set(personalTables))
    }
}
