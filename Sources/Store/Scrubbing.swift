import Database

public import Fediverse
import Postgres
public import Privacy
import SQLite

/// Takes the bytes of removed rows out of the database's files.
///
/// SQLite has overwritten them in their pages and empties its log. PostgreSQL writes the tables anew that are noted
/// (`FileRewrites`), and first waits until no session's snapshot is from before the removal: it would copy what such a one can see.
struct Scrubbing: ScrubRepository {
    let pool: any ConnectionPool
    let location: StoreLocation
    /// How long it waits for older snapshots in one call; our own readers end by then.
    var patience = Duration.seconds(8)

    /// How long a rewriting stands in line for its table. Whoever comes after it stands behind it, so it rather comes again.
    private static let lockPatience = Duration.milliseconds(50)
    private static let lockAttempts = 8

    func plan(in tenant: TenantKey, at now: Instant) async throws {
        guard case .postgres = location else { return }
        _ = try await pool.write(.process) { try $0.planWeeklyRewrites(in: tenant, at: now) }
    }

    func waiting(in tenant: TenantKey) async throws -> [WaitingRewrite] {
        try await pool.read { try $0.waitingRewrites(in: tenant) }
    }

    func carryOut(in tenant: TenantKey, at now: Instant) async throws -> ScrubReport {
        let begun = ContinuousClock.now
        var report = try await rewrite(in: tenant) { $0.dueAt <= now }
        let took = Instant.Span(microseconds: Int64((ContinuousClock.now - begun) / .microseconds(1)))
        report.longest = report.ended.reduce(.seconds(0)) { max($0, now + took - $1.removedAt) }
        if !report.ended.isEmpty { try await plan(in: tenant, at: now) }
        return report
    }

    /// Takes out at once what may not wait for the night: all of a file's log, and on a server the aliases.
    /// - Returns: whether nothing of it is left.
    func takeOutAliases() async throws -> Bool {
        let tenants = try await pool.read { try $0.all("SELECT tenant_id FROM tenants ORDER BY tenant_id") { TenantKey($0.integer(0)) } }
        // A file's log is emptied whether anything is noted or not: it has what every write of the last moments left.
        if case .sqlite = location, try await !emptyLog() { return false }
        var isDone = true
        for tenant in tenants {
            isDone = try await rewrite(in: tenant) { FileRewrites.isAliases($0.relation) }.held.isEmpty && isDone
        }
        return isDone
    }

    /// Writes tables anew, whether anything is noted of them or not.
    /// - Returns: whether nothing of what was removed before is left in them.
    func takeOut(of tables: [String]) async throws -> Bool {
        let mark = try await pool.read { try $0.transactionMark() }
        guard try await isPast(mark) else { return false }
        return try await rewriteAlone(tables).count == tables.count
    }

    private func rewrite(in tenant: TenantKey, where isWanted: @escaping @Sendable (WaitingRewrite) -> Bool) async throws -> ScrubReport {
        // Of one snapshot: the notes, and a number above that of every transaction that has made one of them.
        let (wanted, mark) = try await pool.read { connection in
            (try connection.waitingRewrites(in: tenant).filter(isWanted), connection.dialect == .postgres ? try connection.transactionMark() : "")
        }
        if wanted.isEmpty { return ScrubReport() }
        let done: Set<String>
        if case .postgres = location {
            guard try await isPast(mark) else { return ScrubReport(held: wanted) }
            done = Set(try await rewriteAlone(Array(Set(wanted.map(\.relation))).sorted()))
        } else {
            done = try await emptyLog() ? [FileRewrites.log] : []
        }
        let ended = wanted.filter { done.contains($0.relation) }
        _ = try await pool.write(.process) { try $0.end(ended, in: tenant) }
        return ScrubReport(ended: ended, held: wanted.filter { !done.contains($0.relation) })
    }

    private func emptyLog() async throws -> Bool {
        try await pool.maintain { connection in try connection.onFile { try $0.truncateLog() } ?? true }
    }

    /// Whether nobody can see any more what was there before the mark; waits a while for it.
    private func isPast(_ mark: String) async throws -> Bool {
        let end = ContinuousClock.now + patience
        while true {
            if try await pool.read({ try $0.isOldest(mark) }) { return true }
            guard ContinuousClock.now < end else { return false }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// On a session of its own: other tables are written meanwhile.
    /// - Returns: the tables that were written anew, and those that are no longer there.
    private func rewriteAlone(_ tables: [String]) async throws -> [String] {
        guard case .postgres(let url) = location else { return [] }
        return try await OwnThread.run("rewrite") {
            let session = try PostgresConnection(PostgresSettings(url: url))
            try session.beginMaintenance()
            return try tables.filter { try session.rewrite($0, patience: Self.lockPatience, attempts: Self.lockAttempts) }
        }
    }
}

extension Storage {
    /// When the bytes of removed rows will have left the files, as far as it is planned; nil when none wait. The weekly rewriting of what
    /// ends by itself does not count.
    public func bytesLeaveBy(in tenant: TenantKey) async throws -> Instant? {
        try await scrubbing.waiting(in: tenant).filter { !$0.isWeekly }.map(\.dueAt).max()
    }
}
