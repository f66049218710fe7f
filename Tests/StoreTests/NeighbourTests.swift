import Database
import Fediverse
import Privacy
import Recommender
import TestSupport
import Testing

@testable import Store

/// What everybody is shown, once with a person in the database and once without.
struct NeighbourTests {
    @Test func `one person more changes a shared number by one step at most, and none of fewer than five people`() async throws {
        let test = LargeTest("neighbours", seed: 9)
        try await TestStore.with { store in
            let posts = 1...24
            try await store.keep(posts.map { .status($0, by: $0 % 7 + 1) })
            var dice = SeededGenerator(seed: test.seed)
            // Seven people who stay: some posts have many of them, some few.
            for person in 1...7 {
                let viewer = try await store.viewer(.full, person)
                for post in posts where dice.next(24) >= post - 6 { try await store.act(on: post, viewer) }
            }
            var failed = 0, changed = 0, acted = 0
            for round in 0..<test.planned {
                let level: PrivacyLevel = round % 2 == 0 ? .full : .limited
                let viewer = try await store.viewer(level, 1_000 + round)
                let chosen = posts.filter { _ in dice.next(3) == 0 }
                for post in chosen { try await store.act([.favourite, .reblog, .reply][dice.next(3)], on: post, viewer) }
                // Not public acts: never heard in what is shared.
                if level == .full, let post = posts.randomElement(using: &dice) { try await store.act(.bookmark, on: post, viewer) }
                let with = try await cells(store)
                let contributors = try await contributors(store)
                _ = try await store.storage.people.erase(alias(1_000 + round), in: store.tenant, ledgerTag: id(round), at: noon)
                let without = try await cells(store)
                acted += chosen.count
                for key in Set(with.keys).union(without.keys) where with[key] != without[key] {
                    changed += 1
                    let (more, less) = (with[key] ?? 0, without[key] ?? 0)
                    if more - less != 5 || contributors[key, default: 0] < 5 { failed += 1 }
                }
                if with.contains(where: { contributors[$0.key, default: 0] < 5 || $0.value % 5 != 0 }) { failed += 1 }
            }
            test.finish(done: test.planned, failed: failed)
            #expect(failed == 0)
            // Rounds in which nothing could have changed prove nothing.
            #expect(changed > 0 && acted > test.planned)
        }
    }

    @Test func `a person who acts on hundreds of posts is heard for twenty, the same each time, and nobody else is heard less`() async throws {
        try await TestStore.with(candidateLimit: 1_000) { store in
            let posts = 1...120
            try await store.keep(posts.map { .status($0, by: $0 % 9 + 1) })
            for person in 1...4 {
                let viewer = try await store.viewer(.full, person)
                for post in (1...15).map({ $0 + 20 * person }) + [1, 2, 3] { try await store.act(on: post, viewer) }
            }
            #expect(try await cells(store).isEmpty)
            let loud = try await store.viewer(.full, 5)
            for post in posts { try await store.act(on: post, loud) }
            let once = try await cells(store)
            // Of the three posts with four others each, those that are among the loud one's twenty.
            #expect(once.count <= 3 && once.values.allSatisfy { $0 == 5 })
            #expect(try await cells(store) == once)
        }
    }

    /// The day's shared cells, closed anew.
    private func cells(_ store: TestStore) async throws -> [Int64: Int] {
        _ = try await store.storage.statuses.closeDay(noon, sharing: SharingPolicy(), in: store.tenant, at: noon)
        let rows = try await store.look { connection in
            try connection.all("SELECT post_key, score FROM item_popularity_daily WHERE score IS NOT NULL") { ($0.integer(0), $0.int(1)) }
        }
        return Dictionary(uniqueKeysWithValues: rows)
    }

    /// Counted by another way than the product's: from raw rows, in the database.
    private func contributors(_ store: TestStore) async throws -> [Int64: Int] {
        let rows = try await store.look { connection in
            try connection.all("""
                SELECT post_key, count(DISTINCT alias_key) FROM user_interactions WHERE kind IN (0, 1, 2) GROUP BY post_key
                """) { ($0.integer(0), $0.int(1)) }
        }
        return Dictionary(uniqueKeysWithValues: rows)
    }
}
