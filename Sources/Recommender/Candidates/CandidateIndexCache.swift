public import Fediverse
public import Privacy
import Synchronization

/// The newest index of each tenant that is at hand. A reader never waits for a refresh but for the very first:
/// an index that is due is handed out while one refresh, not two, brings it up to date.
public final class CandidateIndexCache: Sendable {
    private let repository: any RecommenderRepository
    private let freshFor: Instant.Span
    private let tenants = Mutex<[TenantKey: Entry]>([:])

    private struct Entry {
        var index: CandidateIndex?
        /// When the last refresh began, and whether it is still under way.
        var askedAt: Instant
        var refresh: Task<CandidateIndex, any Error>?
        var failures = 0
    }

    private enum Answer {
        case ready(CandidateIndex)
        case wait(Task<CandidateIndex, any Error>)
    }

    /// - Parameter freshFor: how long an index is handed out before the repository is asked again.
    public init(repository: any RecommenderRepository, freshFor: Instant.Span = .seconds(10)) {
        self.repository = repository
        self.freshFor = freshFor
    }

    /// The tenant's index, at once when there is one.
    /// - Throws: the repository's error, only while there is none.
    public func index(of tenant: TenantKey, at now: Instant) async throws -> CandidateIndex {
        let answer = tenants.withLock { entries -> Answer in
            let entry = entries[tenant]
            if let index = entry?.index {
                if entry?.refresh == nil, let asked = entry?.askedAt, now - asked >= freshFor {
                    begin(tenant, after: index, at: now, in: &entries)
                }
                return .ready(index)
            }
            return .wait(entry?.refresh ?? begin(tenant, after: nil, at: now, in: &entries))
        }
        switch answer {
        case .ready(let index): return index
        case .wait(let refresh): return try await refresh.value
        }
    }

    /// The index that is at hand, without asking anyone; nil before the first.
    public func current(of tenant: TenantKey) -> CandidateIndex? { tenants.withLock { $0[tenant]?.index } }

    /// Brings the index up to date and waits for it; joins a refresh that is under way.
    public func refresh(_ tenant: TenantKey, at now: Instant) async throws -> CandidateIndex {
        let refresh = tenants.withLock { entries in
            entries[tenant]?.refresh ?? begin(tenant, after: entries[tenant]?.index, at: now, in: &entries)
        }
        return try await refresh.value
    }

    /// How many refreshes in a row have failed; the old index is handed out meanwhile.
    public func failures(of tenant: TenantKey) -> Int { tenants.withLock { $0[tenant]?.failures ?? 0 } }

    /// Ends what is under way: before the database is closed.
    public func stop() async {
        for refresh in tenants.withLock({ $0.values.compactMap(\.refresh) }) { refresh.cancel() }
        await settle()
    }

    /// Waits until no refresh is under way.
    public func settle() async {
        while let refresh = tenants.withLock({ entries in entries.values.lazy.compactMap(\.refresh).first }) {
            _ = await refresh.result
        }
    }

    /// Starts the one refresh. It is kept in the entry, where readers, `refresh` and `settle` wait for it.
    @discardableResult
    private func begin(
        _ tenant: TenantKey, after index: CandidateIndex?, at now: Instant, in entries: inout [TenantKey: Entry]
    ) -> Task<CandidateIndex, any Error> {
        let task = Task { [self] in
            do {
                let newest = try await load(tenant, after: index, at: now)
                finish(tenant, with: newest)
                return newest
            } catch {
                finish(tenant, with: nil)
                throw error
            }
        }
        var entry = entries[tenant] ?? Entry(askedAt: now)
        entry.askedAt = now
        entry.refresh = task
        entries[tenant] = entry
        return task
    }

    private func load(_ tenant: TenantKey, after index: CandidateIndex?, at now: Instant) async throws -> CandidateIndex {
        guard let index else { return CandidateIndex(try await repository.changes(in: tenant, since: nil, at: now)) }
        let changes = try await repository.changes(in: tenant, since: index.version, at: now)
        if changes.version >= index.version { return index.updated(by: changes) }
        // A version that goes back is another database, a restored one: nothing of the old index can be trusted.
        return CandidateIndex(try await repository.changes(in: tenant, since: nil, at: now))
    }

    private func finish(_ tenant: TenantKey, with index: CandidateIndex?) {
        tenants.withLock { entries in
            entries[tenant]?.refresh = nil
            guard let index else {
                entries[tenant]?.failures += 1
                return
            }
            entries[tenant]?.index = index
            entries[tenant]?.failures = 0
        }
    }
}
