import Database
import Fediverse
import Privacy
import Recommender
import TestSupport
import Testing

@testable import Store

@Suite(.onEveryEngine) struct PeopleTests {
    @Test func `who has not chosen is nobody here, and looking leaves nothing`() async throws {
        try await TestStore.with { store in
            let before = try await store.dump()
            let viewer = try await store.storage.people.viewer(alias(1), in: store.tenant)
            #expect(viewer == Viewer(tenant: store.tenant, alias: alias(1), level: .none, key: nil, epoch: 0))
            #expect(try await store.viewer(.none).key == nil)
            #expect(try await store.history(viewer) == ReaderHistory())
            #expect(try await store.storage.personalData.everything(about: alias(1), in: store.tenant).isEmpty)
            #expect(try await store.dump() == before)
        }
    }

    @Test func `a row bears the day of its making and the week or day of the last visit`() async throws {
        try await TestStore.with { store in
            let later = noon + .days(3)
            let limited = try await store.viewer(.limited, 1, at: later)
            let full = try await store.viewer(.full, 2, at: later)
            #expect(limited.level == .limited && limited.epoch == 1)
            let thursday = later.floored(to: .days(1)), monday = noon.floored(to: .days(1))
            #expect(try await store.rows("SELECT created_at, last_seen FROM user_aliases ORDER BY alias_key")
                == [[thursday.sqlValue, monday.sqlValue], [thursday.sqlValue, thursday.sqlValue]])
            try await store.storage.people.seen(#require(store.policy.permit(visit: later + .days(1), for: full)))
            try await store.storage.people.seen(#require(store.policy.permit(visit: later + .days(1), for: limited)))
            #expect(try await store.rows("SELECT last_seen FROM user_aliases ORDER BY alias_key")
                == [[monday.sqlValue], [(thursday + .days(1)).sqlValue]])
        }
    }

    @Test func `where LIMITED is the default, an explicit NONE is remembered without a time`() async throws {
        try await TestStore.with(defaultLevel: .limited) { store in
            #expect(try await store.storage.people.viewer(alias(1), in: store.tenant).level == .limited)
            let limited = try await store.viewer(.limited)
            try await store.act(on: 1, limited)
            let none = try await store.viewer(.none)
            #expect(none.level == .none && none.key != limited.key)
            #expect(try await store.rows("SELECT privacy_level, created_at, last_seen FROM user_aliases") == [[.text("NONE"), .null, .null]])
            #expect(try await store.count("user_interactions") == 0)
            #expect(try await store.viewer(.full, at: noon + .days(1)).level == .full)
            #expect(try await store.count("user_aliases", where: "created_at IS NOT NULL") == 1)
        }
    }

