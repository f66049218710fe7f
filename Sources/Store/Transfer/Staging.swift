import Database
import Fediverse
import Postgres

/// The schema in which a target is made, out of everybody's sight: its tables, and the transfer's own book-keeping beside them.
///
/// All of it is in the target, and changes together with the rows that it speaks of: whatever is killed, it tells where to go on.
struct Staging {
    static let schema = "sheltie_transfer"
    /// Of the transfer's own tables, which no table of the product's begins with.
    private static let prefix = "transfer_"
    /// What one process holds while it is at it: a number of nobody else's.
    private static let lock: Int64 = 5_281

    let session: PostgresConnection
    /// Where the tables go in the end.
    let visibleSchema: String

    /// Opens a session that makes and finds things in the staging schema first. What the visible one holds (the operators of an
    /// extension) is found behind it.
    static func open(_ url: String) throws -> Staging {
        let session = try PostgresConnection(PostgresSettings(url: url))
        try session.beginMaintenance()
        let visible = try session.first("SELECT current_schema()") { $0.textOrNil(0) } ?? nil
        guard let visible else { throw DatabaseError.cannotOpen(reason: "no schema of the search path is there") }
        // A server that is at a long statement notices, too, that its client is gone, and lets go of the lock.
        try session.script(
            """
            SET search_path = \(schema), \(quoted(visible)); SET client_connection_check_interval = '1s';
            SET idle_in_transaction_session_timeout = 0
            """)
        return Staging(session: session, visibleSchema: visible)
    }

    static func quoted(_ name: String) -> String { "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\"" }

    /// Only one process transfers into a database at a time. One that was killed may hold the lock for a moment longer.
    func take(patience: Duration) throws {
        let end = ContinuousClock.now + patience
        while try session.first("SELECT pg_try_advisory_lock(\(Self.lock))", { $0.bool(0) }) != true {
            guard ContinuousClock.now < end else { throw TransferError.running }
            _ = try session.first("SELECT pg_sleep(0.1)") { _ in true }
        }
    }

    /// Whether the user may make the schema now and, in the end, put its tables where they are seen.
    func mayMakeAndShow() throws -> Bool {
        try session.first("""
            SELECT has_database_privilege(current_database(), 'CREATE') AND has_schema_privilege(\(visibleSchema), 'CREATE')
            """) { $0.bool(0) } ?? false
    }

    func isThere() throws -> Bool { try session.count("SELECT count(*) FROM pg_namespace WHERE nspname = \(Self.schema)") > 0 }

    /// Whether the place where the tables go holds anything, extensions aside.
    func isTargetUsed() throws -> Bool {
        try session.count("""
            SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = \(visibleSchema) AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
            AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
            """) > 0
    }

    /// What a finished transfer has left on the target: which source it was.
    func completedSource() throws -> String? {
        let note = try session.first("""
            SELECT obj_description(to_regclass(\(Self.quoted(visibleSchema) + ".schema_migrations")), 'pg_class')
            """) { $0.textOrNil(0) } ?? nil
        return note.flatMap { $0.hasPrefix(Self.completion) ? String($0.dropFirst(Self.completion.count)) : nil }
    }

    private static let completion = "brought over from SQLite, source "

    /// Makes the schema with everything in it but indexes and keys, which are noted to be built when the rows are there.
    func make(source: String, at now: Instant) throws {
        try session.script(
            """
            CREATE SCHEMA \(Self.schema);
            CREATE TABLE transfer_source (source text NOT NULL, begun_at timestamptz NOT NULL);
            CREATE TABLE transfer_tables (name text PRIMARY KEY, last_key bytea, rows bigint NOT NULL DEFAULT 0, is_done boolean NOT NULL DEFAULT FALSE);
            CREATE TABLE transfer_unfit (table_name text NOT NULL, row_key bytea NOT NULL, reason text NOT NULL, PRIMARY KEY (table_name, row_key));
            CREATE TABLE transfer_builds (
                place integer PRIMARY KEY, stage integer NOT NULL, table_name text NOT NULL, statement text NOT NULL, is_done boolean NOT NULL DEFAULT FALSE);
            """)
        try session.run("INSERT INTO transfer_source (source, begun_at) VALUES (\(source), \(now))")
        try Storage.migrator(.postgres).apply(on: session, at: now.microseconds)
        let builds = try Build.takeApart(in: Self.schema, on: session)
        for (place, build) in builds.enumerated() {
            try session.run("""
                INSERT INTO transfer_builds (place, stage, table_name, statement) VALUES (\(place), \(build.stage.rawValue), \(build.table), \(build.statement))
                """)
        }
    }

    func origin() throws -> (source: String, begun: Instant)? {
        try session.first("SELECT source, begun_at FROM transfer_source") { ($0.text(0), $0.instant(1)) }
    }

    // Tables and their progress.

    /// How far a table is.
    struct Progress {
        var last: TransferKey?
        var rows = 0
        var isDone = false
    }

    func progress(of table: String) throws -> Progress {
        try session.first("SELECT last_key, rows, is_done FROM transfer_tables WHERE name = \(table)") {
            Progress(last: $0.isNull(0) ? nil : TransferKey(bytes: $0.blob(0)), rows: $0.int(1), isDone: $0.bool(2))
        } ?? Progress()
    }

    func note(_ progress: Progress, of table: String) throws {
        let last: SQLValue = progress.last.map { .blob($0.bytes) } ?? .null
        try session.run("""
            INSERT INTO transfer_tables (name, last_key, rows, is_done) VALUES (\(table), \(last), \(progress.rows), \(progress.isDone))
            ON CONFLICT (name) DO UPDATE SET last_key = excluded.last_key, rows = excluded.rows, is_done = excluded.is_done
            """)
    }

