import Database
import Fediverse
import Privacy
import Recommender
import TestSupport
import Testing

@testable import Store

/// Many clients of one person at once, through two pools as two processes have them: some choose levels, some act. The last word is NONE.
struct LevelRaceTests {
    @Test func `after the last NONE was acknowledged no row is there, whoever was writing`() async throws {
        let test = LargeTest("level-race", seed: 71)
        for engine in Engine.all {
            try await StorePlace.with(engine) { place in
                let one = try await Storage.open(place.location, role: .serve, now: noon)
                let other = try await Storage.open(place.location, role: .command, now: noon)
                let ended: Result<Void, any Error>
                do { ended = .success(try await race(one, other, test)) } catch { ended = .failure(error) }
                await one.shutdown()
                await other.shutdown()
                try ended.get()
            }
        }
        test.finish(done: test.planned, failed: 0)
    }

    private func race(_ one: Storage, _ other: Storage, _ test: LargeTest) async throws {
        let tenant = try await one.tenant(domain: "social.example", at: noon)
        for storage in [one, other] { try await storage.registerKey(id: "key-1", in: tenant, at: noon) }
        _ = try await one.statuses.keep([.status(1)], cursor: nil, in: tenant, at: noon)
        let shown = try #require(try await one.posts(ids: [id(1)], in: tenant).first?.key)
        var written = 0
        for round in 0..<test.planned {
            let person = alias(round % 3 + 1)
            _ = try await one.people.setLevel(.full, of: person, in: tenant, at: noon)
            let (kept, failures) = try await withThrowingTaskGroup(of: (kept: Int, failures: [String]).self) { group in
                for client in 0..<64 {
                    let client = Client(
                        storage: client % 2 == 0 ? one : other, tenant: tenant, alias: person, shown: shown, number: client, seed: UInt64(round * 64 + client))
                    group.addTask { await client.number % 8 == 0 ? client.choose() : client.act() }
                }
                var (kept, failures): (Int, [String]) = (0, [])
                var ended = 0
                for try await result in group {
                    kept += result.kept
                    failures += result.failures
                    ended += 1
                    if ended == 20 {
                        // Some are still at it, with what they know of the level from before.
                        _ = try await other.people.setLevel(.none, of: person, in: tenant, at: noon)
                    }
                }
                return (kept, failures)
            }
            written += kept
            #expect(failures.isEmpty, "round \(round): \(Set(failures))")
            // Who had chosen a level after the first NONE is overruled by the last.
            let stale = try await one.people.viewer(person, in: tenant)
            async let late = Client(storage: one, tenant: tenant, alias: person, shown: shown, number: 1, seed: UInt64(round)).act(as: stale)
            _ = try await other.people.setLevel(.none, of: person, in: tenant, at: noon)
            try await expectNothing(one, tenant, round)
            _ = await late
            try await expectNothing(other, tenant, round)
        }
        #expect(written > test.planned * 4, "hardly a write of \(written) was kept: it proves nothing")
    }

    private func expectNothing(_ storage: Storage, _ tenant: TenantKey, _ round: Int) async throws {
        let left = try await storage.pool.read { connection in
            try personalTables.reduce(0) { try $0 + connection.count("SELECT count(*) FROM \(raw: $1) WHERE tenant_id = \(tenant)") }
        }
        #expect(left == 0, "round \(round)")
    }
}

private struct Client {
    let storage: Storage
    let tenant: TenantKey
    let alias: AliasID
    let shown: PostKey
    let number: Int
    let seed: UInt64

    func choose() async -> (kept: Int, failures: [String]) {
        var random = SeededGenerator(seed: seed)
        do {
            for _ in 0..<2 { _ = try await storage.people.setLevel(PrivacyLevel.allCases[random.next(3)], of: alias, in: tenant, at: noon) }
            return (0, [])
        } catch {
            return (0, ["\(error)"])
        }
    }

    /// A few writes of every kind, each after a look at the level.
    func act(as known: Viewer? = nil) async -> (kept: Int, failures: [String]) {
        var random = SeededGenerator(seed: seed)
        let policy = PrivacyPolicy()
        var kept = 0
        do {
            for _ in 0..<3 {
                let viewer = if let known { known } else { try await storage.people.viewer(alias, in: tenant) }
                switch random.next(4) {
                case 0:
                    if let setting = policy.permit(setting: Setting(name: "mode", value: "blend"), for: viewer) {
                        if try await storage.preferences.set(setting) { kept += 1 }
                    }
                case 1:
                    let recommendation = Recommendation(
                        post: shown, at: noon, reason: "popular", modelVersion: "blend-v1", shownAs: "w\(seed)-\(random.next(1_000_000))", above: "a", below: "b",
                        position: 2)
                    if let permitted = policy.permit(recommendation, for: viewer) {
                        if try await storage.recommendationLog.record([permitted], while: { true }) { kept += 1 }
                    }
                default:
                    let post = random.next(20) + 1
                    let act = Interaction(post: PostReference(postID: id(post), authorID: id(post % 3 + 1)), kind: .favourite, at: noon)
                    if let permitted = policy.permit(act, visibility: .public, for: viewer) {
                        if try await storage.interactions.record(permitted) { kept += 1 }
                    }
                }
            }
            return (kept, [])
        } catch {
            return (kept, ["\(error)"])
        }
    }
}
