import Database
import Fediverse
import Privacy

/// Ends what is kept: what is due, and one bounded batch of removing it.
///
/// What is due is looked for beside the writer; the writes look at each row once more, because it may have changed since. Each is for
/// so many rows as hold the writer for some milliseconds (`BatchSize`), and people's writes come between them.
struct Retention: RetentionRepository {
    let pool: any ConnectionPool

    func due(_ step: RetentionStep, in tenant: TenantKey, at now: Instant) async throws -> Int {
        let overdue = Overdue(step: step, tenant: tenant, now: now)
        if step.what == .evidence { return try await pool.read { try $0.evidence(before: overdue.firstKeptMoment, in: tenant) } }
        return try await pool.read { connection in
            if step.what == .fadedPreferences { return try connection.faded(overdue, limit: .max).count }
            return try overdue.selections.reduce(0) { try $0 + connection.count("SELECT count(*) FROM (\(sql: $1)) AS due") }
        }
    }

    func carryOut(_ step: RetentionStep, in tenant: TenantKey, at now: Instant, limit: Int) async throws -> Int {
        let overdue = Overdue(step: step, tenant: tenant, now: now)
        switch step.what {
        case .interactions, .views:
            return try await expireActs(overdue, limit)
        case .recommendationLogs:
            return try await batch(overdue, limit) { ($0.integer(0), $0.post(1)) } remove: { try $0.expireLogs($1, overdue) }
        case .suppressions:
            return try await batch(overdue, limit) { ($0.alias(0), $0.text(1), $0.text(2)) } remove: { try $0.expireSuppressions($1, overdue) }
        case .fadedPreferences:
            let faded = try await pool.read { try $0.faded(overdue, limit: limit) }
            return try await inBatches(faded) { try $0.dropFaded($1, overdue) }
        case .endedKeys: return try await endKeys(overdue, limit)
        case .unseenAliases:
            return try await batch(overdue, limit) { $0.alias(0) } remove: { try $0.forgetUnseen($1, overdue) }
        case .postContent:
            return try await batch(overdue, limit) { $0.post(0) } remove: { try $0.dropContent($1, overdue) }
        case .posts:
            return try await batch(overdue, limit) { $0.post(0) } remove: { try $0.withdraw($1, in: tenant, at: now) }
        case .stubs: return try await sweep(overdue, limit)
        case .sharedAggregates:
            let cells = try await batch(overdue, limit) { ($0.text(0), $0.integer(1), $0.post(2)) } remove: { try $0.dropAggregates($1, overdue) }
            // What a day cost is known for as long as its numbers are there.
            return cells < limit ? try await cells + dropReleases(overdue, limit - cells) : cells
        case .ledgerTags:
            return try await batch(overdue, limit) { $0.text(0) } remove: { try $0.dropLedgerTags($1, overdue) }
        case .evidence:
            let dropped = try await pool.write(.process) { try $0.dropEvidenceDays(before: overdue.firstKeptMoment, in: tenant) }
            let rows = try await pool.read { try $0.evidenceRows(before: overdue.firstKeptMoment, in: tenant, limit: max(0, limit - dropped)) }
            return try await dropped + inBatches(rows) { try $0.dropEvidence($1, in: tenant) }
        case .jobRuns:
            return try await batch(overdue, limit) { $0.integer(0) } remove: { try $0.dropJobRuns($1, overdue) }
        }
    }

    private func batch<Key: Sendable>(
        _ overdue: Overdue, _ limit: Int, _ read: @escaping @Sendable (any Row) -> Key,
        remove: @escaping @Sendable (any Connection, [Key]) throws -> Int
    ) async throws -> Int {
        let keys = try await pool.read { connection in
            try connection.all("\(sql: overdue.selections[0]) LIMIT \(limit)") { read($0) }
        }
        return try await inBatches(keys, .process, remove)
    }

    /// - Throws: `CancellationError` between two batches.
    private func inBatches<Key: Sendable>(
        _ keys: [Key], _ durability: Durability = .process, _ remove: @escaping @Sendable (any Connection, [Key]) throws -> Int
    ) async throws -> Int {
        var size = BatchSize()
        var rest = keys[...]
        var removed = 0
        while !rest.isEmpty {
            try Task.checkCancellation()
            let part = Array(rest.prefix(size.rows))
            rest = rest.dropFirst(part.count)
            let (count, begun, held) = try await pool.write(durability) { connection in
                let begun = ContinuousClock.now
                let count = try remove(connection, part)
                // A file's commit may move the log into the file, and others write meanwhile; a server's waits for its disk first.
                return (count, begun, connection.dialect == .sqlite ? ContinuousClock.now - begun : nil)
            }
            size.learn(rows: part.count, held: held ?? ContinuousClock.now - begun)
            removed += count
            // Another process on the file asks again and again for its turn: without a gap it would miss many.
            if !rest.isEmpty { try await Task.sleep(for: BatchSize.gap) }
        }
        return removed
    }

