import Fediverse
import Privacy
import Recommender
import Synchronization
import Testing

struct CandidateIndexCacheTests {
    private let tenant = TenantKey(1)

    @Test func `many first readers share one load`() async throws {
        let repository = ScriptedRepository()
        let cache = CandidateIndexCache(repository: repository)
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<20 { group.addTask { try await cache.index(of: TenantKey(1), at: now).count } }
            await repository.arrivals(1)
            repository.answer(.success(.init(version: 1, changed: [.status(1)], removed: [])))
            for try await count in group { #expect(count == 1) }
        }
        #expect(repository.asked == [nil])
    }

    @Test func `a stale index is handed out while one refresh asks for what is new`() async throws {
        let (repository, cache) = try await loaded()
        let due = now + .seconds(10)
        #expect(try await cache.index(of: tenant, at: now + .seconds(9)).version == 1)
        #expect(repository.asked == [nil])
        // Nobody answers the refresh yet, and no reader waits for it.
        #expect(try await cache.index(of: tenant, at: due).version == 1)
        #expect(try await cache.index(of: tenant, at: due + .seconds(60)).version == 1)
        await repository.arrivals(2)
        repository.answer(.success(.init(version: 5, changed: [.status(2)], removed: [PostKey(1)])))
        await cache.settle()
        #expect(repository.asked == [nil, 1])
        #expect(cache.current(of: tenant)?.version == 5)
        #expect(cache.current(of: tenant)?[PostKey(1)] == nil)
        #expect(cache.current(of: tenant)?[PostKey(2)] != nil)
    }

    @Test func `a failed refresh keeps the old index and is tried again when it is due`() async throws {
        let (repository, cache) = try await loaded()
        _ = try await cache.index(of: tenant, at: now + .seconds(10))
        await repository.arrivals(2)
        repository.answer(.failure(Trouble()))
        await cache.settle()
        #expect(cache.failures(of: tenant) == 1)
        #expect(try await cache.index(of: tenant, at: now + .seconds(11)).version == 1)
        #expect(repository.asked == [nil, 1])
        _ = try await cache.index(of: tenant, at: now + .seconds(20))
        await repository.arrivals(3)
        repository.answer(.success(.init(version: 2, changed: [], removed: [])))
        await cache.settle()
        #expect(cache.failures(of: tenant) == 0)
        #expect(cache.current(of: tenant)?.version == 2)
    }

    @Test func `the first load's error reaches its readers, the next reader tries again`() async throws {
        let repository = ScriptedRepository()
        let cache = CandidateIndexCache(repository: repository)
        async let first = cache.index(of: tenant, at: now)
        await repository.arrivals(1)
        repository.answer(.failure(Trouble()))
        do {
            _ = try await first
            Issue.record("the error was swallowed")
        } catch is Trouble {}
        async let second = cache.index(of: tenant, at: now)
        await repository.arrivals(2)
        repository.answer(.success(.init(version: 3, changed: [], removed: [])))
        let version = try await second.version
        #expect(version == 3)
    }

    @Test func `a version that went back means another database: everything is read anew`() async throws {
        let (repository, cache) = try await loaded(version: 9)
        async let refreshed = cache.refresh(tenant, at: now)
        await repository.arrivals(2)
        repository.answer(.success(.init(version: 4, changed: [], removed: [])))
        await repository.arrivals(3)
        repository.answer(.success(.init(version: 4, changed: [.status(7)], removed: [])))
        let index = try await refreshed
        #expect(index[PostKey(1)] == nil)
        #expect(repository.asked == [nil, 9, nil])
        #expect(cache.current(of: tenant)?.count == 1)
    }

    private func loaded(version: Int64 = 1) async throws -> (ScriptedRepository, CandidateIndexCache) {
        let repository = ScriptedRepository()
        let cache = CandidateIndexCache(repository: repository, freshFor: .seconds(10))
        async let first = cache.refresh(tenant, at: now)
        await repository.arrivals(1)
        repository.answer(.success(.init(version: version, changed: [.status(1)], removed: [])))
        let loaded = try await first.version
        #expect(loaded == version)
        return (repository, cache)
    }
}

private struct Trouble: Error {}

/// A repository whose answers the test gives, one at a time, so that it can look at the cache while a question is open.
private final class ScriptedRepository: RecommenderRepository {
    private struct State {
        var asked: [Int64?] = []
        var open: [CheckedContinuation<SnapshotChanges, any Error>] = []
        var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    var asked: [Int64?] { state.withLock { $0.asked } }

    func changes(in tenant: TenantKey, since version: Int64?, at now: Instant) async throws -> SnapshotChanges {
        try await withCheckedThrowingContinuation { continuation in
            let ready = state.withLock { state in
                state.asked.append(version)
                state.open.append(continuation)
                let ready = state.watchers.filter { $0.count <= state.asked.count }
                state.watchers.removeAll { $0.count <= state.asked.count }
                return ready
            }
            for watcher in ready { watcher.continuation.resume() }
        }
    }

    func history(of viewer: Viewer, at now: Instant) async throws -> ReaderHistory { ReaderHistory() }
    func reader(_ alias: AliasID, in tenant: TenantKey, at now: Instant) async throws -> (viewer: Viewer, history: ReaderHistory) {
        (Viewer(tenant: tenant, alias: alias, level: .none, key: nil, epoch: 0), ReaderHistory())
    }
    func placements(_ wrapperIDs: [String], of viewer: Viewer) async throws -> [Placement] { [] }
    func listed(of viewer: Viewer, since start: Instant) async throws -> [Placement] { [] }

    /// Waits until the repository has been asked `count` times.
    func arrivals(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.asked.count >= count { return true }
                state.watchers.append((count, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    func answer(_ result: Result<SnapshotChanges, any Error>) {
        let continuation = state.withLock { $0.open.isEmpty ? nil : $0.open.removeFirst() }
        continuation?.resume(with: result)
    }
}
