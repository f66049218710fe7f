import Database
import Fediverse
import Privacy
import TestSupport
import Testing

@testable import Store

@Suite(.onEveryEngine) struct KeyRotationTests {
    /// A person who had alias 1 under the old key and has alias 2 under the new one.
    private let old = alias(1), new = alias(2)
    private let keys = (old: "key-1", new: "key-2")

    /// The tag's value is the pseudonymizer's business; the store keeps it and hands it to the ledger.
    private var former: [FormerAlias] { [FormerAlias(alias: old, ledgerTag: id(0xA1))] }

    private func rotate(_ store: TestStore, at now: Instant = noon) async throws {
        try await store.storage.registerKey(id: keys.new, accepting: [keys.old], in: store.tenant, at: now)
    }

    private func states(_ store: TestStore) async throws -> [String: String] {
        Dictionary(uniqueKeysWithValues: try await store.storage.keys(in: store.tenant).map { ($0.id, $0.state) })
    }

    private func endKeys(_ store: TestStore, at now: Instant, limit: Int = 100) async throws -> Int {
        let step = RetentionStep(what: .endedKeys, level: nil, age: KeepingPolicy.Shared.acceptedKeys)
        return try await store.storage.retention.carryOut(step, in: store.tenant, at: now, limit: limit)
    }

