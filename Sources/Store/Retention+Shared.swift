import Database
import Fediverse
import Privacy

// Each removes rows found a moment ago, as far as they are still due.
extension Connection {
    func dropContent(_ posts: [PostKey], _ overdue: Overdue) throws -> Int {
        try inParts(posts).reduce(0) { changed, part in
            try changed + run("""
                UPDATE post_metadata SET content = NULL WHERE tenant_id = \(overdue.tenant) AND post_key IN (\(sql: .list(part)))
                AND created_at < \(overdue.before) AND content IS NOT NULL
                """)
        }
    }

    func dropAggregates(_ cells: [(String, Int64, PostKey)], _ overdue: Overdue) throws -> Int {
        try bulk(
            "DELETE FROM item_popularity_daily WHERE tenant_id = $1 AND namespace = $2 AND day = $3 AND post_key = $4",
            cells.map { [overdue.tenant.sqlValue, $0.0.sqlValue, $0.1.sqlValue, $0.2.sqlValue] })
    }

    func dropReleases(_ days: [(String, Int64)], _ overdue: Overdue) throws -> Int {
        try bulk(
            "DELETE FROM shared_releases WHERE tenant_id = $1 AND namespace = $2 AND day = $3",
            days.map { [overdue.tenant.sqlValue, $0.0.sqlValue, $0.1.sqlValue] })
    }

    func dropLedgerTags(_ tags: [String], _ overdue: Overdue) throws -> Int {
        try inParts(tags).reduce(0) { removed, part in
            try removed + run("""
                DELETE FROM erasure_ledger WHERE tenant_id = \(overdue.tenant) AND tag IN (\(sql: .list(part)))
                AND erased_at < \(overdue.before)
                """)
        }
    }

    func dropJobRuns(_ runs: [Int64], _ overdue: Overdue) throws -> Int {
        try inParts(runs).reduce(0) { removed, part in
            try removed + run("DELETE FROM job_runs WHERE tenant_id = \(overdue.tenant) AND run_key IN (\(sql: .list(part)))")
        }
    }

    /// A snapshot from before these removals can no longer be brought up to date by changes; the tenant notes that.
    func forgetRemovals(_ removals: [(Int64, PostKey)], _ overdue: Overdue) throws -> Int {
        guard let newest = removals.map(\.0).max() else { return 0 }
        try run("""
            UPDATE tenants SET forgotten_version = \(newest) WHERE tenant_id = \(overdue.tenant) AND forgotten_version < \(newest)
            """)
        return try bulk(
            "DELETE FROM post_removals WHERE tenant_id = $1 AND changed_version = $2 AND post_key = $3",
            removals.map { [overdue.tenant.sqlValue, $0.0.sqlValue, $0.1.sqlValue] })
    }
}
