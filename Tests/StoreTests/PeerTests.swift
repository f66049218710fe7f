import Database
import Fediverse
import Postgres
import Privacy
import Recommender
import Synchronization
import TestSupport
import Testing

@testable import Store

/// Two processes' storages on one server's database.
@Suite(.enabled(if: PostgresServer.address != nil, .init(rawValue: PostgresServer.isMissing)))
struct PeerTests {
    private func withPeers(_ body: (_ one: Storage, _ other: Storage, _ tenant: TenantKey) async throws -> Void) async throws {
        try await StorePlace.with(.postgres) { place in
            let one = try await Storage.open(place.location, role: .serve, now: noon)
            let other = try await Storage.open(place.location, role: .serve, now: noon)
            let tenant = try await one.tenant(domain: "social.example", at: noon)
            try await one.registerKey(id: "key-1", in: tenant, at: noon)
            let ended: Result<Void, any Error>
            do { ended = .success(try await body(one, other, tenant)) } catch { ended = .failure(error) }
            await one.shutdown()
            await other.shutdown()
            try ended.get()
        }
    }

    @Test func `a lease goes by the server's clock, whatever its takers' say`() async throws {
        try await withPeers { one, other, tenant in
            let first = try #require(try await one.leases.acquire("jobs", for: .seconds(45), by: "a", in: tenant, at: noon))
            for wrong in [Instant.Span.days(366), .days(-366), .hours(1)] {
                #expect(try await other.leases.acquire("jobs", for: .seconds(3), by: "b", in: tenant, at: noon + wrong) == nil)
            }
            let begun = ContinuousClock.now
            #expect(try await one.leases.renew(first, for: .seconds(1), at: noon + .days(3_660)))
            var second: Lease?
            while second == nil, ContinuousClock.now - begun < .seconds(20) {
                second = try await other.leases.acquire("jobs", for: .seconds(3), by: "b", in: tenant, at: noon)
            }
            #expect(second.map { $0.fence > first.fence } == true)
            #expect(ContinuousClock.now - begun > .milliseconds(900))
        }
    }

