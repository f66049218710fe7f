import Database
import Glibc
import Migrations
import Postgres
import SQLite
import Synchronization
import TestSupport

@testable import Store

/// A source's file in a folder of its own, and an empty database on the tests' server; both are removed at the end.
final class Place {
    let folder: String
    let path: String
    let database: String
    private let owner: PostgresConnection

    private static let names = Atomic(0)

    init() throws {
        folder = try temporaryFolder()
        path = folder + "/source.db"
        database = "transfer_\(getpid())_\(Self.names.add(1, ordering: .relaxed).newValue)"
        owner = try PostgresConnection(PostgresSettings(url: PostgresServer.address()))
        try owner.script("CREATE DATABASE \(database)")
    }

    deinit {
        try? owner.script("DROP DATABASE \(database) WITH (FORCE)")
        removeTree(folder)
    }

    var url: String { PostgresServer.address(user: "mover", database: database) }
    var transfer: Transfer { Transfer(source: path, target: url) }

    func target() throws -> PostgresConnection { try PostgresConnection(PostgresSettings(url: url)) }
    func source() throws -> SQLiteConnection { try SQLiteConnection(path: path, access: .writer) }

    /// The target, empty again.
    func emptyTarget() throws {
        try owner.script("DROP DATABASE \(database) WITH (FORCE)")
        try owner.script("CREATE DATABASE \(database)")
    }

    /// A database of ours with rows in every table.
    /// - Parameter acts: interactions; everything else follows from it.
    func fill(acts: Int) throws {
        let source = try source()
        try Storage.migrator(.sqlite).apply(on: source, at: 0)
        try source.transaction { for statement in Self.rows(acts: acts) { try source.run(SQL(raw: statement)) } }
        _ = try source.truncateLog()
    }

    /// Moments of 2026, every kind of NULL, texts that a text format would have to escape, JSON with and without members.
    private static func rows(acts: Int) -> [String] {
        let (people, posts) = (max(8, acts / 50) | 1, max(20, acts / 5))
        // One odd, one round: few acts fall together.
        func each(_ count: Int) -> String { "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(count))" }
        func id(_ kind: Int, _ number: String) -> String { "printf('%016x%032x%016x', \(kind), \(number), \(number) * 2654435761 % 4294967296)" }
        let moment = "1780000000000000 + i * 1000003"
        return [
            "INSERT INTO tenants (domain, snapshot_version, created_at) VALUES ('social.example', 7, 1780000000000000), ('other.example', 0, 0)",
            "INSERT INTO key_ids (tenant_id, key_id, state, created_at) VALUES (1, '0123456789abcdef', 'active', 1780000000000000)",
            """
            \(each(people)) INSERT INTO user_aliases (tenant_id, alias_id, key_id, privacy_level, epoch, created_at, last_seen)
            SELECT 1 + (i % 20 = 0), \(id(1, "i")), '0123456789abcdef', CASE i % 10 WHEN 0 THEN 'LIMITED' WHEN 5 THEN 'NONE' ELSE 'FULL' END, i,
                CASE WHEN i % 10 <> 5 THEN \(moment) END, CASE WHEN i % 10 <> 5 THEN \(moment) END FROM n
            """,
            "\(each(posts / 10 + 1)) INSERT INTO authors (tenant_id, author_id) SELECT 1, \(id(2, "i")) FROM n",
            """
            \(each(posts)) INSERT INTO post_metadata (tenant_id, post_id, author_key, eligible, local_id, content, language, created_at, edited_at, favorites,
                boosts, replies, tags, source, checked_at, changed_version)
            SELECT 1, \(id(3, "i")), 1 + i / 10, i % 7 <> 0, CASE WHEN i % 7 <> 0 THEN 115000000000000000 + i END,
                CASE WHEN i % 7 <> 0 THEN CASE i % 5 WHEN 0 THEN '' WHEN 1 THEN 'tab' || char(9) || 'newline' || char(10) || 'back\\slash \\N'
                    ELSE 'Straße 猫 🐕 "quoted", ' || i END END,
                CASE WHEN i % 7 <> 0 AND i % 3 <> 0 THEN 'de' END, CASE WHEN i % 7 <> 0 THEN \(moment) END, CASE WHEN i % 7 = 1 THEN \(moment) END,
                CASE WHEN i = 3 THEN 9223372036854775807 ELSE i END, i % 20, i % 9,
                CASE WHEN i % 7 <> 0 THEN CASE i % 4 WHEN 0 THEN '["dogs"]' WHEN 1 THEN '["a b","é\\n","\\"q\\""]' END END,
                CASE WHEN i % 7 <> 0 THEN 'public' END, CASE WHEN i % 7 <> 0 THEN \(moment) END, i FROM n
            """,
            """
            \(each(acts)) INSERT OR IGNORE INTO user_interactions (tenant_id, alias_key, post_key, kind, occurred_at, score_weight, context)
            SELECT 1, 1 + i * 7919 % \(people), 1 + i * 104729 % \(posts), i % 5, \(moment), CASE i % 3 WHEN 0 THEN 0.1 * i WHEN 1 THEN 2 END,
                CASE i % 3 WHEN 0 THEN '{"source":"timeline_home","position":' || i % 20 || '}' WHEN 1 THEN '{}' END FROM n
                WHERE (1 + i * 7919 % \(people)) % 20 <> 0
            """,
            """
            INSERT INTO author_preferences (tenant_id, alias_key, author_key, interaction_count, last_interaction_at, preference_score, carried_weight)
            SELECT 1, alias_key, author_key, count(*), max(occurred_at), 1.0 / count(*), 0.5
            FROM user_interactions JOIN post_metadata USING (tenant_id, post_key) GROUP BY 2, 3
            """,
            """
            INSERT INTO recommendation_logs (tenant_id, alias_key, post_key, recommended_at, reason, model_version, shown_as, above_id, below_id, position)
            SELECT 1, alias_key, post_key, occurred_at, 'popular', 'blend-v1', 'w' || row_number() OVER (), 'a', NULL, 3 FROM user_interactions WHERE kind = 1
            """,
            "INSERT INTO preferences (tenant_id, alias_key, name, value) SELECT tenant_id, alias_key, 'mode', 'blend' FROM user_aliases",
            """
            INSERT INTO suppressions (tenant_id, alias_key, subject_kind, subject, set_at, until)
            SELECT tenant_id, alias_key, 'reason', 'popular', 1780000000000000, CASE alias_key % 2 WHEN 0 THEN 1790000000000000 END FROM user_aliases
            """,
            "INSERT INTO item_popularity_daily (tenant_id, day, post_key, score, public_score) SELECT 1, 20600, post_key, NULLIF(post_key % 3 * 5, 0), 2 FROM post_metadata",
            "INSERT INTO author_opt_outs (tenant_id, author_id, source, set_at) VALUES (1, \(id(4, "1")), 'profile', -1)",
            "INSERT INTO ingest_cursors (tenant_id, source, newest_id, updated_at) VALUES (1, 'public', '115000000000000001', 1780000000000000)",
            "INSERT INTO job_runs (tenant_id, job, started_at, finished_at, outcome, counts) VALUES (1, 'ingest', 1, 2, 'done', '{\"kept\":1,\"seen\":3}')",
            "INSERT INTO leases (tenant_id, name, fence, holder, expires_at) VALUES (1, 'ingest', 9, 'word', 1780000000000000)",
            "INSERT INTO erasure_ledger (tenant_id, tag, erased_at) VALUES (1, \(id(5, "1")), 1780000000000000)",
            "INSERT INTO post_removals (tenant_id, changed_version, post_key, removed_at) VALUES (1, 3, 99, 1780000000000000)",
            // A number that was given out and whose row is gone.
            "UPDATE sqlite_sequence SET seq = seq + 1000 WHERE name IN ('post_metadata', 'user_aliases')",
        ]
    }
}

