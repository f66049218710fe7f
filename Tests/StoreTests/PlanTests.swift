import Database
import Fediverse
import Privacy
import Recommender
import Synchronization
import Testing

@testable import Store

struct PlanTests {
    /// Statements that may read all rows of a tenant, by their beginning, and why.
    private static let allowed = [
        // A handful of rows.
        "FROM key_ids WHERE tenant_id", "UPDATE key_ids SET", "FROM tenants ORDER BY domain", "FROM tenants ORDER BY tenant_id", "INSERT INTO user_aliases", "SELECT tag FROM erasure_ledger", "SELECT changed_version, post_key FROM post_removals",
        // Once in a step of the anonymizer, which then needs no look at each row's person.
        "SELECT alias_key, alias_id FROM user_aliases WHERE tenant_id = $1 AND privacy_level",
        // Once in a key's life.
        "SELECT alias_key FROM user_aliases WHERE tenant_id = $1\nAND key_id IN", "SELECT count(*) FROM user_aliases a WHERE a.tenant_id = k.tenant_id",
        // Once in an author's life.
        "DELETE FROM suppressions WHERE tenant_id = $1 AND subject_kind = 'author'",
        // Retention looks for what is due beside the writer, and one row a person or author.
        "SELECT a.alias_key FROM user_aliases", "SELECT a.author_key FROM authors", "SELECT s.alias_key, s.subject_kind",
        "SELECT r.alias_key, r.author_key, r.last_interaction_at", "SELECT namespace, day, post_key FROM item_popularity_daily",
        "SELECT namespace, day FROM shared_releases",
        "SELECT run_key FROM job_runs WHERE tenant_id = $1 AND started_at < $2",
    ]

    @Test func `no statement reads a whole table, but those that say why`() async throws {
        try await TestStore.with { store in
            let plans = Plans()
            let storage = Storage(
                pool: ExplainingPool(inner: store.storage.pool, plans: plans), replica: nil, location: .sqlite(path: store.path), defaultLevel: .none,
                candidateLimit: 1)
            try await useEverything(TestStore(storage: storage, tenant: store.tenant, path: store.path), asking: store)
            let scans = plans.steps.withLock { $0 }.flatMap { statement, steps in
                Self.allowed.contains { statement.contains($0) } ? [] : steps.filter(readsAll).map { "\($0): \(statement)" }
            }
            #expect(scans.isEmpty, "\(scans.sorted().joined(separator: "\n"))")
            #expect(plans.steps.withLock { $0.count } > 100)
        }
    }

    /// With nothing but the tenant to search by, all of the tenant's rows are read.
    private func readsAll(_ step: String) -> Bool {
        // `w` is a list of values in the statement itself.
        step.hasPrefix("SCAN ") && !["SCAN CONSTANT ROW", "SCAN w"].contains(step) || step.hasSuffix("(tenant_id=?)") || step == "no plan"
    }

