import Database
import Fediverse
import Privacy

/// The tables of class personal, children before parents: all of them are counted, reported, exported and erased together.
let personalTables = KeepingPolicy.standard.personalTables.map(\.name)

/// Those of them that hold evidence: on PostgreSQL in a partition for each day.
let evidenceTables = KeepingPolicy.standard.personalTables.filter { $0.record == .evidence }.map(\.name)

/// The row of an alias as it stands now.
struct AliasRow {
    var key: AliasKey
    var level: PrivacyLevel
    var epoch: Int64
    var lastSeen: Instant?
}

extension Viewer {
    /// - Parameter row: nil for an alias that has none: it is at the default level.
    init(_ row: AliasRow?, alias: AliasID, in tenant: TenantKey, defaultLevel: PrivacyLevel) {
        self.init(tenant: tenant, alias: alias, level: row?.level ?? defaultLevel, key: row?.key, epoch: row?.epoch ?? 0)
    }
}

extension Connection {
    /// - Parameter lock: keeps the row as it is until the transaction ends.
    func aliasRow(_ alias: AliasID, in tenant: TenantKey, lock: SQL = "") throws -> AliasRow? {
        try first("""
            SELECT alias_key, privacy_level, epoch, last_seen FROM user_aliases
            WHERE tenant_id = \(tenant) AND alias_id = \(alias.hex) \(sql: lock)
            """) {
            AliasRow(key: $0.alias(0), level: PrivacyLevel(rawValue: $0.text(1)) ?? .none, epoch: $0.integer(2), lastSeen: $0.instantOrNil(3))
        }
    }

    /// The alias under which the person has a row; the first one where they have none.
    func standing(_ alias: AliasID, or former: [AliasID], in tenant: TenantKey) throws -> AliasID {
        let present = Set(try all("""
            SELECT alias_id FROM user_aliases
            WHERE tenant_id = \(tenant) AND alias_id IN (\(sql: .list(([alias] + former).map(\.hex))))
            """) { $0.text(0) })
        return ([alias] + former).first { present.contains($0.hex) } ?? alias
    }

    /// The ledger tags of the aliases that the row had under older keys.
    func formerTags(of key: AliasKey, in tenant: TenantKey) throws -> [String] {
        let tags = try first("SELECT former_tags FROM user_aliases WHERE tenant_id = \(tenant) AND alias_key = \(key)") { $0.textOrNil(0) }
        return (tags ?? nil)?.split(separator: " ").map(String.init) ?? []
    }

    /// Whether the viewer's row still has the level and the epoch under which a write was permitted.
    /// Read in the write's own transaction, so that no write comes after a change that it does not know.
    func stillPermits(_ viewer: Viewer, _ key: AliasKey) throws -> Bool {
        try first("""
            SELECT 1 FROM user_aliases
            WHERE tenant_id = \(viewer.tenant) AND alias_key = \(key) AND alias_id = \(viewer.alias.hex)
            AND privacy_level = \(viewer.level.rawValue) AND epoch = \(viewer.epoch) \(sql: dialect.forShare)
            """) { _ in true } ?? false
    }

    /// Rows about an alias, by table.
    func personalCounts(of key: AliasKey?, in tenant: TenantKey) throws -> [String: Int] {
        var counts: [String: Int] = [:]
        for table in personalTables {
            counts[table] = try key.map {
                try count("SELECT count(*) FROM \(raw: table) WHERE tenant_id = \(tenant) AND alias_key = \($0)")
            } ?? 0
        }
        return counts
    }

