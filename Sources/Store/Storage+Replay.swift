import Database

public import Fediverse
public import Privacy
import Recommender

/// What a restored backup was told.
public struct Replay: Sendable, Equatable {
    public var erased = 0
    /// Cut from FULL to LIMITED.
    public var cut = 0
    /// Authors who asked to be left alone, or whom the operator entered.
    public var leftAlone = 0

    public static func += (told: inout Replay, more: Replay) {
        told.erased += more.erased
        told.cut += more.cut
        told.leftAlone += more.leftAlone
    }
}

extension Storage {
    /// Erasures and lowered levels that this database knows of.
    public func ledger() async throws -> [LedgerEntry] {
        var entries: [LedgerEntry] = []
        for tenant in try await tenants() {
            let key = tenant.key
            entries += try await pool.read { connection in
                try connection.all("SELECT tag, privacy_level, erased_at FROM erasure_ledger WHERE tenant_id = \(key)") {
                    LedgerEntry(tag: $0.text(0), level: PrivacyLevel(rawValue: $0.text(1)) ?? .none, at: $0.instant(2))
                }
            }
        }
        return entries
    }

    /// Authors who have asked to be left alone and those whom the operator entered, as this database knows them.
    public func authorLedger() async throws -> [AuthorLedgerEntry] {
        var entries: [AuthorLedgerEntry] = []
        for tenant in try await tenants() {
            let key = tenant.key
            try await pool.read { connection in
                try connection.all("SELECT author_id, requested_at, listed_at FROM author_opt_outs WHERE tenant_id = \(key)") {
                    (author: $0.text(0), times: [(OptOutSource.request, $0.instantOrNil(1)), (.listing, $0.instantOrNil(2))])
                }
            }.forEach { row in
                for case (let source, let at?) in row.times {
                    entries.append(AuthorLedgerEntry(authorID: row.author, domain: tenant.domain, source: source.rawValue, leftAlone: true, at: at))
                }
            }
        }
        return entries
    }

    /// Tells a restored database which authors have since asked to be left alone, or have taken it back: what was last said counts.
    public func replay(_ entries: [AuthorLedgerEntry]) async throws -> Replay {
        var replay = Replay()
        for tenant in try await tenants() {
            var last: [String: AuthorLedgerEntry] = [:]
            for entry in entries where entry.domain == tenant.domain {
                let name = entry.source + " " + entry.authorID
                if last[name].map({ $0.at <= entry.at }) ?? true { last[name] = entry }
            }
            for (_, entry) in last.sorted(by: { $0.key < $1.key }) {
                guard let source = OptOutSource(rawValue: entry.source), source != .profile else { continue }
                let known = try await statuses.optOut(of: entry.authorID, in: tenant.key)
                let stands = source == .request ? known?.requestedAt : known?.listedAt
                if entry.leftAlone, stands == nil {
                    _ = try await statuses.optOut(authorID: entry.authorID, source: source, in: tenant.key, at: entry.at)
                    replay.leftAlone += 1
                } else if !entry.leftAlone, let stands, stands <= entry.at {
                    _ = try await statuses.optIn(authorID: entry.authorID, source: source, in: tenant.key, at: entry.at)
                }
            }
        }
        return replay
    }

    /// Tells a restored database what has come since it was copied: who was erased goes, who lowered their level is cut, and
    /// whoever is known by a key that is no longer there goes, too. The entries stand in its own ledger afterwards.
    ///
    /// What it knows already is not done again; no clock is asked, because an erasure may have waited while the copy was made.
    /// - Parameters:
    ///   - tags: every tag under which the ledger may have an alias.
    ///   - keys: the ids of the keys that are there now; the first is in use (`registerKey`).
    public func replay(_ entries: [LedgerEntry], tags: (AliasID) -> [String], keys: Set<String>, at now: Instant) async throws -> Replay {
        let known = Dictionary(try await ledger().map { ($0.tag, $0.at) }, uniquingKeysWith: max)
        let unknown = entries.filter { entry in known[entry.tag].map { $0 < entry.at } ?? true }
        var lowest: [String: PrivacyLevel] = [:]
        for entry in unknown { lowest[entry.tag] = min(lowest[entry.tag] ?? .full, entry.level) }
        var replay = Replay()
        for tenant in try await tenants() {
            let key = tenant.key
            let rows = try await pool.read { connection in
                try connection.all("SELECT alias_key, alias_id, key_id FROM user_aliases WHERE tenant_id = \(key)") {
                    (key: $0.alias(0), id: $0.text(1), keyID: $0.text(2))
                }
            }
            for row in rows {
                guard let alias = AliasID(hex: row.id) else { continue }
                if !keys.contains(row.keyID) {
                    _ = try await pool.write(.process) { try $0.removePersonalRows(of: row.key, in: key, at: now) }
                    replay.erased += 1
                } else if let level = tags(alias).compactMap({ lowest[$0] }).min(), try await lower(alias, to: level, in: key, at: now) {
                    if level == .none { replay.erased += 1 } else { replay.cut += 1 }
                }
            }
            try await pool.write(.power) { connection in
                for entry in unknown { try connection.noteInLedger(entry, in: key) }
            }
        }
        return replay
    }

    private func lower(_ alias: AliasID, to level: PrivacyLevel, in tenant: TenantKey, at now: Instant) async throws -> Bool {
        guard try await people.viewer(alias, in: tenant).level > level else { return false }
        _ = try await people.setLevel(level, of: alias, in: tenant, at: now)
        return true
    }
}