    @Test func `a new key takes the active one's place only beside it`() async throws {
        try await TestStore.with { store in
            await #expect(throws: StoreError.unknownKey) { try await store.storage.registerKey(id: keys.new, in: store.tenant, at: noon) }
            await #expect(throws: StoreError.unknownKey) {
                try await store.storage.registerKey(id: keys.new, accepting: ["key-0"], in: store.tenant, at: noon)
            }
            try await rotate(store)
            #expect(try await states(store) == [keys.old: "accepting", keys.new: "active"])
            // Again changes nothing; the old file alone is refused.
            let before = try await store.dump()
            try await rotate(store, at: noon + .days(5))
            #expect(try await store.dump() == before)
            await #expect(throws: StoreError.keyReplaced) { try await store.storage.registerKey(id: keys.old, in: store.tenant, at: noon) }
            await #expect(throws: StoreError.keyReplaced) { try await store.storage.checkKey(id: keys.old, in: store.tenant) }
            try await store.storage.checkKey(id: keys.new, accepting: [keys.old], in: store.tenant)
        }
    }

    @Test func `who comes is moved with everything that is theirs, once`() async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(.full)
            try await store.keep([.status(1)])
            try await store.act(on: 1, viewer)
            try await rotate(store)
            #expect(try await store.storage.people.standing(new, or: former, in: store.tenant) == old)
            try await store.storage.people.adopt(new, from: former, in: store.tenant, at: noon)
            #expect(try await store.storage.people.standing(new, or: former, in: store.tenant) == new)
            #expect(try await store.rows("SELECT alias_id, key_id, former_tags, privacy_level FROM user_aliases")
                == [[.text(id(2)), .text(keys.new), .text(id(0xA1)), .text("FULL")]])
            let moved = try await store.storage.people.viewer(new, in: store.tenant)
            #expect(moved.key == viewer.key && moved.level == .full)
            #expect(try await store.count("user_interactions") == 1)
            // What was permitted under the old alias is no longer written.
            #expect(try await store.act(.reblog, on: 1, viewer) == false)
            #expect(try await store.act(.reblog, on: 1, moved))
            let before = try await store.dump()
            try await store.storage.people.adopt(new, from: former, in: store.tenant, at: noon)
            #expect(try await store.dump() == before)
        }
    }

    @Test func `somebody of whom nothing is kept leaves nothing`() async throws {
        try await TestStore.with { store in
            try await rotate(store)
            let before = try await store.dump()
            try await store.storage.people.adopt(new, from: former, in: store.tenant, at: noon)
            #expect(try await store.dump() == before)
        }
    }

    @Test func `twenty who move one person at once leave one row`() async throws {
        try await TestStore.with { store in
            try await store.viewer(.full)
            try await rotate(store)
            let former = former
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<20 {
                    group.addTask {
                        if number % 4 == 3 {
                            _ = try await store.storage.people.setLevel(.limited, of: new, in: store.tenant, at: noon)
                        } else {
                            try await store.storage.people.adopt(new, from: former, in: store.tenant, at: noon)
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await store.count("user_aliases", where: "alias_id = '\(id(2))'") == 1)
        }
    }

    @Test func `a process with the old key writes no alias any more`() async throws {
        try await TestStore.with(defaultLevel: .limited) { store in
            let outdated = Storage(
                pool: store.storage.pool, replica: nil, location: store.storage.location, defaultLevel: .limited, candidateLimit: 10)
            try await outdated.registerKey(id: keys.old, in: store.tenant, at: noon)
            _ = try await outdated.people.arrive(alias(7), in: store.tenant, at: noon)
            try await rotate(store)
            await #expect(throws: StoreError.keyReplaced) { _ = try await outdated.people.arrive(alias(8), in: store.tenant, at: noon) }
            await #expect(throws: StoreError.keyReplaced) {
                _ = try await outdated.people.setLevel(.full, of: alias(9), in: store.tenant, at: noon)
            }
            #expect(try await store.rows("SELECT alias_id FROM user_aliases") == [[.text(id(7))]])
        }
    }

    @Test func `an erasure reaches the aliases from before`() async throws {
        try await TestStore.with { store in
            try await store.viewer(.full)
            try await rotate(store)
            try await store.storage.people.adopt(new, from: former, in: store.tenant, at: noon)
            _ = try await store.storage.people.erase(new, in: store.tenant, ledgerTag: id(0xB2), at: noon)
            #expect(try await store.rows("SELECT tag FROM erasure_ledger ORDER BY tag") == [[.text(id(0xA1))], [.text(id(0xB2))]])
            #expect(try await store.count("user_aliases") == 0)
        }
    }

    @Test func `after 90 days the old key ends, with whoever did not come`() async throws {
        try await TestStore.with { store in
            try await store.keep([.status(1)])
            for number in [1, 3, 4] { try await store.act(on: 1, store.viewer(.full, number)) }
            try await rotate(store)
            try await store.storage.people.adopt(new, from: former, in: store.tenant, at: noon)
            let end = noon + KeepingPolicy.Shared.acceptedKeys
            #expect(try await endKeys(store, at: end) == 0)
            #expect(try await states(store)[keys.old] == "accepting")
            #expect(try await store.storage.endedKeys(among: [keys.old]).isEmpty)
            // In batches: what is cut short is taken up again.
            let later = end + .seconds(1)
            #expect(try await endKeys(store, at: later, limit: 1) == 1)
            #expect(try await states(store)[keys.old] == "destroyed")
            #expect(try await store.storage.endedKeys(among: [keys.old]).isEmpty)
            #expect(try await endKeys(store, at: later) == 1)
            #expect(try await endKeys(store, at: later) == 0)
            #expect(try await store.rows("SELECT alias_id FROM user_aliases") == [[.text(id(2))]])
            #expect(try await store.count("user_interactions") == 1)
            #expect(try await store.storage.endedKeys(among: [keys.old, keys.new]) == [keys.old])
            await #expect(throws: StoreError.keyDestroyed) { try await store.storage.checkKey(id: keys.old, in: store.tenant) }
        }
    }

    @Test func `nobody is moved from a key that has ended`() async throws {
        try await TestStore.with { store in
            try await store.viewer(.full)
            try await rotate(store)
            try await store.storage.replaceKeys(by: "key-3", in: store.tenant, at: noon)
            #expect(try await states(store) == [keys.old: "destroyed", keys.new: "destroyed", "key-3": "active"])
            try await store.storage.registerKey(id: "key-3", in: store.tenant, at: noon)
            try await store.storage.people.adopt(new, from: former, in: store.tenant, at: noon)
            #expect(try await store.storage.people.viewer(new, in: store.tenant).key == nil)
            #expect(try await endKeys(store, at: noon) == 1)
            #expect(try await store.count("user_aliases") == 0)
        }
    }

    @Test func `an explicit NONE is moved, too, and still keeps no time`() async throws {
        try await TestStore.with(defaultLevel: .limited) { store in
            try await store.viewer(.none)
            try await rotate(store)
            try await store.storage.people.adopt(new, from: former, in: store.tenant, at: noon)
            #expect(try await store.rows("SELECT alias_id, privacy_level, created_at, last_seen FROM user_aliases")
                == [[.text(id(2)), .text("NONE"), .null, .null]])
        }
    }
}