    /// Acts in the order of their times, page by page: those of the other levels between them may be many times as many.
    private func expireActs(_ overdue: Overdue, _ limit: Int) async throws -> Int {
        let people = try await pool.read { try $0.aliases(at: overdue.step.level, in: overdue.tenant) }
        if people.isEmpty { return 0 }
        var removed = 0
        var last: ExpiredAct?
        while removed < limit {
            let after = last
            let page = try await pool.read { try $0.actsByTime(overdue, after: after) }
            let all = page.filter { people[$0.alias] != nil }
            let due = all.prefix(limit - removed)
            // Person by person: a person's rows lie beside each other, and what is derived of one is mostly mended once.
            removed += try await inBatches(due.sorted { ($0.alias.value, $0.at) < ($1.alias.value, $1.at) }) { try $0.expire($1, of: people, overdue) }
            // Of those that were taken some may have changed meanwhile: then there is room for what the limit left out.
            let isWhole = due.count == all.count
            last = isWhole ? page.last : due.last
            if isWhole, page.count < ExpiredAct.pageRows { break }
        }
        return removed
    }

    private func dropReleases(_ overdue: Overdue, _ limit: Int) async throws -> Int {
        let days = try await pool.read { connection in
            try connection.all("\(sql: overdue.selections[1]) LIMIT \(limit)") { ($0.text(0), $0.integer(1)) }
        }
        return days.isEmpty ? 0 : try await pool.write(.process) { try $0.dropReleases(days, overdue) }
    }

    /// Keys whose time is over, and the people who are still known by one of them: nobody can find them again.
    private func endKeys(_ overdue: Overdue, _ limit: Int) async throws -> Int {
        let ended = try await pool.read { connection in
            try connection.all(overdue.endedKeys) { $0.text(0) }
        }
        if ended.isEmpty { return 0 }
        let aliases = try await pool.read { connection in
            try connection.all("\(sql: overdue.selections[0]) LIMIT \(limit)") { $0.alias(0) }
        }
        _ = try await pool.write(.power) { try $0.endKeys(ended, nobodyIsLeft: aliases.isEmpty, overdue) }
        return try await inBatches(aliases, .power) { try $0.forget($1, of: ended, overdue) }
    }

    /// Stubs, authors without anything, and removals that every cache has heard of: in this order, sharing the limit.
    private func sweep(_ overdue: Overdue, _ limit: Int) async throws -> Int {
        let (stubs, authors, removals) = try await pool.read { connection in
            let stubs = try connection.all("\(sql: overdue.selections[0]) LIMIT \(limit)") { $0.post(0) }
            let authors = try connection.all("\(sql: overdue.selections[1]) LIMIT \(limit - stubs.count)") { $0.author(0) }
            let rest = limit - stubs.count - authors.count
            return (stubs, authors, try connection.all("\(sql: overdue.selections[2]) LIMIT \(rest)") { ($0.integer(0), $0.post(1)) })
        }
        return try await inBatches(stubs) { try $0.dropUnreferenced(stubs: $1, in: overdue.tenant) }
            + inBatches(authors) { try $0.dropUnreferenced(authors: $1, in: overdue.tenant) }
            + inBatches(removals) { try $0.forgetRemovals($1, overdue) }
    }
}

/// What a step is looking for.
struct Overdue: Sendable {
    /// How long a removal stays listed for cached snapshots, whatever the step says.
    static let removalsListed = Instant.Span.days(1)

    let step: RetentionStep
    let tenant: TenantKey
    let now: Instant

    /// Rows from before this moment are due.
    var before: Instant { now - step.age }

    /// Only aliases at the step's level; at every level where it names none.
    func level(_ alias: String) -> SQL {
        guard let level = step.level else { return "" }
        return """
            AND EXISTS (SELECT 1 FROM user_aliases u WHERE u.tenant_id = \(tenant) AND u.alias_key = \(raw: alias).alias_key
                AND u.privacy_level = \(level.rawValue))
            """
    }

