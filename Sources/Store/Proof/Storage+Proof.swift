import Database

public import Fediverse
public import Privacy

/// What a part of the proof found, and what it went through.
public struct ProofPart: Sendable {
    public var looked: [ProofReport.Looked] = []
    public var findings: [ProofReport.Finding] = []

    mutating func add(_ faults: [RowCheck.Fault], in table: String) {
        findings += faults.map { ProofReport.Finding($0.kind, in: table, part: $0.column, $0.what) }
    }
}

extension Storage {
    private static let aliasesAtOnce = 20

    /// Looks for words in every row of every table, whoever made it, and in what the planner of a server has sampled.
    ///
    /// Each read is short, so that nobody's write or log waits for it; a row that comes or goes meanwhile may be seen or not.
    /// - Parameter progress: told the table and how many rows were read.
    public func lookInRows(for search: ByteSearch, progress: (String, Int) -> Void) async throws -> ProofPart {
        var part = ProofPart()
        let tables = try await pool.read { connection in try connection.all(connection.dialect.tableNames) { $0.text(0) } }
        for table in tables {
            let walk = try await pool.read { try TableWalk(table, on: $0) }
            var (last, rows): ([SQLValue]?, Int) = (nil, 0)
            repeat {
                let start = last
                let (next, count, findings) = try await pool.read { connection in
                    var findings: [ProofReport.Finding] = []
                    let end = try walk.part(after: start, on: connection) { column, bytes in
                        search.look(in: bytes) { needle, _ in
                            findings.append(.init(.word, in: table, part: walk.columns[column], "a word", encoding: needle.form, word: needle.number))
                        }
                    }
                    return (end.last, end.rows, findings)
                }
                part.findings += findings
                rows += count
                last = next
                progress(table, rows)
            } while last != nil
            part.looked.append(.init(table, rows, .rows))
        }
        part.findings += try await pool.read { try $0.sampled(search) }
        return part
    }

    /// Compares every personal row with the state table: whether its level keeps it, in this form, for so long, and whose it is.
    public func checkRows(at now: Instant, contentDays: Int, progress: (String, Int) -> Void) async throws -> ProofPart {
        var part = ProofPart()
        let gaps = try await schemaGaps()
        part.findings += gaps.map { .init(.schema, in: $0.table, part: $0.column, $0.description) }
        let known = Set(try await tenants().map(\.key))
        for table in KeepingPolicy.standard.personalTables {
            // A column that is missing cannot be asked for; the gap is told already.
            if gaps.contains(where: { $0.table == table.name && !$0.isUnknown }) { continue }
            var checked = 0
            for tenant in try await tenants(in: table.name) {
                if !known.contains(tenant) { part.findings.append(.init(.orphan, in: table.name, "a row of a tenant that is not there")) }
                var last = AliasKey(Int64.min)
                while true {
                    let after = last
                    let (end, rows, faults) = try await pool.read { try $0.checkRows(of: table, after: after, limit: Self.aliasesAtOnce, in: tenant, at: now) }
                    part.add(faults, in: table.name)
                    checked += rows
                    progress(table.name, checked)
                    guard let end else { break }
                    last = end
                }
            }
            part.looked.append(.init(table.name + " against the state table", checked, .rows))
        }
        for tenant in known.sorted(by: { $0.value < $1.value }) {
            part.findings += try await pool.read { try $0.leftOfOptOuts(in: tenant) + $0.numbersOfNobody(in: tenant) }
            for step in RetentionPolicy(contentDays: contentDays).steps where step.level == nil && step.what != .stubs {
                let due = try await retention.due(step, in: tenant, at: now - RowCheck.grace)
                if due > 0 { part.findings.append(.init(.age, in: step.what.rawValue, "older than is kept", count: due)) }
            }
        }
        return part
    }

    private func tenants(in table: String) async throws -> [TenantKey] {
        try await pool.read { connection in
            var tenants: [TenantKey] = []
            // One look into the index for each, not every row.
            while let next = try connection.first("""
                SELECT min(tenant_id) FROM \(raw: table) WHERE tenant_id > \(tenants.last?.value ?? Int64.min)
                """, { $0.integerOrNil(0) }) ?? nil { tenants.append(TenantKey(next)) }
            return tenants
        }
    }
}

