import Database
import Fediverse
import Privacy
import Recommender
import Testing

@testable import Store

@Suite(.onEveryEngine) struct SnapshotTests {
    @Test func `a snapshot is brought up to date by what has changed`() async throws {
        try await TestStore.with { store in
            try await store.keep([.status(1), .status(2, localID: nil)])
            let first = try await store.changes()
            #expect(first.complete && first.changed.map(\.localID) == ["local-1"])
            try await store.keep([.status(3), .status(1, favourites: 2), .status(2, localID: "late")])
            let second = try await store.changes(since: first.version)
            #expect(!second.complete && second.version == first.version + 1)
            #expect(second.changed.map(\.localID) == ["local-1", "late", "local-3"])
            let third = try await store.changes(since: second.version)
            #expect(third.version == second.version && third.changed.isEmpty && third.removed.isEmpty)
        }
    }

    @Test func `what was withdrawn and taken in again is no removal`() async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(.full)
            try await store.keep([.status(1)])
            try await store.act(on: 1, viewer)
            let before = try await store.changes()
            _ = try await store.storage.statuses.withdraw([id(1)], in: store.tenant, at: noon)
            try await store.keep([.status(1)])
            let after = try await store.changes(since: before.version)
            #expect(after.removed.isEmpty && after.changed.map(\.key) == before.changed.map(\.key))
        }
    }

    @Test func `a snapshot older than the listed removals is told everything`() async throws {
        try await TestStore.with { store in
            try await store.keep([.status(1), .status(2)])
            let before = try await store.changes()
            _ = try await store.storage.statuses.withdraw([id(1)], in: store.tenant, at: noon)
            let heard = try await store.changes(since: before.version)
            #expect(!heard.complete && heard.removed.count == 1)
            let step = RetentionStep(what: .stubs, level: nil, age: .days(0))
            let retention = store.storage.retention
            #expect(try await retention.carryOut(step, in: store.tenant, at: noon + .days(1), limit: 10) == 0)
            #expect(try await retention.carryOut(step, in: store.tenant, at: noon + .days(1) + .seconds(1), limit: 10) == 1)
            let late = try await store.changes(since: before.version)
            #expect(late.complete && late.changed.map(\.localID) == ["local-2"])
            #expect(try await !store.changes(since: heard.version).complete)
        }
    }

    @Test(arguments: [(4, nil), (5, 5), (9, 5), (10, 10)] as [(Int, Int64?)])
    func `own acts count from five people on, in steps of five`(people: Int, score: Int64?) async throws {
        try await TestStore.with { store in
            try await store.keep([.status(1)])
            for number in 1...people {
                let viewer = try await store.viewer(number % 2 == 0 ? .full : .limited, number)
                try await store.act(.favourite, on: 1, viewer)
                try await store.act(.reply, on: 1, viewer)
            }
            let version = try await store.changes().version
            let closed = try await close(store)
            #expect(closed == (score == nil ? 0 : 1))
            #expect(try await store.rows("SELECT score FROM item_popularity_daily") == (score.map { [[.integer($0)]] } ?? []))
            #expect(try await store.changes().changed.map(\.ownScore) == [Double(score ?? 0)])
            if score != nil { #expect(try await store.changes(since: version).changed.count == 1) }
            let dump = try await store.dump()
            #expect(try await close(store) == 0)
            #expect(try await store.dump() == dump, "a second run changes nothing")
        }
    }

    @Test func `bookmarks, views and other days do not count`() async throws {
        try await TestStore.with { store in
            try await store.keep([.status(1)])
            for number in 1...5 {
                let viewer = try await store.viewer(.full, number)
                try await store.act(.bookmark, on: 1, viewer)
                try await store.act(.view, on: 1, viewer)
                try await store.act(.favourite, on: 1, viewer, at: noon.floored(to: .days(1)) - .seconds(1))
                try await store.act(.reply, on: 1, viewer, at: noon.floored(to: .days(1)) + .days(1))
            }
            #expect(try await close(store) == 0)
        }
    }

    @Test func `one person counts for 20 statuses a day, drawn the same way each time`() async throws {
        try await TestStore.with { store in
            try await store.keep((1...25).map { .status($0) })
            for number in 1...25 {
                let viewer = try await store.viewer(.full, number)
                // Each in another order: who comes first must not matter.
                for post in 1...25 { try await store.act(on: (post * number) % 26 == 0 ? 25 : (post * number) % 26, viewer) }
                for post in 1...25 { try await store.act(on: post, viewer) }
            }
            #expect(try await close(store) == 25)
            let total = try await store.changes().changed.reduce(0) { $0 + $1.ownScore }
            #expect(total <= 25 * 20 && total >= 25 * 20 - 25 * 4, "500 acts, each cell rounded down by at most 4: \(total)")
        }
    }

    @Test func `a day that leaves the window changes the sums of its posts`() async throws {
        try await TestStore.with { store in
            try await store.keep([.status(1)])
            try await store.keep([.status(1, favourites: 3)])
            _ = try await close(store)
            let version = try await store.changes().version
            _ = try await close(store, at: noon + .days(6))
            #expect(try await store.changes(since: version, at: noon + .days(6)).changed.isEmpty)
            _ = try await close(store, at: noon + .days(7))
            let moved = try await store.changes(since: version, at: noon + .days(7))
            #expect(moved.changed.map(\.publicScore) == [0])
        }
    }

    @Test func `with noise a day is published once, whatever becomes of the people, and its cost is noted for 90 days`() async throws {
        try await TestStore.with(candidateLimit: 1_000) { store in
            try await store.keep([.status(1), .status(2), .status(3)])
            // Far above the margin, at the gate, and below it.
            for number in 1...120 {
                let viewer = try await store.viewer(.full, number)
                try await store.act(.favourite, on: 1, viewer)
                if number <= 5 { try await store.act(.favourite, on: 2, viewer) }
                if number <= 4 { try await store.act(.favourite, on: 3, viewer) }
            }
            let statuses = store.storage.statuses
            func close(_ mode: SharingPolicy.Mode) async throws -> Int {
                try await statuses.closeDay(noon, sharing: SharingPolicy(mode), in: store.tenant, at: noon)
            }
            #expect(try await close(.noisy) == 1)
            let published = try await store.rows("SELECT post_key, score FROM item_popularity_daily")
            guard case .integer(let score) = try #require(published.first)[1] else { throw DatabaseError.unavailable }
            // Twelve is a standard deviation; a number this far off comes once in some thousand years of days.
            #expect(score % 5 == 0 && (60...180).contains(score))
            #expect(try await store.rows("SELECT day, epsilon, delta FROM shared_releases") == [[.integer(noon.dayNumber), .real(1), .real(1e-5)]])
            for number in 1...60 { _ = try await store.storage.people.erase(alias(number), in: store.tenant, ledgerTag: id(number), at: noon) }
            for mode in [SharingPolicy.Mode.noisy, .counted, .noisy] { #expect(try await close(mode) == 0) }
            #expect(try await store.rows("SELECT post_key, score FROM item_popularity_daily") == published)
            // What was counted without noise is not published with it.
            let before = noon - .days(1)
            for number in 61...120 { try await store.act(.reblog, on: 2, try await store.storage.people.viewer(alias(number), in: store.tenant), at: before) }
            #expect(try await statuses.closeDay(before, sharing: SharingPolicy(), in: store.tenant, at: noon) == 1)
            #expect(try await statuses.closeDay(before, sharing: SharingPolicy(.noisy), in: store.tenant, at: noon) == 0)
            #expect(try await store.count("shared_releases") == 1)

            let step = RetentionStep(what: .sharedAggregates, level: nil, age: .days(90))
            let end = noon.floored(to: .days(1)) + .days(90)
            let retention = store.storage.retention
            #expect(try await retention.carryOut(step, in: store.tenant, at: end, limit: 10) == 1)
            #expect(try await store.count("shared_releases") == 1)
            #expect(try await retention.due(step, in: store.tenant, at: end + .days(1)) == 2)
            #expect(try await retention.carryOut(step, in: store.tenant, at: end + .days(1), limit: 10) == 2)
            #expect(try await store.count("shared_releases") + store.count("item_popularity_daily") == 0)
        }
    }

    private func close(_ store: TestStore, at now: Instant = noon) async throws -> Int {
        try await store.storage.statuses.closeDay(noon, sharing: SharingPolicy(), in: store.tenant, at: now)
    }
}