    @Test func `going down cuts the past to the new level, and says what was there`() async throws {
        try await TestStore.with { store in
            try await store.keep([.status(1), .status(2)])
            let full = try await store.viewer(.full)
            try await store.act(.favourite, on: 1, full, at: noon + .minutes(30))
            try await store.act(.reply, on: 2, full)
            try await store.act(.bookmark, on: 2, full)
            try await store.act(.view, on: 3, by: 3, full)
            try await store.act(.reblog, on: 4, by: 4, full, at: noon - .days(15))
            try await store.show([store.key(1)], to: full)
            try await store.show([store.key(2)], to: full, at: noon - .days(8))
            try await store.storage.preferences.set(#require(store.policy.permit(setting: Setting(name: "mode", value: "blend"), for: full)))
            let less = Suppression(subject: .author(id: id(9)), setAt: noon + .days(2))
            try await store.storage.preferences.suppress(#require(store.policy.permit(suppression: less, for: full)))

            let toLimited = try await store.storage.people.setLevel(.limited, of: alias(1), in: store.tenant, at: noon + .hours(1))
            #expect(toLimited.before == [
                "user_aliases": 1, "user_interactions": 5, "author_preferences": 2, "recommendation_logs": 2, "preferences": 1, "suppressions": 1,
                "rec_decisions": 0, "exposure_events": 0, "interaction_events": 0,
            ])
            #expect(toLimited.after == [
                "user_aliases": 1, "user_interactions": 2, "author_preferences": 1, "recommendation_logs": 1, "preferences": 1, "suppressions": 1,
                "rec_decisions": 0, "exposure_events": 0, "interaction_events": 0,
            ])
            #expect(toLimited.viewer.epoch == full.epoch + 1)
            #expect(try await store.rows("SELECT kind, occurred_at, score_weight, context FROM user_interactions ORDER BY kind")
                == [[.integer(0), noon.sqlValue, .null, .null], [.integer(2), noon.sqlValue, .null, .null]])
            #expect(try await store.rows("SELECT interaction_count, preference_score, carried_weight FROM author_preferences")
                == [[.integer(2), .real(0.25), .real(0)]])
            #expect(try await store.rows("SELECT recommended_at, model_version, position, shown_as IS NULL FROM recommendation_logs")
                == [[noon.floored(to: .days(1)).sqlValue, .null, .null, .integer(0)]])
            #expect(try await store.rows("SELECT set_at FROM suppressions") == [[noon.floored(to: .days(1)).sqlValue]])
            #expect(try await store.count("post_metadata", where: "NOT eligible") == 0, "stubs go with the last row that needs them")

            let toNone = try await store.storage.people.setLevel(.none, of: alias(1), in: store.tenant, at: noon + .hours(2))
            #expect(toNone.before == toLimited.after)
            #expect(toNone.after.values.allSatisfy { $0 == 0 })
            #expect(toNone.viewer.key == nil)
        }
    }

    @Test func `a write permitted before a level change does not come back after it`() async throws {
        try await TestStore.with { store in
            try await store.keep([.status(1)])
            let before = try await store.viewer(.full)
            for level in [PrivacyLevel.limited, .none, .full] {
                try await store.viewer(level)
                let rows = try await store.dump()
                #expect(try await !store.act(on: 5, before))
                #expect(try await !store.show([store.key(1)], to: before))
                let setting = try #require(store.policy.permit(setting: Setting(name: "a", value: "b"), for: before))
                #expect(try await !store.storage.preferences.set(setting))
                let less = Suppression(subject: .reason(code: "fresh"), setAt: noon)
                try await store.storage.preferences.suppress(#require(store.policy.permit(suppression: less, for: before)))
                try await store.storage.people.seen(#require(store.policy.permit(visit: noon + .days(9), for: before)))
                #expect(try await store.dump() == rows)
            }
        }
    }

    @Test func `a step down that was asked for before an erasure does not bring the person back`() async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(.full)
            _ = try await store.storage.people.erase(alias(1), in: store.tenant, ledgerTag: id(9), at: noon)
            await #expect(throws: RightsError.changedMeanwhile) {
                try await store.storage.people.setLevel(.limited, of: alias(1), in: store.tenant, at: noon, from: viewer)
            }
            #expect(try await store.count("user_aliases") == 0)
            // Somebody who had no row is as expected; one who has changed since is not.
            let nobody = try await store.storage.people.viewer(alias(2), in: store.tenant)
            let other = try await store.storage.people.setLevel(.full, of: alias(2), in: store.tenant, at: noon, from: nobody).viewer
            _ = try await store.viewer(.limited, 2)
            await #expect(throws: RightsError.changedMeanwhile) {
                try await store.storage.people.setLevel(.full, of: alias(2), in: store.tenant, at: noon, from: other)
            }
        }
    }

    @Test func `going up starts from now`() async throws {
        try await TestStore.with { store in
            let limited = try await store.viewer(.limited)
            try await store.act(.favourite, on: 1, limited)
            try await store.act(.favourite, on: 2, limited)
            let full = try await store.viewer(.full, at: noon + .days(1))
            #expect(full.key == limited.key && full.epoch == limited.epoch + 1)
            #expect(try await store.count("user_interactions", where: "context IS NOT NULL") == 0)
            let score = try #require(try await store.history(full, at: noon + .days(1)).authors.values.first?.score)
            #expect(score > 0.35 && score < 0.4, "two favourites a day ago")
            #expect(try await store.act(.favourite, on: 3, full, at: noon + .days(1)))
        }
    }

    @Test func `an erasure leaves the ledger's tag and nothing else`() async throws {
        try await TestStore.with { store in
            try await store.keep([.status(1)])
            try await store.act(on: 2, try await store.viewer(.full, 2))
            let others = try await store.dump()
            let viewer = try await store.viewer(.full)
            try await store.act(on: 1, viewer)
            try await store.act(on: 8, by: 8, viewer)
            try await store.show([store.key(1)], to: viewer)
            let receipt = try await store.storage.people.erase(alias(1), in: store.tenant, ledgerTag: id(77), at: noon)
            #expect(receipt.removed == [
                "user_aliases": 1, "user_interactions": 2, "author_preferences": 2, "recommendation_logs": 1, "preferences": 0, "suppressions": 0,
                "rec_decisions": 0, "exposure_events": 0, "interaction_events": 0,
            ])
            var left = try await store.dump()
            #expect(left.removeValue(forKey: "erasure_ledger") == [[store.tenant.sqlValue, .text(id(77)), noon.sqlValue, .text("NONE")]])
            (left["sqlite_sequence"], left["file_rewrites"]) = (nil, nil)
            for (table, rows) in left { #expect(rows == others[table], "\(table)") }
            #expect(try await !store.act(on: 1, viewer))
        }
    }

    @Test func `after an erasure and a scrub the alias stands nowhere in the files`() async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(.full, 0xABCDEF)
            for post in 1...50 { try await store.act(on: post, viewer) }
            let needle = Array(id(0xABCDEF).utf8)
            #expect(try await store.filesContain(needle))
            _ = try await store.storage.people.erase(viewer.alias, in: store.tenant, ledgerTag: id(77), at: noon)
            try await untilDone { try await store.storage.people.scrub() }
            #expect(try await !store.filesContain(needle))
            // A server's other tables are written anew at night only.
            if Engine.current == .sqlite { #expect(try await !store.filesContain(Array("timeline".utf8))) }
        }
    }
}

extension TestStore {
    /// Whether the bytes stand in the database's file or its log; on a server, in the files of the aliases' table and its indexes.
    fileprivate func filesContain(_ needle: [UInt8]) async throws -> Bool {
        guard Engine.current == .postgres else {
            return [path, path + "-wal"].contains { file in
                let bytes = bytes(of: file)
                guard bytes.count >= needle.count else { return false }
                return (0...(bytes.count - needle.count)).contains { start in
                    bytes[start] == needle[0] && bytes[start..<(start + needle.count)].elementsEqual(needle)
                }
            }
        }
        return try await storage.pool.maintain { connection in
            try connection.run("CHECKPOINT")
            return try connection.count("""
                SELECT count(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relname LIKE 'user\\_aliases%'
                AND relkind IN ('r', 'i') AND position(\(needle) IN pg_read_binary_file(pg_relation_filepath(oid::regclass))) > 0
                """) > 0
        }
    }
}
