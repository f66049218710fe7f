import Database
import Fediverse
import Glibc
import Privacy

// What the two engines say differently. Everything else in this module is one text for both.

extension Dialect {
    /// Ends a SELECT whose rows must not change before the transaction ends. SQLite has one writer, so it needs nothing.
    var forUpdate: SQL { self == .postgres ? "FOR UPDATE" : "" }

    /// The same, beside others who only read.
    var forShare: SQL { self == .postgres ? "FOR SHARE" : "" }

    /// The same, for rows of which others may go on referring to the key.
    var forChange: SQL { self == .postgres ? "FOR NO KEY UPDATE" : "" }

    /// The same, refused where another holds the row: who waits while others wait for what it holds ends in a deadlock, and
    /// writes that share a transaction hold much. A refused write is repeated (`FencedPool`).
    var forChangeNow: SQL { self == .postgres ? "FOR NO KEY UPDATE NOWAIT" : "" }

    /// The same, passing over the rows that another holds.
    var forChangeOfFree: SQL { self == .postgres ? "FOR NO KEY UPDATE SKIP LOCKED" : "" }

    /// Keys as the rows of a table with one column, to be joined: without statistics SQLite takes a tenant's rows for fewer than a long
    /// `IN (…)` has keys, and reads them all.
    func rows(_ keys: [Int64]) -> SQL {
        switch self {
        case .sqlite: SQL(raw: "VALUES " + keys.indices.map { "($\($0 + 1))" }.joined(separator: ", "), values: keys.map(\.sqlValue))
        case .postgres: "SELECT * FROM unnest(\(sql: .array(keys, of: "bigint")))"
        }
    }

    /// A column of moments, cut as a form says (UTC; weeks begin on Monday, 4 days after the beginning of 1970).
    func floored(_ column: String, to precision: KeepingPolicy.Precision) -> SQL {
        let (span, offset): (Int64, Int64) =
            switch precision {
            case .second: (1, 0)
            case .hour: (3_600, 0)
            case .day: (86_400, 0)
            case .week: (7 * 86_400, 4 * 86_400)
            }
        switch self {
        case .sqlite: return SQL(raw: "(\(column) - (\(column) - \(offset * 1_000_000)) % \(span * 1_000_000))")
        case .postgres: return SQL(raw: "to_timestamp(floor((extract(epoch FROM \(column)) - \(offset)) / \(span)) * \(span) + \(offset))")
        }
    }

    /// A column of codes without their arguments: what stands before a colon.
    func code(_ column: String) -> SQL {
        switch self {
        case .sqlite: SQL(raw: "substr(\(column), 1, instr(\(column) || ':', ':') - 1)")
        case .postgres: SQL(raw: "split_part(\(column), ':', 1)")
        }
    }

    /// A condition that a post's array of tags holds the tag. PostgreSQL asks its index for it.
    func tags(_ column: String, hold tag: String) -> SQL {
        switch self {
        case .sqlite: "\(raw: column) LIKE \(Self.pattern(tag: tag)) ESCAPE '\\'"
        case .postgres: "\(raw: column) @> CAST(\(JSONText.tags([tag])) AS jsonb)"
        }
    }

    /// The tag between its quotes, as it stands in the array's text.
    private static func pattern(tag: String) -> String {
        var pattern = "%"
        for character in JSONText.quoted(tag) {
            if character == "%" || character == "_" || character == "\\" { pattern += "\\" }
            pattern.append(character)
        }
        return pattern + "%"
    }

    /// Names of the tables that hold rows of ours, for counts and for emptying.
    var tableNames: SQL {
        switch self {
        case .sqlite: "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"
        case .postgres:
            """
            SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY c.relname
            """
        }
    }

    /// Names of a table's columns, in their order.
    func columnNames(of table: String) -> SQL {
        switch self {
        case .sqlite: "SELECT name FROM pragma_table_info(\(table)) ORDER BY cid"
        case .postgres:
            """
            SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = to_regclass(\(table)) AND attnum > 0 AND NOT attisdropped ORDER BY attnum
            """
        }
    }

    /// Names of a table's primary key's columns, in its order; none where it has no such key.
    func primaryKey(of table: String) -> SQL {
        switch self {
        case .sqlite: "SELECT name FROM pragma_table_info(\(table)) WHERE pk > 0 ORDER BY pk"
        case .postgres:
            """
            SELECT a.attname FROM pg_catalog.pg_index i CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k (number, place)
            JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
            WHERE i.indrelid = to_regclass(\(table)) AND i.indisprimary ORDER BY k.place
            """
        }
    }

    /// Bytes of the database.
    var size: SQL {
        switch self {
        case .sqlite: "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
        case .postgres: "SELECT pg_database_size(current_database())"
        }
    }

    /// The engine's version, as it names itself.
    var version: SQL {
        switch self {
        case .sqlite: "SELECT sqlite_version()"
        case .postgres: "SELECT current_setting('server_version')"
        }
    }
}

extension SQL {
    /// Many values as one of PostgreSQL's arrays: one statement text for any number of them.
    /// - Parameter values: numbers, or words without signs that mean something in an array's text.
    static func array(_ values: [some CustomStringConvertible], of type: String) -> SQL {
        let text = "{" + values.map(\.description).joined(separator: ",") + "}"
        return "CAST(CAST(\(text) AS text) AS \(raw: type)[])"
    }
}

