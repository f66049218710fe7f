import Database
import Fediverse
import Migrations
import Privacy
import TestSupport
import Testing

@testable import Store

@Suite(.onEveryEngine) struct SchemaTests {
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
            let sqlite: SQL = """
                SELECT l.name, group_concat(i.name, ',') FROM sqlite_master m
                JOIN pragma_index_list(m.name) l JOIN pragma_index_info(l.name) i
                WHERE m.type = 'table' AND m.name = \(table) GROUP BY l.name
                """
            let postgres: SQL = """
                SELECT c.relname, (SELECT string_agg(a.attname, ',' ORDER BY k.place) FROM unnest(i.indkey) WITH ORDINALITY AS k (number, place)
                    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number)
                FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = to_regclass(\(table))
                """
            let indexes = try await store.rows(Engine.current == .sqlite ? sqlite : postgres).compactMap { row -> [String]? in
                if case .text(let names) = row[1] { names.split(separator: ",").map(String.init) } else { nil }
            }
            #expect(indexes.contains { $0.starts(with: ["tenant_id"] + columns) }, "\(indexes)")
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
            let sqlite: SQL = "SELECT name FROM pragma_table_info(\(view)) ORDER BY cid"
            let postgres: SQL = "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(\(view)) ORDER BY attnum"
            let found = try await store.rows(Engine.current == .sqlite ? sqlite : postgres).map { $0[0] }
            #expect(found == (columns + ["tenant_id", "namespace"]).map(SQLValue.text))
        }
    }

    /// A view's time: a text that SQLite's functions read, or PostgreSQL's own kind.
    private func time(_ instant: Instant, _ text: String) -> SQLValue { Engine.current == .sqlite ? .text(text) : instant.sqlValue }

    @Test func `the documented views answer for a row that was written`() async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(.full)
            try await store.keep([.status(7, by: 3)])
            try await store.act(.reblog, on: 7, by: 3, viewer)
            try await store.show([store.key(7)], to: viewer)
            #expect(try await store.rows("SELECT alias_id, created_at, privacy_level FROM UserAlias")
                == [[.text(id(1)), time(noon.floored(to: .days(1)), "2026-06-01 00:00:00.000"), .text("FULL")]])
            #expect(try await store.rows("SELECT post_id, author_id, author_name, tags, sensitive FROM PostMetadata")
                == [[.text(id(7)), .text(id(3)), .null, .text(#"["dogs"]"#), .integer(0)]])
            #expect(try await store.rows("""
                SELECT alias_id, post_id, interaction_type, "timestamp", score_weight, context FROM UserInteraction
                """) == [[
                    .text(id(1)), .text(id(7)), .text("BOOST"), time(noon, "2026-06-01 12:00:00.000"), .real(2),
                    .text(#"{"source":"timeline","position":3}"#),
                ]])
            #expect(try await store.rows("SELECT alias_id, author_id, interaction_count FROM AuthorPreference")
                == [[.text(id(1)), .text(id(3)), .integer(1)]])
            #expect(try await store.rows("SELECT alias_id, post_id, reason, model_version FROM RecommendationLog")
                == [[.text(id(1)), .text(id(7)), .text("popular"), .text("blend-v1")]])
        }
    }

    @Test(arguments: [Dialect.sqlite, .postgres])
    func `the class in the line before each table is the state table's`(dialect: Dialect) throws {
        var classes: [String: String] = [:]
        var line: Substring = ""
        for next in Migration.all.flatMap({ (dialect == .sqlite ? $0.sqlite : $0.postgres).split(separator: "\n") }) {
            if next.hasPrefix("-- class: ") { line = next.dropFirst("-- class: ".count) }
            if next.hasPrefix("CREATE TABLE ") {
                let name = String(next.split(separator: " ")[2])
                classes[name] = String(line)
                line = ""
            }
        }
        // The migrator's own table stands in the migrator.
        let tables = KeepingPolicy.standard.tables.filter { $0.name != "schema_migrations" && (dialect == .postgres || !$0.onServerOnly) }
        #expect(classes == Dictionary(uniqueKeysWithValues: tables.map { ($0.name, $0.kind.rawValue) }))
    }

    @Test func `every table has a class, and every personal column its purpose, level rule and retention`() async throws {
        try await TestStore.with { store in
            #expect(try await store.storage.schemaGaps() == [])
            // In the schema's order, so that the documentation reads like the migration.
            for table in KeepingPolicy.standard.personalTables {
                let columns = try await store.look { try $0.columnNames(of: table.name) }
                #expect(columns == table.columns.map(\.name), "\(table.name)")
            }
        }
    }

    @Test func `a table without a class and a personal column without a line are refused`() async throws {
        try await TestStore.with { store in
            try await store.storage.pool.maintain { connection in
                try connection.script("CREATE TABLE diaries (tenant_id BIGINT NOT NULL, page TEXT)")
                try connection.script("ALTER TABLE user_interactions ADD COLUMN mood TEXT")
                try connection.script("ALTER TABLE suppressions RENAME COLUMN until TO ends")
                // Nobody is in it: its columns are no personal ones.
                try connection.script("ALTER TABLE job_runs ADD COLUMN note TEXT")
            }
            #expect(try await store.storage.schemaGaps() == [
                SchemaGap(table: "diaries", column: nil, isUnknown: true),
                SchemaGap(table: "suppressions", column: "ends", isUnknown: true),
                SchemaGap(table: "suppressions", column: "until", isUnknown: false),
                SchemaGap(table: "user_interactions", column: "mood", isUnknown: true),
            ])
        }
    }

    @Test func `the report has a statement for every personal table, and gives the columns that the state table says`() async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(.full)
            let tables = try await store.storage.personalData.everything(about: viewer.alias, in: store.tenant)
            #expect(tables.map(\.name).sorted() == KeepingPolicy.standard.personalTables.map(\.name).sorted())
            for table in KeepingPolicy.standard.personalTables {
                let columns = tables.first { $0.name == table.name }?.columns ?? []
                #expect(columns == table.reported.map(\.name) && Set(columns).count == columns.count, "\(table.name)")
                // Only what stands for something else, or for nothing, may stay out.
                let hidden = table.columns.filter { $0.reportedAs.isEmpty }
                #expect(hidden.allSatisfy { $0.rule == .surrogate }, "\(table.name)")
            }
        }
    }

    @Test func `both engines have the same tables, columns and named constraints`() throws {
        func names(_ dialect: Dialect) -> Set<String> {
            var names: Set<String> = []
            var table: Substring = ""
            for line in Migration.all.flatMap({ (dialect == .sqlite ? $0.sqlite : $0.postgres).split(separator: "\n") }) {
                let words = line.split(separator: " ")
                guard words[0] != "--" else { continue }
                if line.hasPrefix("CREATE TABLE ") { table = words[2] }
                if words.count > 2, ["CREATE INDEX", "CREATE UNIQUE", "CREATE VIEW", "CREATE TABLE"].contains("\(words[0]) \(words[1])") {
                    names.insert("\(words[words[1] == "UNIQUE" ? 3 : 2])")
                }
                if line.hasPrefix(")") { table = "" }
                if table.isEmpty { continue }
                if line.hasPrefix("    CONSTRAINT ") { names.insert("\(table).\(words[1])") }
                if line.hasPrefix("    "), !line.hasPrefix("     "), words[0].first?.isLowercase == true { names.insert("\(table).\(words[0])") }
            }
            return names
        }
        let (sqlite, postgres) = (names(.sqlite), names(.postgres))
        #expect(sqlite.count > 150)
        // A boolean needs no check that it is one; an alias is unique by itself, and its number in a table of its own.
        #expect(sqlite.subtracting(postgres) == [
            "post_metadata.post_metadata_sensitive_check", "user_aliases.user_aliases_tenant_key", "rec_decisions_time_idx", "exposure_events_time_idx",
            "interaction_events_time_idx", "file_rewrites_tenant_idx",
        ])
        #expect(postgres.subtracting(sqlite) == [
            "alias_keys", "alias_keys.alias_key", "alias_keys.tenant_id", "alias_keys.alias_keys_pkey", "alias_keys.alias_keys_tenant_fkey",
            "user_aliases.user_aliases_alias_fkey", "user_aliases_alias_key_idx", "tenants.tenants_pkey", "job_runs.job_runs_pkey",
            "recommendation_logs.recommendation_logs_pkey", "rec_decisions.rec_decisions_pkey", "exposure_events.exposure_events_pkey",
            "interaction_events.interaction_events_pkey", "file_rewrites.file_rewrites_pkey",
        ])
    }
}

/// What a schema needs that is to be distributed by tenant one day, asked of the server's own catalogue.
@Suite(.enabled(if: PostgresServer.address != nil, .init(rawValue: PostgresServer.isMissing)))
struct DistributionTests {
    private func found(_ question: SQL) async throws -> [String] {
        var found: [String] = []
        try await Engine.$current.withValue(.postgres) {
            try await TestStore.with { store in
                found = try await store.storage.pool.read { try $0.all(question) { $0.text(0) } }
            }
        }
        return found
    }

    @Test func `every key holds the tenant, but that of the tenants' names`() async throws {
        #expect(try await found("""
            SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
            WHERE c.relnamespace = current_schema()::regnamespace AND i.indisunique AND NOT EXISTS (
                SELECT 1 FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) AND a.attname = 'tenant_id')
            ORDER BY 1
            """) == ["schema_migrations_pkey", "tenants_domain_key"])
    }

    @Test func `every reference holds the tenant at the same place, cascades and is checked at once`() async throws {
        #expect(try await found("""
            SELECT conname FROM pg_constraint c WHERE connamespace = current_schema()::regnamespace AND contype = 'f' AND (
                condeferrable OR confdeltype <> 'c' OR confupdtype <> 'a'
                OR (SELECT attname FROM pg_attribute WHERE attrelid = conrelid AND attnum = conkey[1]) <> 'tenant_id'
                OR (SELECT attname FROM pg_attribute WHERE attrelid = confrelid AND attnum = confkey[1]) <> 'tenant_id')
            """).isEmpty)
    }

    @Test func `deploy/citus.sql distributes every table once, parents first, and leaves none referring to one that stays`() async throws {
        let path = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/deploy/citus.sql"
        let lines = String(decoding: bytes(of: path), as: UTF8.self).split(separator: "\n")
        func named(_ call: String) -> [String] {
            lines.filter { !$0.hasPrefix("--") }.compactMap { line in
                line.firstRange(of: call + "('").map { String(line[$0.upperBound...].prefix { $0 != "'" }) }
            }
        }
        let (distributed, reference) = (named("create_distributed_table"), named("create_reference_table"))
        #expect(reference == ["tenants"] && Set(distributed).count == distributed.count)
        let tables = try await found("""
            SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
            """)
        #expect(Set(tables) == Set(distributed + reference + ["schema_migrations"]))
        let links = try await found("""
            SELECT conrelid::regclass || ' ' || confrelid::regclass FROM pg_constraint WHERE contype = 'f' AND conparentid = 0
            AND connamespace = current_schema()::regnamespace
            """).map { $0.split(separator: " ").map(String.init) }
        #expect(links.count > 15)
        for link in links {
            let child = try #require(distributed.firstIndex(of: link[0]), "\(link[0]) refers to another table, and is not distributed")
            if let parent = distributed.firstIndex(of: link[1]) { #expect(parent < child, "\(link)") } else { #expect(reference.contains(link[1])) }
        }
        // On the way of it each key stands in the tenant's shard: the tenant is a column of the same kind everywhere.
        #expect(try await found("""
            SELECT attrelid::regclass::text FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
            WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND attname = 'tenant_id' AND (atttypid <> 'bigint'::regtype OR NOT attnotnull)
            """).isEmpty)
    }

    @Test func `every constraint has a name of ours, and what is unique holds the tenant first`() async throws {
        #expect(try await found("""
            SELECT conname FROM pg_constraint WHERE connamespace = current_schema()::regnamespace AND conrelid <> 0 AND conparentid = 0
            AND conname ~ '_(fkey|key|check)[0-9]+$'
            UNION ALL SELECT conname FROM pg_constraint c WHERE connamespace = current_schema()::regnamespace AND contype = 'x'
            UNION ALL SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
            WHERE c.relnamespace = current_schema()::regnamespace AND i.indisunique AND NOT c.relispartition
            AND c.relname NOT IN ('schema_migrations_pkey', 'tenants_domain_key')
            AND (SELECT attname FROM pg_attribute WHERE attrelid = i.indrelid AND attnum = i.indkey[0]) <> 'tenant_id'
            """).isEmpty)
    }

    @Test func `there is no trigger and no unlogged table, and keys are 64 bits wide`() async throws {
        #expect(try await found("""
            SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
            WHERE relnamespace = current_schema()::regnamespace AND NOT tgisinternal
            UNION ALL SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relpersistence <> 'p'
            UNION ALL SELECT attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
            WHERE relnamespace = current_schema()::regnamespace AND attname LIKE '%\\_key' AND relkind IN ('r', 'p') AND atttypid <> 'bigint'::regtype
            """).isEmpty)
    }

    @Test func `the planner keeps no samples of aliases`() async throws {
        #expect(try await found("""
            SELECT DISTINCT attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
            WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND attname IN ('alias_id', 'tag') AND attstattarget <> 0
            """).isEmpty)
    }

    @Test func `nor of texts about people, in the days of evidence either`() async throws {
        var sampled: [String] = []
        try await Engine.$current.withValue(.postgres) {
            try await TestStore.with { store in
                _ = try await store.storage.prepareEvidence(at: noon)
                sampled = try await store.storage.pool.read { connection in
                    try personalTables.flatMap { table in
                        try connection.all("""
                            SELECT c.relname || '.' || a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
                            WHERE (c.oid = to_regclass(\(table)) OR c.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = to_regclass(\(table))))
                            AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid IN ('text'::regtype, 'jsonb'::regtype) AND a.attstattarget <> 0
                            AND a.attname NOT IN ('key_id', 'privacy_level', 'subject_kind', 'namespace')
                            """) { $0.text(0) }
                    }
                }
            }
        }
        #expect(sampled == [])
    }

    @Test func `aliases stand in 64 parts`() async throws {
        #expect(try await found("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = to_regclass('user_aliases')").count == 64)
    }
}