    private func useEverything(_ store: TestStore, asking plain: TestStore) async throws {
        let storage = store.storage
        try await storage.registerKey(id: "key-1", in: store.tenant, at: noon)
        let viewer = try await store.viewer(.limited)
        let full = try await store.viewer(.full)
        #expect(viewer.key == full.key)
        try await store.keep([.status(1), .status(2, by: 2)], at: noon)
        try await store.keep([.status(1, favourites: 1, editedAt: noon), .status(2, by: 2)], at: noon + .hours(1))
        try await store.act(on: 1, full)
        try await store.act(.reply, on: 3, by: 3, full)
        for person in 2...6 { try await store.act(on: 1, try await store.viewer(.full, person)) }
        try await storage.interactions.undo(.reply, on: id(3), by: full)
        try await store.show([plain.key(1)], to: full)
        try await storage.preferences.set(#require(store.policy.permit(setting: Setting(name: "a", value: "b"), for: full)))
        try await storage.preferences.set(#require(store.policy.permit(setting: Setting(name: "a", value: nil), for: full)))
        let less = Suppression(subject: .author(id: id(9)), setAt: noon)
        try await storage.preferences.suppress(#require(store.policy.permit(suppression: less, for: full)))
        try await storage.preferences.release(.author(id: id(9)), by: full)
        try await storage.people.seen(#require(store.policy.permit(visit: noon + .days(2), for: full)))
        _ = try await storage.statuses.closeDay(noon, sharing: SharingPolicy(), in: store.tenant, at: noon)
        let version = try await store.changes().version
        _ = try await store.history(full)
        _ = try await storage.personalData.everything(about: full.alias, in: store.tenant)
        let brought = BroughtPreferences(settings: [Setting(name: "a", value: "b")], suppressions: [less])
        _ = try await storage.preferences.take(#require(store.policy.permit(brought: brought, for: full, at: noon)))
        let rows: [PersonalRow] = [
            .interaction(.favourite, postID: id(1)), .author(id: id(1)), .recommendation(id: 1), .suppression(.author(id: id(9))), .setting(name: "a"),
        ]
        for row in rows + PersonalRow.Evidence.allCases.map({ .evidence($0, id: 1) }) {
            _ = try await storage.personalData.remove(row, of: full.alias, in: store.tenant, at: noon)
        }
        try await store.act(on: 1, full)
        _ = try await storage.personalData.forget(since: noon, of: full.alias, in: store.tenant, at: noon)
        try await storage.statuses.confirm([id(1)], in: store.tenant, at: noon + .days(1))
        _ = try await storage.statuses.unconfirmed(since: noon, limit: 5, in: store.tenant)
        _ = try await storage.statuses.withdraw(localIDs: ["local-1"], in: store.tenant, at: noon)
        _ = try await store.changes(since: version - 1)
        try await store.viewer(.limited)
        try await storage.statuses.setCursor(IngestCursor(source: "public"), in: store.tenant, at: noon)
        _ = try await storage.statuses.optOut(authorID: id(1), source: .request, in: store.tenant, at: noon)
        try await storage.registerKey(id: "key-2", accepting: ["key-1"], in: store.tenant, at: noon)
        try await storage.people.adopt(alias(10), from: [FormerAlias(alias: alias(2), ledgerTag: id(2))], in: store.tenant, at: noon)
        _ = try await storage.endedKeys(among: ["key-1"])
        for step in RetentionPolicy().steps {
            for now in [noon, noon + .days(500)] {
                _ = try await storage.retention.due(step, in: store.tenant, at: now)
                _ = try await storage.retention.carryOut(step, in: store.tenant, at: now, limit: 10)
            }
        }
        try await storage.replaceKeys(by: "key-3", in: store.tenant, at: noon)
        try await storage.registerKey(id: "key-3", in: store.tenant, at: noon)
        _ = try await storage.people.erase(alias(2), in: store.tenant, ledgerTag: id(1), at: noon)
        let run = try await storage.jobRuns.begin("a", in: store.tenant, at: noon)
        try await storage.jobRuns.finish(run, .done, in: store.tenant, at: noon)
        _ = try await storage.jobRuns.interruptUnfinished(of: "a", in: store.tenant, at: noon)
        _ = try await storage.jobRuns.recent("a", limit: 1, in: store.tenant)
        try await storage.checkWritable(in: store.tenant)
        _ = try await storage.posts(containing: ["a", "über"], limit: 5, in: store.tenant)
        guard let lease = try await storage.leases.acquire("a", for: .seconds(1), by: "b", in: store.tenant, at: noon) else { return }
        try await storage.leases.fencing(lease) { _ = try await storage.leases.renew(lease, for: .seconds(1), at: noon) }
    }
}

/// The steps of each statement's plan, by its text.
private final class Plans: Sendable {
    let steps = Mutex<[String: [String]]>([:])
}

private struct ExplainingPool: ConnectionPool {
    let inner: any ConnectionPool
    let plans: Plans

    func read<Result: Sendable>(_ body: @escaping @Sendable (any Connection) throws -> Result) async throws -> Result {
        try await inner.read { [plans] in try body(ExplainingConnection($0, plans)) }
    }

    func write<Result: Sendable>(
        _ durability: Durability, _ body: @escaping @Sendable (any Connection) throws -> Result
    ) async throws -> Result {
        try await inner.write(durability) { [plans] in try body(ExplainingConnection($0, plans)) }
    }

    func maintain<Result: Sendable>(_ body: @escaping @Sendable (any Connection) throws -> Result) async throws -> Result {
        try await inner.maintain { [plans] in try body(ExplainingConnection($0, plans)) }
    }

    func shutdown() async { await inner.shutdown() }
}

/// Asks for the plan of each statement before it runs it.
private final class ExplainingConnection: Connection {
    let inner: any Connection
    let plans: Plans

    init(_ inner: any Connection, _ plans: Plans) {
        self.inner = inner
        self.plans = plans
    }

    var dialect: Dialect { inner.dialect }

    private func explain(_ text: String, _ values: [SQLValue]) {
        let known = plans.steps.withLock { $0[text] != nil }
        if known { return }
        let steps = try? inner.all(SQL(raw: "EXPLAIN QUERY PLAN " + text, values: values)) { $0.text(3) }
        plans.steps.withLock { $0[text] = steps ?? ["no plan"] }
    }

    func run(_ statement: SQL) throws(DatabaseError) -> Int {
        explain(statement.text, statement.values)
        return try inner.run(statement)
    }

    func rows(_ statement: SQL, _ each: (any Row) throws -> Void) throws {
        explain(statement.text, statement.values)
        try inner.rows(statement, each)
    }

    func bulk(_ statement: String, _ rows: some Sequence<[SQLValue]>) throws(DatabaseError) -> Int {
        let rows = Array(rows)
        if let first = rows.first { explain(statement, first) }
        return try inner.bulk(statement, rows)
    }

    func script(_ text: String) throws(DatabaseError) { try inner.script(text) }

    func transaction<Result>(_ body: () throws -> Result) throws -> Result { try inner.transaction(body) }
}
