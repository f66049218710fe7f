import Database
public import Fediverse
import Privacy

/// A row of evidence by its own number.
struct EvidenceRow: Sendable {
    let table: String
    /// Where its number stands.
    let column: String
    let key: Int64
    let at: Instant
}

/// The tables of evidence by day: on PostgreSQL a partition each, made ahead and dropped whole.
enum EvidenceDays {
    /// Partitions are there for so many days to come.
    static let ahead: Int64 = 14
    /// One service at a time makes and drops partitions; the number is nothing but its lock's name.
    static let lock: Int64 = 5281
    /// A day of more rows is not counted before it goes.
    static let countedRows = 10_000

    /// Holds what finds no day.
    static func rest(of table: String) -> String { table + "_rest" }
    static func partition(of table: String, day: Int64) -> String {
        "\(table)_\(Instant(seconds: day * 86_400).text.prefix(10).filter { $0 != "-" })"
    }
}

extension Storage {
    /// Makes the partitions of the days to come, and gives what stands in the rest its own. Nothing to do on SQLite.
    /// - Returns: rows that had found no partition: more than none says that this was not done in time.
    public func prepareEvidence(at now: Instant) async throws -> Int {
        try await pool.write(.process) { try $0.prepareEvidence(at: now) }
    }
}

extension Connection {
    /// Removes one person's evidence.
    /// - Returns: how many rows, and the tables' parts that they stood in; on SQLite the tables.
    func removeEvidence(from table: String, of key: AliasKey, in tenant: TenantKey) throws -> (rows: Int, parts: Set<String>) {
        let days = try all("DELETE FROM \(raw: table) WHERE tenant_id = \(tenant) AND alias_key = \(key) RETURNING occurred_at") { $0.instant(0).dayNumber }
        guard dialect == .postgres, !days.isEmpty else { return (days.count, days.isEmpty ? [] : [table]) }
        let there = Set(try partitions(of: table).map(\.day.dayNumber))
        return (days.count, Set(days.map { there.contains($0) ? EvidenceDays.partition(of: table, day: $0) : EvidenceDays.rest(of: table) }))
    }

    /// Rows that are due; those in partitions that will be dropped included.
    func evidence(before: Instant, in tenant: TenantKey) throws -> Int {
        try evidenceTables.reduce(0) { sum, table in
            try sum + count("SELECT count(*) FROM \(raw: table) WHERE tenant_id = \(tenant) AND occurred_at < \(before)")
        }
    }

    /// Ends the days before one whole, where they are partitions: of all tenants, which have one age.
    /// - Parameter before: the first moment of the first day that is kept.
    /// - Returns: rows of this tenant that are gone; of a large day about so many, since counting them would take longer than dropping them.
    func dropEvidenceDays(before: Instant, in tenant: TenantKey) throws -> Int {
        guard dialect == .postgres else { return 0 }
        try run("SELECT pg_advisory_xact_lock(\(EvidenceDays.lock))")
        var removed = 0
        for table in evidenceTables {
            for (name, day) in try partitions(of: table) where day < before {
                let rows = try first("SELECT CAST(reltuples AS bigint) FROM pg_catalog.pg_class WHERE oid = to_regclass(\(name))") { $0.int(0) } ?? 0
                removed += rows > EvidenceDays.countedRows ? rows : try count("SELECT count(*) FROM \(raw: name) WHERE tenant_id = \(tenant)")
                try script("DROP TABLE \(name)")
            }
        }
        return removed
    }

    /// Evidence from before a moment that stands in no day of its own.
    func evidenceRows(before: Instant, in tenant: TenantKey, limit: Int) throws -> [EvidenceRow] {
        var found: [EvidenceRow] = []
        for (table, key) in zip(evidenceTables, ["decision_key", "exposure_key", "event_key"]) where found.count < limit {
            found += try all("""
                SELECT \(raw: key), occurred_at FROM \(raw: table) WHERE tenant_id = \(tenant) AND occurred_at < \(before) LIMIT \(limit - found.count)
                """) { EvidenceRow(table: table, column: key, key: $0.integer(0), at: $0.instant(1)) }
        }
        return found
    }

    func dropEvidence(_ rows: [EvidenceRow], in tenant: TenantKey) throws -> Int {
        try Dictionary(grouping: rows, by: \.table).values.reduce(0) { removed, rows in
            try removed + bulk(
                "DELETE FROM \(rows[0].table) WHERE tenant_id = $1 AND occurred_at = $2 AND \(rows[0].column) = $3",
                rows.map { [tenant.sqlValue, $0.at.sqlValue, $0.key.sqlValue] })
        }
    }

    fileprivate func prepareEvidence(at now: Instant) throws -> Int {
        guard dialect == .postgres else { return 0 }
        try run("SELECT pg_advisory_xact_lock(\(EvidenceDays.lock))")
        let today = now.dayNumber
        var strayed = 0
        for table in evidenceTables {
            let rest = EvidenceDays.rest(of: table)
            let strayedDays = try all("SELECT DISTINCT occurred_at FROM \(raw: rest)") { $0.instant(0).dayNumber }
            strayed += try count("SELECT count(*) FROM \(raw: rest)")
            let there = Set(try partitions(of: table).map(\.day.dayNumber))
            for day in Set(today...today + EvidenceDays.ahead).union(strayedDays).subtracting(there).sorted() { try addPartition(to: table, day: day) }
        }
        return strayed
    }

    /// A table of its own first: a row in the rest keeps its day from being made in place.
    private func addPartition(to table: String, day: Int64) throws {
        let start = Instant(seconds: day * 86_400), end = start + .days(1)
        let name = EvidenceDays.partition(of: table, day: day)
        try script("CREATE TABLE \(name) (LIKE \(table) INCLUDING ALL EXCLUDING IDENTITY)")
        // Of columns of which the planner keeps no samples, it keeps none here either.
        let unsampled = try all("""
            SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = to_regclass(\(table)) AND attstattarget = 0 AND attnum > 0 AND NOT attisdropped
            """) { $0.text(0) }
        for column in unsampled { try script("ALTER TABLE \(name) ALTER COLUMN \(column) SET STATISTICS 0") }
        try run("""
            WITH moved AS (DELETE FROM \(raw: EvidenceDays.rest(of: table)) WHERE occurred_at >= \(start) AND occurred_at < \(end) RETURNING *)
            INSERT INTO \(raw: name) SELECT * FROM moved
            """)
        try script("ALTER TABLE \(table) ATTACH PARTITION \(name) FOR VALUES FROM ('\(start.text)') TO ('\(end.text)')")
    }

    /// The day partitions of a table, by their names.
    private func partitions(of table: String) throws -> [(name: String, day: Instant)] {
        try all("""
            SELECT c.relname FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = to_regclass(\(table)) ORDER BY c.relname
            """) { $0.text(0) }.compactMap { name in
            let digits = name.dropFirst(table.count + 1)
            guard digits.count == 8, let day = Instant(iso8601: "\(digits.prefix(4))-\(digits.dropFirst(4).prefix(2))-\(digits.suffix(2))T00:00:00Z")
            else { return nil }
            return (name, day)
        }
    }
}
