import Database
import Fediverse
import Privacy

/// Where bytes of removed rows may still stand, noted by the transaction that removes them.
///
/// One note for each removal, and never a change of another's note: a file that is written anew ends exactly the notes that were
/// there before, and removals do not wait for each other.
enum FileRewrites {
    /// SQLite's write-ahead log, which has what the file has no more.
    static let log = "log"
    /// Tables about people, and what only their rows refer to, that are written anew every week, because acts are taken back and rows end every day. The aliases' parts and the
    /// days of evidence are not among them: of those only what an erasure has touched is left behind.
    static let weekly = [
        "user_interactions", "author_preferences", "recommendation_logs", "preferences", "suppressions", "post_metadata", "authors",
    ] + evidenceTables.map(EvidenceDays.rest(of:))
    /// Large tables are written anew at night, when they are missed least.
    private static let hour = Instant.Span.hours(3)

    /// The next 3 o'clock (UTC).
    static func night(after now: Instant) -> Instant {
        let tonight = now.floored(to: .days(1)) + hour
        return tonight > now ? tonight : tonight + .days(1)
    }

    static func isAliases(_ relation: String) -> Bool { relation == log || relation.hasPrefix("user_aliases") }
}

extension WaitingRewrite {
    /// Of what ends by itself, not of an erasure.
    var isWeekly: Bool { dueAt > FileRewrites.night(after: removedAt) }
}

extension Connection {
    /// Notes that rows of these tables are gone and their bytes are not. On SQLite there is one file for all.
    /// - Parameter aliases: whose rows in `user_aliases` are gone, too, or are no longer what they were.
    func noteRemoval(of tables: [String], aliases: [AliasID], in tenant: TenantKey, at now: Instant) throws {
        if tables.isEmpty, aliases.isEmpty { return }
        guard dialect == .postgres else { return try note([FileRewrites.log], in: tenant, removed: now, due: now) }
        try note(try Set(aliases.map { try part(of: $0) }).sorted(), in: tenant, removed: now, due: now)
        try note(tables.sorted(), in: tenant, removed: now, due: FileRewrites.night(after: now))
    }

    func note(_ relations: [String], in tenant: TenantKey, removed: Instant, due: Instant) throws {
        try bulk(
            "INSERT INTO file_rewrites (tenant_id, relation, removed_at, due_at) VALUES ($1, $2, $3, $4)",
            relations.map { [tenant.sqlValue, .text($0), removed.sqlValue, due.sqlValue] })
    }

    /// The part of `user_aliases` in which an alias stands.
    private func part(of alias: AliasID) throws -> String {
        let number = try first("""
            SELECT n FROM generate_series(0, 63) AS n
            WHERE satisfies_hash_partition(CAST('user_aliases' AS regclass), 64, n, CAST(\(alias.hex) AS text))
            """) { $0.integer(0) } ?? 0
        return "user_aliases_" + (number < 10 ? "0\(number)" : "\(number)")
    }

    /// What is noted, the soonest first.
    func waitingRewrites(in tenant: TenantKey) throws -> [WaitingRewrite] {
        try all("""
            SELECT rewrite_key, relation, removed_at, due_at FROM file_rewrites WHERE tenant_id = \(tenant) ORDER BY due_at, rewrite_key
            """) { WaitingRewrite(key: $0.integer(0), relation: $0.text(1), removedAt: $0.instant(2), dueAt: $0.instant(3)) }
    }

    func end(_ rewrites: [WaitingRewrite], in tenant: TenantKey) throws {
        for part in inParts(rewrites.map(\.key)) {
            try run("DELETE FROM file_rewrites WHERE tenant_id = \(tenant) AND rewrite_key IN (\(sql: .list(part)))")
        }
    }

    /// Sees to it that each weekly table's next rewriting is noted.
    func planWeeklyRewrites(in tenant: TenantKey, at now: Instant) throws {
        guard dialect == .postgres else { return }
        let planned = Set(try waitingRewrites(in: tenant).map(\.relation))
        try note(FileRewrites.weekly.filter { !planned.contains($0) }, in: tenant, removed: now, due: FileRewrites.night(after: now + .days(6)))
    }
}
