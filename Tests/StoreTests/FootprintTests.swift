import Database
import Fediverse
import Privacy
import TestSupport
import Testing

@testable import Store

struct FootprintTests {
    @Test func `an interaction takes at most 110 bytes with all its indexes`() async throws {
        try await TestStore.with { store in
            let rows = 100_000, people = 2_000, posts = 50_000
            let tenant = store.tenant
            func bytes() async throws -> Int64 {
                _ = try await store.storage.people.scrub()
                return try await store.storage.info().bytes
            }
            try await store.storage.pool.write(.process) { connection in
                try connection.bulk(
                    "INSERT INTO user_aliases (tenant_id, alias_id, key_id, privacy_level) VALUES ($1, $2, 'key-1', 'LIMITED')",
                    (1...people).map { [tenant.sqlValue, .text(id($0))] })
                try connection.run("INSERT INTO authors (tenant_id, author_id) VALUES (\(tenant), \(id(1)))")
                try connection.bulk(
                    "INSERT INTO post_metadata (tenant_id, post_id, author_key) VALUES ($1, $2, 1)",
                    (1...posts).map { [tenant.sqlValue, .text(id($0))] })
            }
            let before = try await bytes()
            try await store.storage.pool.write(.process) { connection in
                // Favourites mostly; people and posts at random, times in order over 14 days. Seven in ten rows as LIMITED keeps
                // them, the others as FULL does, with the context that the proxy gives.
                var dice = SeededGenerator(seed: 7)
                let kinds: [Int64] = [0, 0, 0, 0, 0, 0, 1, 1, 1, 2]
                try connection.bulk("""
                    INSERT INTO user_interactions (tenant_id, alias_key, post_key, kind, occurred_at, context)
                    VALUES ($1, $2, $3, $4, $5, $6)
                    ON CONFLICT (tenant_id, alias_key, post_key, kind) DO UPDATE SET occurred_at = excluded.occurred_at
                    """, (0..<rows).map { number in
                        let full = dice.next() % 10 < 3
                        let at = (noon + .seconds(Int64(number) * 14 * 86_400 / Int64(rows))).floored(to: full ? .seconds(1) : .hours(1))
                        return [
                            tenant.sqlValue, .integer(Int64(dice.next() % UInt64(people)) + 1), .integer(Int64(dice.next() % UInt64(posts)) + 1),
                            .integer(kinds[Int(dice.next() % 10)]), at.sqlValue, full ? .text(#"{"source":"home"}"#) : .null,
                        ]
                    })
            }
            let stored = try await store.count("user_interactions")
            let each = Double(try await bytes() - before) / Double(stored)
            #expect(stored > 99_900 && each <= 110, "\(each) bytes for each of \(stored) rows")
            #expect(each > 40, "less than the values alone would be a wrong measurement: \(each)")
        }
    }
}