/// A table's rows in order, read through the drivers and not through the transfer.
func rows(_ connection: some Connection, _ table: String, _ columns: [String]) throws -> [[SQLValue]] {
    let list = columns.joined(separator: ", ")
    // By text in the order of bytes on both sides.
    let order = connection.dialect == .sqlite ? list : columns.map { "\($0)::text COLLATE \"C\"" }.joined(separator: ", ")
    let rows = try connection.all(SQL(raw: "SELECT \(list) FROM \(table) ORDER BY \(order)")) { row in columns.indices.map { row.value($0) } }
    return rows.sorted { "\($0)" < "\($1)" }
}

/// Names of our tables in a file, with their columns.
func tables(of source: SQLiteConnection) throws -> [(name: String, columns: [String])] {
    try source.all("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name <> 'schema_migrations'") { $0.text(0) }.map { name in
        (name, try source.all("SELECT name FROM pragma_table_info(\(name)) ORDER BY cid") { $0.text(0) })
    }
}

/// The tables of which the two sides differ.
func differences(_ place: Place) throws -> [String] {
    let (source, target) = (try place.source(), try place.target())
    return try tables(of: source).filter { try rows(source, $0.name, $0.columns) != rows(target, $0.name, $0.columns) }.map(\.name)
}

/// Everything that the catalogue says of a schema's tables, one line for each column, constraint, index, view and identity.
func shape(_ target: PostgresConnection) throws -> [String] {
    try target.all("""
        SELECT format('column %s.%s %s %s %s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attstattarget)
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'v') AND a.attnum > 0
        UNION ALL SELECT format('constraint %s %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(k.oid), convalidated)
        FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace WHERE n.nspname = 'public'
        UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL SELECT format('view %s %s', viewname, definition) FROM pg_views WHERE schemaname = 'public'
        UNION ALL SELECT format('sequence %s', sequencename) FROM pg_sequences WHERE schemaname = 'public'
        UNION ALL SELECT format('part %s of %s', c.relname, i.inhparent::regclass) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        ORDER BY 1
        """) { $0.text(0) }
}
