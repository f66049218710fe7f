import Database

public import Fediverse
public import Privacy

extension Storage {
    /// Counts the people behind every shared cell anew, from the rows that are still there.
    ///
    /// Within the days that the signals job closes again and again, a cell that says more than the rows do is wrong. Of older days, and of
    /// those that were published once and for all with noise, rows have gone rightly, and nobody can tell any more.
    public func checkCells(at now: Instant) async throws -> (cells: ProofReport.Cells, findings: [ProofReport.Finding]) {
        var cells = ProofReport.Cells()
        var findings: [ProofReport.Finding] = []
        for tenant in try await tenants() {
            let key = tenant.key
            let (lastRun, departed, days) = try await pool.read { connection in
                let lastRun = try connection.first("""
                    SELECT max(started_at) FROM job_runs WHERE tenant_id = \(key) AND job = 'signals' AND outcome = 'done'
                    """) { $0.instantOrNil(0) } ?? nil
                let departed = try connection.count("SELECT count(*) FROM erasure_ledger WHERE tenant_id = \(key) AND erased_at >= \(lastRun ?? now)")
                let days = try connection.all("""
                    SELECT DISTINCT day FROM item_popularity_daily WHERE tenant_id = \(key) AND score IS NOT NULL ORDER BY day
                    """) { $0.integer(0) }
                return (lastRun, departed, days)
            }
            // As `SignalsJob` chooses the days that it closes.
            let newest = ((lastRun ?? now) - .hours(1)).dayNumber - 1
            for day in days {
                let isOpen = (newest - 6...newest).contains(day)
                let (isNoisy, counted) = try await pool.read { connection in
                    let isNoisy = try connection.first("SELECT 1 FROM shared_releases WHERE tenant_id = \(key) AND day = \(day)") { _ in true } ?? false
                    return (isNoisy, try connection.recount(day, SharingPolicy(isNoisy ? .noisy : .counted), in: key))
                }
                for cell in counted {
                    let (step, fewest) = (SharingPolicy.rounding, KeepingPolicy.Shared.fewestPeople)
                    if cell.score < fewest || cell.score % step != 0 {
                        findings.append(.init(.cell, in: "item_popularity_daily", part: "score", "no multiple of \(step)"))
                    } else if let people = cell.people, people >= fewest, isNoisy || people / step * step >= cell.score {
                        cells.counted += 1
                    } else if let people = cell.people, isOpen, !isNoisy, (people + departed) / step * step < cell.score {
                        findings.append(.init(.cell, in: "item_popularity_daily", part: "score", "more than the people who are counted anew"))
                    } else {
                        cells.uncountable += 1
                    }
                }
            }
        }
        return (cells, findings)
    }
}

extension Connection {
    /// The cells of a day, and how many people the rows still show; nil where the status is no candidate any more, whose acts do not count.
    fileprivate func recount(_ day: Int64, _ sharing: SharingPolicy, in tenant: TenantKey) throws -> [(score: Int, people: Int?)] {
        let people = try contributions(from: Instant(seconds: day * 86_400), postsOfOnePerson: sharing.postsOfOnePerson, in: tenant)
        return try all("""
            SELECT c.score, c.post_key, p.eligible, c.namespace FROM item_popularity_daily c
            JOIN post_metadata p ON p.tenant_id = c.tenant_id AND p.post_key = c.post_key
            WHERE c.tenant_id = \(tenant) AND c.day = \(day) AND c.score IS NOT NULL
            """) { ($0.int(0), $0.bool(2) && $0.text(3) == "default" ? people[$0.post(1)] ?? 0 : nil) }
    }
}