    /// Removes every row about an alias, and the stubs that nobody else refers to; notes where their bytes still stand.
    /// - Returns: rows removed, by table.
    func removePersonalRows(of key: AliasKey, in tenant: TenantKey, at now: Instant) throws -> [String: Int] {
        let alias = try first("SELECT alias_id FROM user_aliases WHERE tenant_id = \(tenant) AND alias_key = \(key)") { $0.text(0) }
        let stubs = try all("""
            SELECT post_key FROM post_metadata WHERE tenant_id = \(tenant) AND eligible = FALSE AND post_key IN (
                SELECT post_key FROM user_interactions WHERE tenant_id = \(tenant) AND alias_key = \(key)
                UNION SELECT post_key FROM recommendation_logs WHERE tenant_id = \(tenant) AND alias_key = \(key))
            """) { $0.post(0) }
        let authors = try all("""
            SELECT author_key FROM author_preferences WHERE tenant_id = \(tenant) AND alias_key = \(key)
            """) { $0.author(0) }
        var removed: [String: Int] = [:]
        var touched: Set<String> = []
        for table in personalTables {
            if evidenceTables.contains(table) {
                let (rows, parts) = try removeEvidence(from: table, of: key, in: tenant)
                removed[table] = rows
                touched.formUnion(parts)
                continue
            }
            removed[table] = try run("DELETE FROM \(raw: table) WHERE tenant_id = \(tenant) AND alias_key = \(key)")
            if table != "user_aliases", removed[table] != 0 { touched.insert(table) }
        }
        try removeAliasKey(key, in: tenant)
        // A stub is there because somebody acted on it.
        if try dropUnreferenced(stubs: stubs, in: tenant) > 0 { touched.formUnion(["post_metadata", "authors"]) }
        if try dropUnreferenced(authors: authors, in: tenant) > 0 { touched.insert("authors") }
        try noteRemoval(of: Array(touched), aliases: [alias.flatMap(AliasID.init(hex:))].compactMap { $0 }, in: tenant, at: now)
        return removed
    }

    /// Those of the keys whose rows no other process is about to refer to, and which from now on none can refer to until this
    /// transaction ends. The others stay: the anonymizer's sweep finds what nothing refers to.
    ///
    /// Only the next statement sees what others have committed meanwhile: one that waits for them goes on with what it saw when it
    /// began, and would remove their rows with the one that they refer to.
    private func free<Key: SQLConvertible>(_ keys: [Key], _ selection: SQL) throws -> [Key] {
        guard dialect == .postgres else { return keys }
        let free = try all("\(sql: selection) FOR UPDATE SKIP LOCKED") { $0.value(0) }
        return inParts(keys.filter { free.contains($0.sqlValue) }).first ?? []
    }

    /// Removes those of the posts that are stubs and that no row refers to any more, with authors who have nothing left.
    /// - Returns: stubs removed.
    @discardableResult
    func dropUnreferenced(stubs: [PostKey], in tenant: TenantKey) throws -> Int {
        var removed = 0
        var authors: Set<AuthorKey> = []
        for part in inParts(stubs) {
            let part = try free(part, "SELECT post_key FROM post_metadata WHERE tenant_id = \(tenant) AND post_key IN (\(sql: .list(part)))")
            if part.isEmpty { continue }
            try rows("""
                DELETE FROM post_metadata
                WHERE tenant_id = \(tenant) AND eligible = FALSE AND post_key IN (\(sql: .list(part)))
                AND NOT EXISTS (SELECT 1 FROM user_interactions i
                    WHERE i.tenant_id = \(tenant) AND i.post_key = post_metadata.post_key)
                AND NOT EXISTS (SELECT 1 FROM recommendation_logs l
                    WHERE l.tenant_id = \(tenant) AND l.post_key = post_metadata.post_key)
                RETURNING author_key
                """) { row in
                removed += 1
                authors.insert(row.author(0))
            }
        }
        try dropUnreferenced(authors: authors.sorted { $0.value < $1.value }, in: tenant)
        return removed
    }

    /// Removes those of the authors of whom neither a post nor a preference is left.
    /// - Returns: authors removed.
    @discardableResult
    func dropUnreferenced(authors: [AuthorKey], in tenant: TenantKey) throws -> Int {
        var removed = 0
        for part in inParts(authors) {
            let part = try free(part, "SELECT author_key FROM authors WHERE tenant_id = \(tenant) AND author_key IN (\(sql: .list(part)))")
            if part.isEmpty { continue }
            removed += try run("""
                DELETE FROM authors WHERE tenant_id = \(tenant) AND author_key IN (\(sql: .list(part)))
                AND NOT EXISTS (SELECT 1 FROM post_metadata p
                    WHERE p.tenant_id = \(tenant) AND p.author_key = authors.author_key)
                AND NOT EXISTS (SELECT 1 FROM author_preferences r
                    WHERE r.tenant_id = \(tenant) AND r.author_key = authors.author_key)
                """)
        }
        return removed
    }
}