    func noteUnfit(_ key: TransferKey, _ reason: String, of table: String) throws {
        try session.run("""
            INSERT INTO transfer_unfit (table_name, row_key, reason) VALUES (\(table), \(key.bytes), \(reason)) ON CONFLICT (table_name, row_key) DO NOTHING
            """)
    }

    /// The rows that are left out, by table, in the order of their keys.
    func unfit() throws -> [(table: String, key: TransferKey, reason: String)] {
        try session.all("SELECT table_name, row_key, reason FROM transfer_unfit ORDER BY table_name, row_key") {
            (table: $0.text(0), key: TransferKey(bytes: $0.blob(1)) ?? TransferKey(values: []), reason: $0.text(2))
        }
    }

    func unfitKeys(of table: String) throws -> Set<TransferKey> {
        Set(try session.all("SELECT row_key FROM transfer_unfit WHERE table_name = \(table)") { TransferKey(bytes: $0.blob(0)) ?? TransferKey(values: []) })
    }

    /// The product's tables as they are here.
    struct Table {
        var name: String
        var columns: [TransferColumn]
    }

    /// Parents before children.
    func tables() throws -> [Table] {
        let names = try session.all("""
            SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = \(Self.schema) AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> 'schema_migrations'
            AND NOT starts_with(c.relname, \(Self.prefix)) ORDER BY c.relname
            """) { $0.text(0) }
        let indexed = Set(try session.all("SELECT DISTINCT statement FROM transfer_builds WHERE stage = \(Build.Stage.index.rawValue)") { $0.text(0) })
        let tables = try names.map { name in
            let columns = try session.all("""
                SELECT a.attname, format_type(a.atttypid, NULL), a.attnotnull FROM pg_attribute a
                WHERE a.attrelid = to_regclass(\(Self.schema + "." + Self.quoted(name))) AND a.attnum > 0 AND NOT a.attisdropped
                AND a.attgenerated = '' ORDER BY a.attnum
                """) { (name: $0.text(0), type: $0.text(1), isRequired: $0.bool(2)) }
            return Table(name: name, columns: try columns.map { column in
                guard let type = ColumnType(column.type) else { throw TransferError.unknownTable("\(name).\(column.name)") }
                let isIndexed = indexed.contains { Build.indexes(column.name, of: name, in: $0) }
                return TransferColumn(
                    name: column.name,
                    form: ColumnForm(type: type, isRequired: column.isRequired, limit: isIndexed ? ColumnForm.indexedBytes : .max))
            })
        }
        return try inOrder(tables)
    }

    private func inOrder(_ tables: [Table]) throws -> [Table] {
        let references = try session.all("SELECT table_name, statement FROM transfer_builds WHERE stage = \(Build.Stage.key.rawValue)") {
            (child: $0.text(0), parent: Build.parent(in: $0.text(1)) ?? "")
        }
        var ordered: [Table] = []
        var rest = tables
        while !rest.isEmpty {
            let names = Set(rest.map(\.name))
            let free = rest.firstIndex { table in
                !references.contains { $0.child == table.name && $0.parent != table.name && names.contains($0.parent) }
            }
            ordered.append(rest.remove(at: free ?? 0))
        }
        return ordered
    }

    /// Lets each identity go on above the largest number that was ever given out.
    /// - Parameter given: the largest by table, where the source knows it; rows may be gone that had it.
    func setIdentities(given: [String: Int64]) throws {
        let identities = try session.all("""
            SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = \(Self.schema) AND a.attidentity <> '' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
            """) { (table: $0.text(0), column: $0.text(1)) }
        for (table, column) in identities {
            let largest = try session.first(SQL(raw: "SELECT max(\(Self.quoted(column))) FROM \(Self.quoted(table))")) { $0.integer(0) } ?? 0
            let last = max(largest, given[table] ?? 0)
            guard last > 0 else { continue }
            _ = try session.first("SELECT setval(pg_get_serial_sequence(\(Self.schema + "." + Self.quoted(table)), \(column)), \(last))") { _ in true }
        }
    }

    /// Moves everything to where it is seen, in one step, and takes the staging schema away.
    func publish(source: String) throws {
        try session.transaction {
            guard try !isTargetUsed() else { throw TransferError.targetUsed }
            let visible = Self.quoted(visibleSchema)
            let relations = try session.all("""
                SELECT c.relname, c.relkind::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = \(Self.schema) AND c.relkind IN ('r', 'p', 'v', 'm', 'S') AND NOT starts_with(c.relname, \(Self.prefix))
                AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i', 'e')
                    AND c.relkind = 'S')
                ORDER BY c.relkind, c.relname
                """) { (name: $0.text(0), kind: $0.text(1)) }
            for (name, kind) in relations {
                let word = ["v": "VIEW", "m": "MATERIALIZED VIEW", "S": "SEQUENCE"][kind] ?? "TABLE"
                try session.script("ALTER \(word) \(Self.schema).\(Self.quoted(name)) SET SCHEMA \(visible)")
            }
            let functions = try session.all("""
                SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = \(Self.schema)
                AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
                """) { $0.text(0) }
            for function in functions { try session.script("ALTER ROUTINE \(function) SET SCHEMA \(visible)") }
            for name in try extensions() { try session.script("ALTER EXTENSION \(Self.quoted(name)) SET SCHEMA \(visible)") }
            try session.script("COMMENT ON TABLE \(visible).schema_migrations IS '\(Self.completion)\(source)'; DROP SCHEMA \(Self.schema) CASCADE")
        }
    }

    /// Extensions that a migration has made here.
    private func extensions() throws -> [String] {
        try session.all("SELECT e.extname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE n.nspname = \(Self.schema)") { $0.text(0) }
    }
}
