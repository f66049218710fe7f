import Database
public import Fediverse
import Privacy

/// The tables of evidence by day: on PostgreSQL a partition each, made ahead and dropped whole.
enum EvidenceDays {
    /// Partitions are there for so many days to come.
    static let ahead: Int64 = 14
    /// One service at a time makes and drops partitions; the number is nothing but its lock's name.
    static let lock: Int64 = 5281
}

extension Storage {
    /// Makes the partitions of the days to come, and gives what stands in the rest its own. Nothing to do on SQLite.
    /// - Returns: rows that had found no partition: more than none says that this was not done in time.
    public func prepareEvidence(at now: Instant) async throws -> Int {
        try await pool.write(.process) { try $0.prepareEvidence(at: now) }
    }
}

extension Connection {
    /// Rows that are due; those in partitions that will be dropped included.
    func evidence(before: Instant, in tenant: TenantKey) throws -> Int {
        try evidenceTables.reduce(0) { sum, table in
            try sum + count("SELECT count(*) FROM \(raw: table) WHERE tenant_id = \(tenant) AND occurred_at < \(before)")
        }
    }

    /// Ends the days before one: as partitions on PostgreSQL (of all tenants, which have one age), else row by row.
    /// - Parameter before: the first moment of the first day that is kept.
    /// - Returns: rows of this tenant that are gone.
    func dropEvidence(before: Instant, in tenant: TenantKey, limit: Int) throws -> Int {
        var removed = 0
        if dialect == .postgres {
            try run("SELECT pg_advisory_xact_lock(\(EvidenceDays.lock))")
            for table in evidenceTables {
                for (name, day) in try partitions(of: table) where day < before {
                    removed += try count("SELECT count(*) FROM \(raw: name) WHERE tenant_id = \(tenant)")
                    try script("DROP TABLE \(name)")
                }
            }
        }
        for table in evidenceTables where removed < limit {
            // A row's place is its own in one partition only; what else it finds is as old.
            let key = dialect == .postgres ? "ctid" : "rowid"
            removed += try run("""
                DELETE FROM \(raw: table) WHERE tenant_id = \(tenant) AND occurred_at < \(before) AND \(raw: key) IN (
                    SELECT \(raw: key) FROM \(raw: table) WHERE tenant_id = \(tenant) AND occurred_at < \(before) LIMIT \(limit - removed))
                """)
        }
        return removed
    }

    fileprivate func prepareEvidence(at now: Instant) throws -> Int {
        guard dialect == .postgres else { return 0 }
        try run("SELECT pg_advisory_xact_lock(\(EvidenceDays.lock))")
        let today = now.dayNumber
        var strayed = 0
        for table in evidenceTables {
            let rest = "\(table)_rest"
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
        let name = "\(table)_\(start.text.prefix(10).filter { $0 != "-" })"
        try script("CREATE TABLE \(name) (LIKE \(table) INCLUDING ALL EXCLUDING IDENTITY)")
        try run("""
            WITH moved AS (DELETE FROM \(raw: table)_rest WHERE occurred_at >= \(start) AND occurred_at < \(end) RETURNING *)
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