extension Connection {
    /// The server's clock, which is the same for all who share the database; `local` where the database is a file.
    func sharedTime(else local: Instant) throws -> Instant {
        guard dialect == .postgres else { return local }
        return try first("SELECT clock_timestamp()") { $0.instant(0) } ?? local
    }

    /// Which database this is: a standby's answer is its primary's, and nobody else's.
    func serverIdentity() throws -> (system: String, database: String) {
        try first("SELECT CAST(system_identifier AS text), current_database() FROM pg_control_system()") {
            (system: $0.text(0), database: $0.text(1))
        } ?? ("", "")
    }

    /// Writes something that leaves nothing behind.
    func tryToWrite(in tenant: TenantKey) throws {
        switch dialect {
        case .sqlite: try run("UPDATE tenants SET snapshot_version = snapshot_version WHERE tenant_id = \(tenant)")
        // The first is refused where nothing may be written, and changes no row: another process may hold any of them for a while.
        // The second gives the transaction a number, with which its end is written to the log.
        case .postgres:
            try run("UPDATE tenants SET snapshot_version = snapshot_version WHERE tenant_id = \(tenant) AND FALSE")
            try rows("SELECT pg_current_xact_id()") { _ in }
        }
    }

    /// Keeps the authors from opting out until this transaction ends, or, with `alone`, whatever is about them from being written.
    ///
    /// Between a look at the list and the write that follows from it another process could enter an author there. One lock for
    /// many authors, so that a large batch does not fill the server's table of locks.
    func hold(authors: some Sequence<String>, alone: Bool = false, in tenant: TenantKey) throws {
        guard dialect == .postgres else { return }
        let groups = Set(authors.map { $0.suffix(2) }).sorted().joined(separator: " ")
        // In one order for everybody, so that two who take several do not wait for each other.
        let each: SQL = "FROM unnest(string_to_array(\(groups), ' ')) AS name"
        let lock: SQL = alone
            ? "SELECT pg_advisory_xact_lock(hashtextextended('authors ' || name, \(tenant))) \(sql: each)"
            : "SELECT pg_advisory_xact_lock_shared(hashtextextended('authors ' || name, \(tenant))) \(sql: each)"
        try rows(lock) { _ in }
    }

    /// Tells processes that listen (`Storage.hints`) that there is a new snapshot version, once this transaction has happened.
    func announceVersion(of tenant: TenantKey) throws {
        guard dialect == .postgres else { return }
        try rows("SELECT pg_notify(\(Storage.hintChannel), \(String(tenant.value)))") { _ in }
    }

    /// The number for a new alias. SQLite's table gives it by itself, and NULL asks for that.
    func newAliasKey(in tenant: TenantKey) throws -> AliasKey? {
        guard dialect == .postgres else { return nil }
        return try first("INSERT INTO alias_keys (tenant_id) VALUES (\(tenant)) RETURNING alias_key") { $0.alias(0) }
    }

    /// Ends what `newAliasKey` began; the alias's own rows are gone by now.
    func removeAliasKey(_ key: AliasKey, in tenant: TenantKey) throws {
        guard dialect == .postgres else { return }
        try run("DELETE FROM alias_keys WHERE tenant_id = \(tenant) AND alias_key = \(key)")
    }

    /// A number above that of every transaction that this snapshot sees, for `isOldest`. PostgreSQL only.
    func transactionMark() throws -> String {
        try first("SELECT CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS xid) AS text)") { $0.text(0) } ?? ""
    }

    /// Whether everything that was running or looking before the mark has ended: sessions of any database of the server, standbys that
    /// report what they read, and prepared transactions.
    func isOldest(_ mark: String) throws -> Bool {
        try first("""
            SELECT 1 FROM (
                SELECT backend_xmin AS oldest FROM pg_catalog.pg_stat_activity UNION ALL SELECT backend_xid FROM pg_catalog.pg_stat_activity
                UNION ALL SELECT xmin FROM pg_catalog.pg_replication_slots UNION ALL SELECT transaction FROM pg_catalog.pg_prepared_xacts) AS held
            WHERE oldest IS NOT NULL AND age(oldest) > age(CAST(CAST(\(mark) AS text) AS xid))
            """) { _ in true } == nil
    }

    /// Writes a PostgreSQL table and its parts anew, without the rows that are gone and that nobody can see any more. Outside any transaction.
    /// - Returns: false when the table is in use: who needs it done repeats it.
    func rewrite(_ table: String, patience: Duration, attempts: Int) throws -> Bool {
        guard try first("SELECT 1 WHERE to_regclass(\(table)) IS NOT NULL", { _ in true }) == true else { return true }
        // Between its statements a maintenance waits for ever.
        try run(SQL(raw: "SET lock_timeout = \(max(1, Int64(patience / .milliseconds(1))))"))
        defer { _ = try? run("SET lock_timeout = 0") }
        for attempt in 1...attempts {
            do {
                try run(SQL(raw: "VACUUM (FULL) \(table)"))
                return true
            } catch DatabaseError.busy {
                if attempt < attempts { usleep(250_000) }
            }
        }
        return false
    }
}
