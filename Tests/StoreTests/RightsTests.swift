import Database
import Fediverse
import Privacy
import Recommender
import TestSupport
import Testing

@testable import Store

/// What people take back row by row, or take along.
@Suite(.onEveryEngine) struct RightsTests {
    private func table(_ name: String, _ store: TestStore, of person: Int = 1, at now: Instant = noon) async throws -> [[String?]] {
        try await store.rights(at: now).rows(of: name, about: alias(person)).rows
    }

    /// Everything that is stored about somebody, without the row of the alias itself.
    private func everything(_ store: TestStore, of person: Int) async throws -> [PersonalTable] {
        try await store.storage.personalData.everything(about: alias(person), in: store.tenant).filter { $0.name != "user_aliases" }
    }

    @Test func `an act is removed by itself, with what was derived from it and the stub that only it referred to`() async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(.full)
            for post in 1...3 { try await store.act(on: post, by: post % 2, viewer) }
            let rights = try store.rights()
            #expect(try await rights.remove(.interaction(.favourite, postID: id(1)), of: alias(1)) == ["user_interactions": 1])
            #expect(try await table("user_interactions", store).count == 2)
            // Post 3 has the same author; of post 2 nothing has changed.
            #expect(try await table("author_preferences", store).compactMap { $0[1] } == ["1", "1"])
            #expect(try await store.count("post_metadata", where: "post_id = '\(id(1))'") == 0)
            #expect(try await rights.remove(.interaction(.favourite, postID: id(1)), of: alias(1)).isEmpty)
            #expect(try await rights.remove(.interaction(.reblog, postID: id(3)), of: alias(1)).isEmpty)
            #expect(try await rights.remove(.interaction(.favourite, postID: id(77)), of: alias(1)).isEmpty)
        }
    }

    @Test(arguments: [PrivacyLevel.limited, .full])
    func `an author is removed with the acts on their posts, so that the next act does not bring them back`(level: PrivacyLevel) async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(level)
            for post in 1...3 { try await store.act(on: post, by: 1, viewer) }
            for post in 4...5 { try await store.act(on: post, by: 2, viewer) }
            let removed = try await store.rights().remove(.author(id: id(1)), of: alias(1))
            #expect(removed == ["user_interactions": 3, "author_preferences": 1])
            try await store.act(on: 6, by: 2, viewer)
            #expect(try await table("author_preferences", store).map { $0[0] } == [id(2)])
            #expect(try await store.count("authors", where: "author_id = '\(id(1))'") == 0)
        }
    }

    @Test func `a recommendation, a suppression, a setting and a row of evidence are removed by themselves`() async throws {
        try await TestStore.with { store in
            try await store.keep([.status(1), .status(2)])
            let viewer = try await store.viewer(.full)
            try await store.show([store.key(1), store.key(2)], to: viewer)
            try await store.witness(viewer)
            let rights = try store.rights()
            try await rights.suppress(.reason(code: "popular"), until: nil, of: alias(1))
            try await rights.suppress(.author(id: id(9)), until: noon + .days(9), of: alias(1))
            try await rights.set("label", to: "json", of: alias(1))
            try await rights.set("mode", to: "off", of: alias(1))
            let shown = try #require((try await table("recommendation_logs", store)[0][0]).flatMap { Int64($0) })
            #expect(try await rights.remove(.recommendation(id: shown), of: alias(1)) == ["recommendation_logs": 1])
            #expect(try await rights.remove(.suppression(.reason(code: "popular")), of: alias(1)) == ["suppressions": 1])
            #expect(try await rights.remove(.setting(name: "mode"), of: alias(1)) == ["preferences": 1])
            for kind in PersonalRow.Evidence.allCases {
                let number = try #require((try await table(kind.rawValue, store)[0][0]).flatMap { Int64($0) })
                #expect(try await rights.remove(.evidence(kind, id: number), of: alias(1)) == [kind.rawValue: 1])
            }
            #expect(try await everything(store, of: 1).map { $0.rows.count } == [0, 0, 1, 1, 1, 0, 0, 0])
            #expect(try await table("preferences", store) == [["label", "json"]])
        }
    }

    @Test func `nobody removes another's rows, whatever they name`() async throws {
        try await TestStore.with { store in
            try await store.keep([.status(1)])
            let owner = try await store.viewer(.full, 1)
            try await store.viewer(.full, 2)
            try await store.act(on: 1, owner)
            try await store.show([store.key(1)], to: owner)
            try await store.witness(owner)
            try await store.rights().set("mode", to: "off", of: alias(1))
            try await store.rights().suppress(.author(id: id(3)), until: nil, of: alias(1))
            let before = try await everything(store, of: 1)
            let rows: [PersonalRow] = [
                .interaction(.favourite, postID: id(1)), .author(id: id(1)), .suppression(.author(id: id(3))), .setting(name: "mode"),
            ] + (1...20).flatMap { number in [.recommendation(id: number)] + PersonalRow.Evidence.allCases.map { .evidence($0, id: number) } }
            // Another person, and one of whom nothing is known.
            for person in [2, 3] {
                for row in rows { #expect(try await store.rights().remove(row, of: alias(person)).isEmpty) }
                #expect(try await store.rights().forget(hours: 24, of: alias(person)).isEmpty)
            }
            #expect(try await everything(store, of: 1) == before)
        }
    }

    /// Minutes before now, by the second; what goes when an hour is forgotten at 12:30.
    @Test(arguments: [(0, true), (59, true), (60, true), (61, false), (89, false), (90, true), (91, false), (200, false)])
    func `at FULL an act of the last hour goes, and one on the full hour that it began in`(minutes: Int, goes: Bool) async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(.full)
            try await store.act(on: 1, viewer, at: noon + .minutes(30) - .minutes(Int64(minutes)))
            let removed = try await store.rights(at: noon + .minutes(30)).forget(hours: 1, of: alias(1))
            // 90 minutes before is 11:00:00: whether that was an hour or a second cannot be seen.
            #expect(removed == (goes ? ["user_interactions": 1, "author_preferences": 1] : [:]), "\(minutes)")
        }
    }

    @Test func `at LIMITED the whole hour that the last hour began in goes, and the whole day of recommendations`() async throws {
        try await TestStore.with { store in
            try await store.keep([.status(1), .status(2), .status(3)])
            let viewer = try await store.viewer(.limited)
            // 10:59 stays, 11:05 goes although an hour before 12:30 is 11:30: only its hour is known.
            for (post, minutes) in [(1, -61), (2, -55), (3, 0), (4, 29)] { try await store.act(on: post, by: 1, viewer, at: noon + .minutes(Int64(minutes))) }
            try await store.show([store.key(1)], to: viewer, at: noon - .hours(13))
            try await store.show([store.key(2)], to: viewer, at: noon - .hours(11))
            try await store.show([store.key(3)], to: viewer, at: noon)
            let removed = try await store.rights(at: noon + .minutes(30)).forget(hours: 1, of: alias(1))
            #expect(removed == ["user_interactions": 3, "recommendation_logs": 2, "author_preferences": 1])
            #expect(try await table("user_interactions", store).map { $0[0] } == [id(1)])
            #expect(try await table("recommendation_logs", store).map { $0[1] } == [id(1)])
        }
    }

    @Test func `an act kept to the hour at LIMITED goes also after the level was raised`() async throws {
        try await TestStore.with { store in
            try await store.act(on: 1, try await store.viewer(.limited), at: noon + .minutes(50))
            try await store.viewer(.full, at: noon + .minutes(55))
            #expect(try await store.rights(at: noon + .minutes(75)).forget(hours: 1, of: alias(1))["user_interactions"] == 1)
        }
    }

    @Test func `a view is kept to its day and goes with it, and evidence to the second`() async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(.full)
            try await store.act(.view, on: 1, by: 1, viewer, at: noon - .hours(9))
            try await store.act(.view, on: 2, by: 2, viewer, at: noon - .hours(13))
            try await store.witness(viewer, at: noon - .minutes(30))
            try await store.witness(viewer, at: noon - .minutes(61))
            let removed = try await store.rights().forget(hours: 1, of: alias(1))
            for name in evidenceTables + ["user_interactions"] { #expect(removed[name] == 1, "\(name)") }
            #expect(try await table("user_interactions", store).map { $0[0] } == [id(2)])
        }
    }

    @Test func `what was derived tells nothing of the forgotten hour any more`() async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(.full)
            try await store.act(on: 1, by: 1, viewer, at: noon - .days(3))
            try await store.act(on: 2, by: 2, viewer, at: noon - .days(3))
            let before = try await everything(store, of: 1)
            try await store.act(on: 3, by: 1, viewer)
            try await store.act(on: 4, by: 4, viewer)
            #expect(try await everything(store, of: 1) != before)
            _ = try await store.rights().forget(hours: 1, of: alias(1))
            #expect(try await everything(store, of: 1) == before)
            // Settings, suppressions and the visit are no acts: they stay.
            try await store.rights().set("mode", to: "off", of: alias(1))
            #expect(try await store.rights().forget(hours: 1, of: alias(1)).isEmpty)
            #expect(try await table("preferences", store).count == 1)
        }
    }

    @Test func `a write that was under way does not bring back what was forgotten`() async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(.full)
            _ = try await store.rights().forget(hours: 1, of: alias(1))
            #expect(try await !store.act(on: 1, viewer))
            #expect(try await store.count("user_interactions") == 0)
            #expect(try await store.act(on: 1, try await store.storage.people.viewer(alias(1), in: store.tenant)))
        }
    }

    @Test(arguments: [0, -1, 25, Int.max]) func `hours are 1 to 24`(hours: Int) async throws {
        try await TestStore.with { store in
            await #expect(throws: RightsError.badHours) { try await store.rights().forget(hours: hours, of: alias(1)) }
        }
    }

    @Test func `settings, suppressions and authors come along to another installation under the same key`() async throws {
        try await TestStore.with { here in
            let viewer = try await here.viewer(.full)
            for post in 1...4 { try await here.act(on: post, by: 1, viewer) }
            let rights = try here.rights()
            try await rights.set("label", to: "json", of: alias(1))
            try await rights.set("weight.popular", to: "-0.5", of: alias(1))
            try await rights.suppress(.author(id: id(7)), until: noon + .days(40), of: alias(1))
            try await rights.suppress(.reason(code: "fresh"), until: nil, of: alias(1))
            let export = try await rights.export(of: alias(1))
            let before = try await everything(here, of: 1)

            try await TestStore.with { there in
                try await there.viewer(.full, 2)
                for document in [Array(export.json.utf8), export.zip, export.zip] {
                    let taken = try await there.rights().take(document, of: alias(2))
                    // Taken once more it changes nothing: the author is known already.
                    let isFirst = document == Array(export.json.utf8)
                    #expect(taken.taken == ["preferences": 2, "suppressions": 2, "author_preferences": isFirst ? 1 : 0])
                    #expect(taken.leftOut == .init())
                }
                let after = try await everything(there, of: 2)
                for name in ["preferences", "suppressions"] { #expect(after.first { $0.name == name } == before.first { $0.name == name }, "\(name)") }
                let author = try #require(after.first { $0.name == "author_preferences" }?.rows.first)
                #expect(author.prefix(4) == before.first { $0.name == "author_preferences" }?.rows.first?.prefix(4))
                for name in ["user_interactions", "recommendation_logs"] { #expect(after.first { $0.name == name }?.rows == [], "\(name)") }
                // What is done here later adds to it, and what is taken back leaves it.
                let now = try await there.storage.people.viewer(alias(2), in: there.tenant)
                try await there.act(on: 9, by: 1, now)
                _ = try await there.rights().remove(.interaction(.favourite, postID: id(9)), of: alias(2))
                #expect(try await everything(there, of: 2) == after)
            }
        }
    }

    @Test func `under another key authors stay where they were, and at LIMITED anyway`() async throws {
        try await TestStore.with { here in
            let viewer = try await here.viewer(.full)
            for post in 1...2 { try await here.act(on: post, by: 1, viewer) }
            try await here.rights().suppress(.author(id: id(7)), until: nil, of: alias(1))
            try await here.rights().suppress(.reason(code: "fresh"), until: nil, of: alias(1))
            let document = try await here.rights().export(of: alias(1)).zip
            try await here.viewer(.full, 2)
            let other = try await here.rights(key: Array(1...32)).take(document, of: alias(2))
            #expect(other.taken == ["preferences": 0, "suppressions": 1, "author_preferences": 0] && other.leftOut.ofOtherKey == 2)
            try await here.viewer(.limited, 3)
            let limited = try await here.rights().take(document, of: alias(3))
            #expect(limited.taken == ["preferences": 0, "suppressions": 2, "author_preferences": 0] && limited.notKept == 1)
            // As LIMITED keeps it: the Monday of its week.
            #expect(try await table("suppressions", here, of: 3).allSatisfy { $0[2] == "2026-06-01T00:00:00.000000Z" })
            await #expect(throws: RightsError.nothingIsKept) { try await here.rights().take(document, of: alias(4)) }
            #expect(try await everything(here, of: 4).isEmpty)
        }
    }

    @Test func `what is past its time is not brought back, and an author who opted out is not named`() async throws {
        try await TestStore.with { store in
            try await store.viewer(.limited)
            try await store.rights().suppress(.author(id: id(7)), until: nil, of: alias(1))
            try await store.rights().suppress(.reason(code: "fresh"), until: noon + .days(10), of: alias(1))
            let document = try await store.rights().export(of: alias(1)).zip
            try await store.viewer(.limited, 2, at: noon + .days(20))
            let later = try await store.rights(at: noon + .days(20)).take(document, of: alias(2))
            #expect(later.taken["suppressions"] == 1 && later.notKept == 1)
            _ = try await store.storage.statuses.optOut(authorID: id(7), source: .request, in: store.tenant, at: noon)
            try await store.viewer(.limited, 3)
            #expect(try await store.rights().take(document, of: alias(3)).taken["suppressions"] == 1)
            #expect(try await store.count("suppressions", where: "subject = '\(id(7))'") == 0)
        }
    }

    @Test func `what an import refuses changes nothing`() async throws {
        try await TestStore.with { store in
            try await store.viewer(.full)
            try await store.rights().set("mode", to: "off", of: alias(1))
            let good = try await store.rights().export(of: alias(1)).json
            let before = try await store.dump()
            for (wrong, words) in [
                ("", "neither"), ("{", "neither"), ("[]", "no export"), ("{}", "no export"), (#"{"schema":"sheltie-export/2","tables":{}}"#, "a form"),
                (good.replacing("\"off\"", with: "\"sideways\""), "row 1 of preferences says what this setting may not say"),
                (good.replacing("\"value\": \"off\"", with: "\"value\": null"), "row 1 of preferences lacks"),
                (good.replacing("\"suppressions\": []", with: #""suppressions": [{"subject_kind":"reason","subject":"@a@b.c","set_at":"2026-01-01"}]"#), "row 1 of suppressions names"),
                (good.replacing("\"suppressions\": []", with: #""suppressions": [{"subject_kind":"reason","subject":"fresh","set_at":"2027-01-01"}]"#), "from the future"),
                (good.replacing("\"suppressions\": []", with: #""suppressions": [{"subject_kind":"reason","subject":"fresh","set_at":"soon"}]"#), "no time in set_at"),
                (good.replacing("\"author_preferences\": []", with: #""author_preferences": [{"author_id":"\#(id(1))","preference_score":"1.5","interaction_count":"1","last_interaction_at":"2026-01-01"}]"#), "no score"),
                ("PK", "neither"), ("PK\u{3}\u{4}and so on and on and on", "neither"),
            ] {
                let error = await #expect(throws: BroughtError.self, "\(words)") { try await store.rights().take(Array(wrong.utf8), of: alias(1)) }
                #expect(error?.description.contains(words) == true, "\(error?.description ?? "") lacks \(words)")
            }
            #expect(try await store.dump() == before)
        }
    }
}