    /// The keys of what is due, each statement without a limit. Faded preferences are found by arithmetic instead.
    var selections: [SQL] {
        switch step.what {
        case .interactions: [interactions("")]
        case .views: [interactions("AND i.kind = \(InteractionKind.view.code)")]
        case .recommendationLogs:
            ["""
            SELECT l.log_key, l.post_key FROM recommendation_logs l
            WHERE l.tenant_id = \(tenant) AND l.recommended_at < \(before) \(sql: level("l"))
            """]
        case .suppressions:
            ["""
            SELECT s.alias_key, s.subject_kind, s.subject FROM suppressions s
            WHERE s.tenant_id = \(tenant) AND (s.set_at < \(before) OR s.until < \(now)) \(sql: level("s"))
            """]
        case .fadedPreferences, .evidence: []
        case .unseenAliases:
            ["""
            SELECT a.alias_key FROM user_aliases a WHERE a.tenant_id = \(tenant) AND a.last_seen < \(before) \(sql: level("a"))
            """]
        case .endedKeys:
            ["""
            SELECT alias_key FROM user_aliases WHERE tenant_id = \(tenant)
            AND key_id IN (SELECT key_id FROM (\(sql: endedKeys)) AS ended)
            """]
        case .postContent:
            ["SELECT post_key FROM post_metadata WHERE tenant_id = \(tenant) AND created_at < \(before) AND content IS NOT NULL"]
        case .posts: ["SELECT post_key FROM post_metadata WHERE tenant_id = \(tenant) AND created_at < \(before)"]
        case .stubs: [unreferencedStubs, unreferencedAuthors, heardRemovals]
        case .sharedAggregates:
            ["""
            SELECT namespace, day, post_key FROM item_popularity_daily
            WHERE tenant_id = \(tenant) AND day < \(firstKeptDay)
            """, """
            SELECT namespace, day FROM shared_releases WHERE tenant_id = \(tenant) AND day < \(firstKeptDay)
            """]
        case .ledgerTags: ["SELECT tag FROM erasure_ledger WHERE tenant_id = \(tenant) AND erased_at < \(before)"]
        case .jobRuns: ["SELECT run_key FROM job_runs WHERE tenant_id = \(tenant) AND started_at < \(before)"]
        }
    }

    /// Keys that were replaced so long ago that they have to end, or that have ended while people were known by them.
    var endedKeys: SQL {
        """
        SELECT key_id FROM key_ids WHERE tenant_id = \(tenant)
        AND (state = 'destroyed' AND rotated_at IS NOT NULL OR state = 'accepting' AND rotated_at < \(before))
        """
    }

    /// A day is due when its first moment is.
    var firstKeptDay: Int64 { (before + Instant.Span(microseconds: Instant.Span.days(1).microseconds - 1)).dayNumber }

    /// Of tables by day, whose days go whole.
    var firstKeptMoment: Instant { Instant(seconds: firstKeptDay * 86_400) }

    private func interactions(_ kinds: SQL) -> SQL {
        """
        SELECT i.alias_key, i.post_key, i.kind, i.occurred_at, p.author_key FROM user_interactions i
        JOIN post_metadata p ON p.tenant_id = i.tenant_id AND p.post_key = i.post_key
        WHERE i.tenant_id = \(tenant) AND i.occurred_at < \(before) \(sql: kinds) \(sql: level("i"))
        """
    }

    private var unreferencedStubs: SQL {
        """
        SELECT p.post_key FROM post_metadata p WHERE p.tenant_id = \(tenant) AND p.created_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM user_interactions i WHERE i.tenant_id = \(tenant) AND i.post_key = p.post_key)
        AND NOT EXISTS (SELECT 1 FROM recommendation_logs l WHERE l.tenant_id = \(tenant) AND l.post_key = p.post_key)
        """
    }

    private var unreferencedAuthors: SQL {
        """
        SELECT a.author_key FROM authors a WHERE a.tenant_id = \(tenant)
        AND NOT EXISTS (SELECT 1 FROM post_metadata p WHERE p.tenant_id = \(tenant) AND p.author_key = a.author_key)
        AND NOT EXISTS (SELECT 1 FROM author_preferences r WHERE r.tenant_id = \(tenant) AND r.author_key = a.author_key)
        """
    }

    private var heardRemovals: SQL {
        """
        SELECT changed_version, post_key FROM post_removals
        WHERE tenant_id = \(tenant) AND removed_at < \(now - max(step.age, Self.removalsListed))
        """
    }
}