extension Connection {
    fileprivate func checkRows(
        of table: KeepingPolicy.Table, after last: AliasKey, limit: Int, in tenant: TenantKey, at now: Instant
    ) throws -> (end: AliasKey?, rows: Int, faults: [RowCheck.Fault]) {
        let keys = try all("""
            SELECT DISTINCT alias_key FROM \(raw: table.name) WHERE tenant_id = \(tenant) AND alias_key > \(last) ORDER BY alias_key LIMIT \(limit)
            """) { $0.alias(0) }
        guard let end = keys.last else { return (nil, 0, []) }
        var levels: [AliasKey: PrivacyLevel] = [:]
        try rows("""
            SELECT alias_key, privacy_level FROM user_aliases WHERE tenant_id = \(tenant) AND alias_key IN (\(sql: .list(keys)))
            """) { levels[$0.alias(0)] = PrivacyLevel(rawValue: $0.text(1)) }
        let acts = table.record == .authorPreference ? try countedActs(of: keys, in: tenant) : [:]
        let check = RowCheck(table: table, now: now)
        func place(_ column: String) -> Int? { table.columns.firstIndex { $0.name == column } }
        let (who, author, count, carried) = (place("alias_key"), place("author_key"), place("interaction_count"), place("carried_count"))
        let columns = table.columns.map(\.name).joined(separator: ", ")
        var faults: [RowCheck.Fault] = []
        var counts: [AliasKey: Int] = [:]
        try rows("""
            SELECT \(raw: columns) FROM \(raw: table.name) WHERE tenant_id = \(tenant) AND alias_key IN (\(sql: .list(keys)))
            """) { row in
            let key = who.map { row.alias($0) } ?? AliasKey(0)
            counts[key, default: 0] += 1
            guard let level = levels[key] else { return faults.append(.init(kind: .orphan, column: nil, what: "a row of an alias that is not there")) }
            faults += check.faults(in: table.columns.indices.map { row.value($0) }, at: level)
            if let author, let count, let carried, row.integer(count) != row.integer(carried) + Int64(acts[key]?[row.author(author)] ?? 0) {
                faults.append(.init(kind: .derived, column: nil, what: "it does not follow from the acts that are there"))
            }
        }
        if let lost = try parentless(table, keys, in: tenant), lost > 0 {
            faults += repeatElement(.init(kind: .orphan, column: nil, what: "a row about a status or an author that is not there"), count: lost)
        }
        for (key, count) in counts {
            guard let limit = levels[key].flatMap({ KeepingPolicy.standard.form(of: table, at: $0)?.limit }), count > limit else { continue }
            faults.append(.init(kind: .limit, column: nil, what: "more than \(limit) rows of one person"))
        }
        return (end, counts.values.reduce(0, +), faults)
    }

    /// Rows whose status or author is not there, which the schema's own references would have refused; nil for tables without such references.
    private func parentless(_ table: KeepingPolicy.Table, _ keys: [AliasKey], in tenant: TenantKey) throws -> Int? {
        let parents = ["user_interactions": ("post_metadata", "post_key"), "recommendation_logs": ("post_metadata", "post_key"), "author_preferences": ("authors", "author_key")]
        guard let (parent, key) = parents[table.name] else { return nil }
        return try count("""
            SELECT count(*) FROM \(raw: table.name) t WHERE t.tenant_id = \(tenant) AND t.alias_key IN (\(sql: .list(keys)))
            AND NOT EXISTS (SELECT 1 FROM \(raw: parent) p WHERE p.tenant_id = t.tenant_id AND p.\(raw: key) = t.\(raw: key))
            """)
    }

    private func countedActs(of keys: [AliasKey], in tenant: TenantKey) throws -> [AliasKey: [AuthorKey: Int]] {
        var acts: [AliasKey: [AuthorKey: Int]] = [:]
        try rows("""
            SELECT i.alias_key, p.author_key, count(*) FROM user_interactions i
            JOIN post_metadata p ON p.tenant_id = i.tenant_id AND p.post_key = i.post_key
            WHERE i.tenant_id = \(tenant) AND i.alias_key IN (\(sql: .list(keys))) GROUP BY i.alias_key, p.author_key
            """) { acts[$0.alias(0), default: [:]][$0.author(1)] = $0.int(2) }
        return acts
    }

    /// Statuses of authors who want to be left alone.
    fileprivate func leftOfOptOuts(in tenant: TenantKey) throws -> [ProofReport.Finding] {
        try ["post_metadata", "author_preferences"].compactMap { table in
            let left = try count("""
                SELECT count(*) FROM author_opt_outs o JOIN authors a ON a.tenant_id = o.tenant_id AND a.author_id = o.author_id
                JOIN \(raw: table) t ON t.tenant_id = a.tenant_id AND t.author_key = a.author_key WHERE o.tenant_id = \(tenant)
                """)
            return left > 0 ? .init(.optOut, in: table, "a row of an author who wants to be left alone", count: left) : nil
        }
    }

    /// On PostgreSQL an alias's number has a table of its own, and goes with it.
    fileprivate func numbersOfNobody(in tenant: TenantKey) throws -> [ProofReport.Finding] {
        guard dialect == .postgres else { return [] }
        let left = try count("""
            SELECT count(*) FROM alias_keys k WHERE k.tenant_id = \(tenant)
            AND NOT EXISTS (SELECT 1 FROM user_aliases u WHERE u.tenant_id = k.tenant_id AND u.alias_key = k.alias_key)
            """)
        return left > 0 ? [.init(.orphan, in: "alias_keys", "the number of an alias that is not there", count: left)] : []
    }

    /// What the planner has sampled of values, which outlives the rows.
    fileprivate func sampled(_ search: ByteSearch) throws -> [ProofReport.Finding] {
        guard dialect == .postgres else { return [] }
        var findings: [ProofReport.Finding] = []
        try rows("""
            SELECT tablename || '.' || attname, concat_ws(' ', CAST(most_common_vals AS text), CAST(histogram_bounds AS text),
                CAST(most_common_elems AS text)) FROM pg_catalog.pg_stats WHERE schemaname = current_schema()
            """) { row in
            let column = row.text(0)
            row.withBytes(1) { bytes in
                search.look(in: bytes) { needle, _ in
                    findings.append(.init(.word, in: "pg_stats", part: column, "a word", encoding: needle.form, word: needle.number))
                }
            }
        }
        return findings
    }
}
