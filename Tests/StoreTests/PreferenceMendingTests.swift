import Database
import Fediverse
import Privacy
import Recommender
import TestSupport
import Testing

@testable import Store

/// What the anonymizer mends of preferences in part is what all rows that are left would make.
@Suite(.onEveryEngine) struct PreferenceMendingTests {
    private static let people = 8

    /// Half of them have more authors than places; their acts lie in the same hours and in different ones.
    @Test func `mended in part, LIMITED preferences are those of all rows that are left`() async throws {
        try await TestStore.with { store in
            var random = SeededGenerator(seed: 7)
            for person in 1...Self.people {
                let viewer = try await store.viewer(.limited, person)
                let authors = person.isMultiple(of: 2) ? 80 : 12
                for author in 1...authors {
                    for post in 0..<(1 + random.next(5)) {
                        let at = noon + .hours(Int64(random.next(person.isMultiple(of: 3) ? 40 : 400)))
                        try await store.act(on: author * 10 + post, by: author, viewer, at: at)
                    }
                }
            }
            #expect(try await store.count("author_preferences", where: "alias_key IN (SELECT alias_key FROM author_preferences GROUP BY alias_key HAVING count(*) = 50)") > 100)
            let step = try #require(RetentionPolicy().steps.first { $0.what == .interactions && $0.level == .limited })
            var compared = 0
            var now = noon + step.age + .hours(1)
            while try await store.count("user_interactions") > 0 {
                // Parts of a moment, too: the limit ends between two acts of an hour.
                while try await store.storage.retention.carryOut(step, in: store.tenant, at: now, limit: 37) > 0 {
                    let mended = try await Self.preferences(store)
                    try await Self.rebuild(store)
                    #expect(try await Self.preferences(store) == mended)
                    compared += mended.count
                }
                now = now + .hours(Int64(1 + random.next(40)))
            }
            #expect(try await store.count("author_preferences") == 0)
            #expect(compared > 1_000)
        }
    }

    @Test func `an author who leaves gives a place to another`() async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(.limited)
            for author in 1...55 { for post in 0..<2 { try await store.act(on: author * 10 + post, by: author, viewer, at: noon + .hours(Int64(author))) } }
            _ = try await store.storage.statuses.optOut(authorID: id(55), source: .request, in: store.tenant, at: noon)
            let kept = try await Self.preferences(store)
            #expect(kept.count == 50)
            try await Self.rebuild(store)
            #expect(try await Self.preferences(store) == kept)
        }
    }

    private static func preferences(_ store: TestStore) async throws -> [[SQLValue]] {
        try await store.rows("""
            SELECT alias_key, author_key, interaction_count, last_interaction_at, preference_score, carried_weight, carried_count
            FROM author_preferences ORDER BY alias_key, author_key
            """)
    }

    /// Everybody's, from nothing.
    private static func rebuild(_ store: TestStore) async throws {
        try await store.storage.pool.write(.process) { connection in
            try connection.run("DELETE FROM author_preferences WHERE tenant_id = \(store.tenant)")
            let people = try connection.all("SELECT alias_key FROM user_aliases WHERE tenant_id = \(store.tenant)") { $0.alias(0) }
            for alias in people { try AuthorPreferences(connection: connection, tenant: store.tenant, alias: alias).rebuildLimited() }
        }
    }
}