    @Test func `nobody takes a lease in the middle of a write under it, and who asks does not wait`() async throws {
        try await withPeers { one, other, tenant in
            func leases(_ storage: Storage) -> Leases {
                var leases = storage.leases
                leases.goesByServer = false
                return leases
            }
            let first = try #require(try await leases(one).acquire("jobs", for: .seconds(30), by: "a", in: tenant, at: noon))
            let (entered, enter) = AsyncStream<Void>.makeStream()
            let gate = Monitor(false, lines: 1)
            let writing = Task {
                try await one.leases.fencing(first) {
                    try await one.pool.write(.process) { connection in
                        enter.yield()
                        gate.wait(in: 0) { $0 ? () : nil }
                        try connection.run("UPDATE tenants SET window_day = 1 WHERE tenant_id = \(tenant)")
                    }
                }
            }
            for await _ in entered { break }
            // Long after its end, and yet. Had the question to wait for the writer, its lock would run out, and this throw.
            #expect(try await leases(other).acquire("jobs", for: .seconds(30), by: "b", in: tenant, at: noon + .minutes(10)) == nil)
            gate.withLock { $0 = true }
            gate.wakeAll()
            try await writing.value
            let second = try #require(try await leases(other).acquire("jobs", for: .seconds(30), by: "b", in: tenant, at: noon + .minutes(10)))
            #expect(second.fence > first.fence)
            await #expect(throws: StoreError.leaseLost) {
                try await one.leases.fencing(first) {
                    try await one.pool.write(.process) { try $0.run("UPDATE tenants SET window_day = 2 WHERE tenant_id = \(tenant)") }
                }
            }
            #expect(try await other.pool.read { try $0.count("SELECT window_day FROM tenants WHERE tenant_id = \(tenant)") } == 1)
        }
    }

    @Test func `of many who ask at the same moment one gets the lease, each time`() async throws {
        try await withPeers { one, other, tenant in
            for round in 1...40 {
                let taken = try await withThrowingTaskGroup(of: Lease?.self, returning: [Lease].self) { group in
                    for taker in 0..<6 {
                        group.addTask {
                            try await [one, other][taker % 2].leases.acquire("jobs \(round % 2)", for: .seconds(30), by: "\(taker)", in: tenant, at: noon)
                        }
                    }
                    return try await group.reduce(into: []) { if let lease = $1 { $0.append(lease) } }
                }
                #expect(taken.count == 1)
                for lease in taken { try await one.leases.release(lease, at: noon) }
            }
        }
    }

    @Test func `what one process takes in, the other hears of at once`() async throws {
        try await withPeers { one, other, tenant in
            var hints = try #require(other.hints(about: tenant)).makeAsyncIterator()
            // The first says that it listens now.
            await hints.next()
            let cache = CandidateIndexCache(repository: other.recommender)
            #expect(try await cache.refresh(tenant, at: noon).version == 0)
            _ = try await one.statuses.keep([.status(1), .status(2, by: 2)], cursor: nil, in: tenant, at: noon)
            await hints.next()
            #expect(try await cache.refresh(tenant, at: noon).count == 2)
        }
    }

    @Test func `people who act on the same posts at the same moment through two processes are all kept`() async throws {
        try await withPeers { one, other, tenant in
            var viewers: [Viewer] = []
            for number in 1...8 { viewers.append(try await one.people.setLevel(.full, of: alias(number), in: tenant, at: noon).viewer) }
            let people = viewers
            // Each in an order of their own: writes that share a transaction then take the same rows in different orders.
            let told = await withTaskGroup(of: Told.self, returning: Told.self) { group in
                for number in 0..<people.count * 4 {
                    group.addTask { await Self.act(people[number / 4], on: number % 2 == 0 ? one : other, part: number % 4) }
                }
                return await group.reduce(into: Told()) { all, told in
                    all.failures += told.failures
                    all.kept.formUnion(told.kept)
                }
            }
            #expect(told.failures.isEmpty, "\(told.failures.count) of 1,600: \(Set(told.failures))")
            let stored = try await one.pool.read { connection in
                try connection.all("SELECT alias_id, post_id FROM UserInteraction WHERE tenant_id = \(tenant)") { $0.text(0) + $0.text(1) }
            }
            #expect(Set(stored).count == stored.count)
            #expect(Set(stored).symmetricDifference(told.kept).count == 0, "acts that are not as they were acknowledged")
            // What is worked out from the rows agrees with them.
            #expect(try await one.pool.read { try $0.count("""
                SELECT count(*) FROM author_preferences r WHERE r.tenant_id = \(tenant) AND r.interaction_count <> (
                    SELECT count(*) FROM user_interactions i JOIN post_metadata p ON p.tenant_id = i.tenant_id AND p.post_key = i.post_key
                    WHERE i.tenant_id = \(tenant) AND i.alias_key = r.alias_key AND p.author_key = r.author_key)
                """) } == 0)
        }
    }

    @Test func `a post to which another process is about to refer stays when the last one lets it go`() async throws {
        try await withPeers { one, other, tenant in
            let (first, second) = try await (
                one.people.setLevel(.full, of: alias(1), in: tenant, at: noon).viewer, one.people.setLevel(.full, of: alias(2), in: tenant, at: noon).viewer)
            let act = Interaction(post: PostReference(postID: id(1), authorID: id(1)), kind: .favourite, at: noon)
            _ = try await one.interactions.record(try #require(PrivacyPolicy().permit(act, visibility: .public, for: first)))
            let permitted = try #require(PrivacyPolicy().permit(act, visibility: .public, for: second))
            // The second's act is written and not yet committed when the first takes theirs back.
            let (written, tell) = AsyncStream<Void>.makeStream()
            let gate = Monitor(false, lines: 1)
            async let holding: Void = other.pool.write(.process) { connection in
                let post = try connection.first("SELECT post_key FROM post_metadata WHERE tenant_id = \(tenant)") { $0.post(0) }
                try connection.run("""
                    INSERT INTO user_interactions (tenant_id, alias_key, post_key, kind, occurred_at)
                    VALUES (\(tenant), \(permitted.key), \(post), 0, \(noon))
                    """)
                tell.yield()
                gate.wait(in: 0) { $0 ? () : nil }
            }
            for await _ in written { break }
            async let undone: Void = one.interactions.undo(.favourite, on: id(1), by: first)
            try await Task.sleep(for: .milliseconds(300))
            gate.withLock { $0 = true }
            gate.wakeAll()
            _ = try await (holding, undone)
            #expect(try await one.interactions(of: second, limit: 5).map(\.postID) == [id(1)])
        }
    }

    @Test func `an author who opts out through one process leaves nothing that another writes at that moment`() async throws {
        try await withPeers { one, other, tenant in
            let viewer = try await one.people.setLevel(.full, of: alias(1), in: tenant, at: noon).viewer
            for round in 1...40 {
                let act = Interaction(post: PostReference(postID: id(round), authorID: id(round)), kind: .favourite, at: noon)
                let permitted = try #require(PrivacyPolicy().permit(act, visibility: .public, for: viewer))
                // They begin together; who comes first is chance.
                async let isRecorded = one.interactions.record(permitted)
                async let kept = one.statuses.keep([.status(100 + round, by: round)], cursor: nil, in: tenant, at: noon)
                async let removed = other.statuses.optOut(authorID: id(round), source: .request, in: tenant, at: noon)
                _ = try await (isRecorded, kept, removed)
            }
            for table in ["authors", "post_metadata", "user_interactions", "author_preferences"] {
                let left = try await one.pool.read { try $0.count("SELECT count(*) FROM \(raw: table) WHERE tenant_id = \(tenant)") }
                #expect(left == 0, "\(table)")
            }
        }
    }

    /// What an actor was told, and what must be stored for it.
    private struct Told: Sendable {
        var kept: Set<String> = []
        var failures: [String] = []
    }

    /// Fifty acts, most of them taken back, on the three posts of a part, on which nobody else acts for this person.
    private static func act(_ viewer: Viewer, on storage: Storage, part: Int) async -> Told {
        var random = SeededGenerator(seed: UInt64(part) &+ UInt64(viewer.key?.value ?? 0) * 4)
        var told = Told()
        for _ in 0..<50 {
            let post = 1 + part * 3 + random.next(3)
            let act = Interaction(post: PostReference(postID: id(post), authorID: id(post % 7)), kind: .favourite, at: noon)
            do {
                let permitted = try #require(PrivacyPolicy().permit(act, visibility: .public, for: viewer))
                if try await !storage.interactions.record(permitted) { told.failures.append("refused") }
                told.kept.insert(viewer.alias.hex + id(post))
                let kept = try await storage.interactions(of: viewer, limit: 100).map(\.postID)
                if !kept.contains(id(post)) { told.failures.append("gone") }
                guard random.next(4) > 0 else { continue }
                try await storage.interactions.undo(.favourite, on: id(post), by: viewer)
                told.kept.remove(viewer.alias.hex + id(post))
            } catch {
                told.failures.append("\(error)")
            }
        }
        return told
    }

    @Test func `a level, an erasure and an opt-out by one process hold for the other's next write`() async throws {
        try await withPeers { one, other, tenant in
            let policy = PrivacyPolicy()
            func act(_ viewer: Viewer, on post: Int = 1) async throws -> Bool {
                let act = Interaction(post: PostReference(postID: id(post), authorID: id(1)), kind: .favourite, at: noon)
                return try await other.interactions.record(try #require(policy.permit(act, visibility: .public, for: viewer)))
            }
            let full = try await one.people.setLevel(.full, of: alias(1), in: tenant, at: noon).viewer
            #expect(try await act(full))
            let limited = try await one.people.setLevel(.limited, of: alias(1), in: tenant, at: noon).viewer
            #expect(try await !act(full, on: 2))
            #expect(try await act(limited, on: 3))
            _ = try await one.people.erase(alias(1), in: tenant, ledgerTag: id(9), at: noon)
            #expect(try await !act(limited, on: 4))
            #expect(try await other.pool.read { try $0.count("SELECT count(*) FROM user_interactions WHERE tenant_id = \(tenant)") } == 0)

            let again = try await one.people.setLevel(.full, of: alias(1), in: tenant, at: noon).viewer
            _ = try await one.statuses.keep([.status(1)], cursor: nil, in: tenant, at: noon)
            let post = try await #require(one.recommender.changes(in: tenant, since: nil, at: noon).changed.first?.key)
            _ = try await one.statuses.optOut(authorID: id(1), source: .request, in: tenant, at: noon)
            let shown = Recommendation(
                post: post, at: noon, reason: "popular", modelVersion: "blend-v1", shownAs: "w", above: "a", below: "b", position: 2)
            let permitted = try #require(policy.permit(shown, for: again))
            // The other still has it among its candidates: what cannot be noted is not shown.
            await #expect(throws: DatabaseError.constraint(kind: .foreignKey)) {
                try await other.recommendationLog.record([permitted], while: { true })
            }
        }
    }
}
