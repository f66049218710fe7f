import Database
import Fediverse
import Privacy
import Recommender
import Testing

@testable import Store

@Suite(.onEveryEngine) struct ReaderTests {
    @Test func `the log of a page is written whole or not at all`() async throws {
        try await TestStore.with { store in
            try await store.keep([.status(1), .status(2)])
            let viewer = try await store.viewer(.full)
            let (one, two) = (try await store.key(1), try await store.key(2))
            #expect(try await store.show([one, two], to: viewer))
            await #expect(throws: DatabaseError.constraint(kind: .foreignKey)) {
                try await store.show([one, PostKey(99)], to: viewer, at: noon + .hours(1))
            }
            #expect(try await store.count("recommendation_logs") == 2)
        }
    }

    @Test func `the history tells what was acted on, shown and placed`() async throws {
        try await TestStore.with { store in
            try await store.keep([.status(1, tags: ["dogs", "art"]), .status(2, by: 2, tags: ["dogs"])])
            let viewer = try await store.viewer(.full)
            let (one, two) = (try await store.key(1), try await store.key(2))
            try await store.act(.favourite, on: 1, viewer)
            try await store.act(.reblog, on: 1, viewer)
            try await store.act(.view, on: 2, by: 2, viewer)
            try await store.show([one], to: viewer, at: noon - .days(8))
            try await store.show([one], to: viewer, at: noon - .days(7))
            try await store.show([two], to: viewer, at: noon - .hours(1))
            _ = try await store.storage.statuses.withdraw([id(1)], in: store.tenant, at: noon)
            let history = try await store.history(viewer)
            #expect(history.actedOn == [one, two])
            #expect(history.tags.isEmpty, "the one with tags was withdrawn, the other only seen")
            #expect(history.shown == [one: noon - .days(7), two: noon - .hours(1)])
            #expect(history.placements.map(\.post) == [two, one, one])
            #expect(history.placements.map(\.localID) == ["local-2", nil, nil])
            #expect(history.placements[0].shownAs.hasPrefix("w\(two.value)n"))
        }
    }

    @Test func `tags count at FULL only`() async throws {
        try await TestStore.with { store in
            try await store.keep([.status(1, tags: ["dogs", "art"]), .status(2, tags: ["dogs"])])
            let full = try await store.viewer(.full, 1)
            let limited = try await store.viewer(.limited, 2)
            for viewer in [full, limited] { for post in 1...2 { try await store.act(on: post, viewer) } }
            #expect(try await store.history(full).tags == ["dogs": 2, "art": 1])
            #expect(try await store.history(limited).tags.isEmpty)
            #expect(try await store.history(limited).actedOn.count == 2)
        }
    }

    @Test func `at most 400 places are remembered, the newest first`() async throws {
        try await TestStore.with { store in
            try await store.keep([.status(1)])
            let viewer = try await store.viewer(.full)
            let post = try await store.key(1)
            for hour in 0..<41 { try await store.show(Array(repeating: post, count: 10), to: viewer, at: noon + .hours(Int64(hour))) }
            let places = try await store.history(viewer, at: noon + .hours(41)).placements
            #expect(places.count == 400)
            #expect(places.first?.at == noon + .hours(40) && places.last?.at == noon + .hours(1))
        }
    }

    @Test func `less of an author or a reason holds until it ends or is released`() async throws {
        try await TestStore.with { store in
            try await store.keep([.status(1, by: 6)])
            let viewer = try await store.viewer(.full)
            for subject in [Suppression.Subject.author(id: id(6)), .author(id: id(99)), .reason(code: "fresh")] {
                let less = Suppression(subject: subject, setAt: noon, until: noon + .days(2))
                try await store.storage.preferences.suppress(#require(store.policy.permit(suppression: less, for: viewer)))
            }
            var history = try await store.history(viewer, at: noon + .days(2))
            #expect(history.suppressedAuthors.count == 1 && history.suppressedReasons == ["fresh"])
            try await store.storage.preferences.release(.reason(code: "fresh"), by: viewer)
            history = try await store.history(viewer, at: noon + .days(2))
            #expect(history.suppressedAuthors.count == 1 && history.suppressedReasons.isEmpty)
            #expect(try await store.history(viewer, at: noon + .days(3)).suppressedAuthors.isEmpty)
        }
    }

    @Test func `settings are kept, changed and removed`() async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(.limited)
            for value in ["blend", "rerank"] {
                try await store.storage.preferences.set(#require(store.policy.permit(setting: Setting(name: "mode", value: value), for: viewer)))
            }
            #expect(try await store.storage.preferences.settings(of: viewer) == ["mode": "rerank"])
            #expect(try await store.history(viewer).settings == ["mode": "rerank"])
            try await store.storage.preferences.set(#require(store.policy.permit(setting: Setting(name: "mode", value: nil), for: viewer)))
            #expect(try await store.storage.preferences.settings(of: viewer).isEmpty)
        }
    }

    @Test func `the report holds every row of every personal table`() async throws {
        try await TestStore.with { store in
            try await store.keep([.status(1)])
            let viewer = try await store.viewer(.full)
            try await store.act(.favourite, on: 1, viewer)
            try await store.act(.bookmark, on: 2, by: 2, viewer)
            try await store.show([store.key(1)], to: viewer)
            try await store.storage.preferences.set(#require(store.policy.permit(setting: Setting(name: "mode", value: "blend"), for: viewer)))
            let less = Suppression(subject: .reason(code: "fresh"), setAt: noon)
            try await store.storage.preferences.suppress(#require(store.policy.permit(suppression: less, for: viewer)))
            let tables = try await store.storage.personalData.everything(about: viewer.alias, in: store.tenant)
            #expect(Set(tables.map(\.name)) == Set(personalTables))
            for table in tables {
                #expect(try await table.rows.count == store.count(table.name), "\(table.name)")
                #expect(table.rows.allSatisfy { $0.count == table.columns.count })
            }
            #expect(tables.first { $0.name == "user_interactions" }?.rows.first { $0[3] == "FAVORITE" } == [
                id(1), id(1), "local-1", "FAVORITE", "2026-06-01T12:00:00.000000Z", "2.0", #"{"source":"timeline","position":3}"#,
            ])
        }
    }

    @Test(arguments: [
        (Instant(microseconds: 0), "1970-01-01T00:00:00.000000Z"), (noon, "2026-06-01T12:00:00.000000Z"),
        (Instant(microseconds: 951_868_799_999_999), "2000-02-29T23:59:59.999999Z"), (Instant(microseconds: -1), "1969-12-31T23:59:59.999999Z"),
    ])
    func `a moment is written in UTC`(instant: Instant, text: String) { #expect(instant.text == text) }

    @Test(arguments: [[], ["dogs"], ["dogs", "größe"], ["a\"b", "c\\d", "e\u{1}f"]])
    func `tags survive their text`(tags: [String]) { #expect(JSONText.tags(tags).map { JSONText.tags($0) } ?? [] == tags) }
}
