import Database
import Fediverse
import Privacy
import Recommender
import TestSupport
import Testing

@testable import Store

@Suite(.onEveryEngine) struct InteractionTests {
    @Test func `an act makes one row, a stub and a preference`() async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(.full)
            #expect(try await store.act(.favourite, on: 1, by: 5, viewer))
            #expect(try await store.rows("SELECT kind, occurred_at, score_weight FROM user_interactions")
                == [[.integer(0), noon.sqlValue, .real(2)]])
            #expect(try await store.rows("SELECT post_id, eligible, local_id, created_at FROM post_metadata")
                == [[.text(id(1)), .integer(0), .null, .null]])
            let preference = try #require(try await store.history(viewer, at: noon.floored(to: .days(1))).authors.values.first)
            #expect(abs(preference.score - 0.2211992169) < 1e-9, "1 - e^(-1/4)")
            #expect(preference.interactions == 1)
        }
    }

    @Test func `a repeat only moves the time, and never back`() async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(.full)
            try await store.act(on: 1, viewer)
            try await store.act(on: 1, viewer, at: noon + .minutes(5))
            try await store.act(on: 1, viewer, at: noon + .minutes(2))
            #expect(try await store.rows("SELECT occurred_at FROM user_interactions") == [[(noon + .minutes(5)).sqlValue]])
            #expect(try await store.history(viewer).authors.values.map(\.interactions) == [1])
        }
    }

    @Test func `acts of one moment are written together, each with its own answer, as if one by one`() async throws {
        let (together, apart) = (try await tables(together: true), try await tables(together: false))
        #expect(together == apart)
    }

    @Test func `an act for which nobody waits any more is not written, and those beside it are`() async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(.full)
            let gate = Gate()
            let holder = Task { try await store.storage.pool.maintain { _ in gate.pass() } }
            let acts = try (1...2).map { number in
                let interaction = Interaction(post: PostReference(postID: id(number), authorID: id(number)), kind: .favourite, at: noon)
                return try #require(store.policy.permit(interaction, visibility: .public, for: viewer))
            }
            async let kept = store.storage.interactions.record(acts[0])
            // Its client was told that nobody knows, and has taken the act back.
            async let late = store.storage.interactions.record(acts[1], while: { false })
            gate.open()
            let answers = try await [kept, late]
            #expect(answers == [true, false])
            try await holder.value
            let rows = try await [store.count("user_interactions"), store.count("post_metadata")]
            #expect(rows == [1, 1])
        }
    }

    /// 60 acts by five people on nine statuses: two of them are at LIMITED, one has changed the level meanwhile, an author wants to be
    /// left alone, and a status's id is longer than the database takes.
    private func tables(together: Bool) async throws -> [[[SQLValue]]] {
        var found: [[[SQLValue]]] = []
        try await TestStore.with { store in
            var viewers: [Viewer] = []
            for person in 1...5 { viewers.append(try await store.viewer(person < 3 ? .limited : .full, person)) }
            try await store.viewer(.limited, 5)
            _ = try await store.storage.statuses.optOut(authorID: id(4), source: .request, in: store.tenant, at: noon)
            let acts = try (0..<60).map { number -> (Permitted<Interaction>, Int) in
                let post = PostReference(postID: number == 33 ? id(1) + "0" : id(number % 9 + 1), authorID: id(number % 9 % 4 + 1))
                let interaction = Interaction(post: post, kind: number % 7 == 0 ? .reblog : .favourite, at: noon + .minutes(Int64(number)), weight: 1)
                return (try #require(store.policy.permit(interaction, visibility: .public, for: viewers[number % 5])), number)
            }
            let gate = Gate()
            let holder = together ? Task { try await store.storage.pool.maintain { _ in gate.pass() } } : nil
            var answers: [Int: Bool?] = [:]
            try await withThrowingTaskGroup(of: (Int, Bool?).self) { group in
                for (act, number) in acts {
                    group.addTask { (number, try? await store.storage.interactions.record(act)) }
                    if !together, let answer = try await group.next() { answers[answer.0] = answer.1 }
                }
                // Everybody stands in line by then, on the slowest machine, or is written by a later write: the tables are the same.
                try await Task.sleep(for: .milliseconds(together ? 200 : 0))
                gate.open()
                for try await answer in group { answers[answer.0] = answer.1 }
            }
            try await holder?.value
            for number in 0..<60 { #expect(answers[number] == .some(number == 33 ? nil : number % 5 != 4), "\(number)") }
            found = [
                try await store.rows("""
                    SELECT u.alias_id, p.post_id, i.kind, i.occurred_at FROM user_interactions i
                    JOIN user_aliases u ON u.tenant_id = i.tenant_id AND u.alias_key = i.alias_key
                    JOIN post_metadata p ON p.tenant_id = i.tenant_id AND p.post_key = i.post_key ORDER BY 1, 2, 3
                    """),
                try await store.rows("""
                    SELECT u.alias_id, a.author_id, r.interaction_count, r.last_interaction_at, r.preference_score FROM author_preferences r
                    JOIN user_aliases u ON u.tenant_id = r.tenant_id AND u.alias_key = r.alias_key
                    JOIN authors a ON a.tenant_id = r.tenant_id AND a.author_key = r.author_key ORDER BY 1, 2
                    """),
            ]
        }
        #expect(found[0].count > 20 && found[1].count > 5)
        return found
    }

    @Test(arguments: [PrivacyLevel.full, .limited])
    func `favourite, unfavourite, favourite leaves what one favourite leaves`(level: PrivacyLevel) async throws {
        let preferences: SQL = "SELECT interaction_count, last_interaction_at, preference_score, carried_weight FROM author_preferences"
        var left: [[[SQLValue]]] = []
        for undone in [false, true] {
            try await TestStore.with { store in
                let viewer = try await store.viewer(level)
                try await store.act(on: 2, viewer, at: noon - .days(3))
                if undone {
                    try await store.act(on: 1, viewer, at: noon - .days(1))
                    try await store.storage.interactions.undo(.favourite, on: id(1), by: viewer)
                }
                try await store.act(on: 1, viewer)
                #expect(try await store.count("user_interactions") == 2)
                left.append(try await store.rows(preferences))
            }
        }
        #expect(left[0] == left[1])
        #expect(left[0].count == 1)
    }

    @Test func `taking the last act back leaves no row of the post or its author`() async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(.full)
            let before = try await store.dump()
            try await store.act(on: 1, viewer)
            try await store.storage.interactions.undo(.favourite, on: id(1), by: viewer)
            try await store.storage.interactions.undo(.favourite, on: id(2), by: viewer)
            var after = try await store.dump()
            after["sqlite_sequence"] = before["sqlite_sequence"]
            #expect(after == before)
        }
    }

    @Test func `an author who opted out leaves no row`() async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(.full)
            _ = try await store.storage.statuses.optOut(authorID: id(4), source: .request, in: store.tenant, at: noon)
            #expect(try await store.act(on: 1, by: 4, viewer))
            #expect(try await store.count("user_interactions") + store.count("post_metadata") + store.count("authors") == 0)
        }
    }

    @Test func `a FULL score halves its activity every 30 days`() async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(.full)
            try await store.act(.reblog, on: 1, viewer)
            try await store.act(.reply, on: 1, viewer)
            let day = noon.floored(to: .days(1))
            let now = try #require(try await store.history(viewer, at: day).authors.values.first?.score)
            let later = try #require(try await store.history(viewer, at: day + .days(30)).authors.values.first?.score)
            #expect(abs(now - AuthorAffinity.score(activity: 2.8)) < 1e-9)
            #expect(abs(later - AuthorAffinity.score(activity: 1.4)) < 1e-9)
        }
    }

    @Test func `one view is too little for a preference`() async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(.full)
            try await store.act(.view, on: 1, viewer)
            #expect(try await store.count("user_interactions") == 1)
            #expect(try await store.count("author_preferences") == 0)
            for post in 2...3 { try await store.act(.view, on: post, viewer) }
            #expect(try await store.count("author_preferences") == 1, "three make 1 - e^(-0.3/4) = 0.072")
        }
    }

    @Test(arguments: [(1, nil), (2, 0.25), (3, 0.5), (5, 0.75), (8, 1.0)] as [(Int, Double?)])
    func `LIMITED keeps a step that the count of acts makes`(acts: Int, score: Double?) async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(.limited)
            for post in 1...acts { try await store.act(on: post, viewer, at: noon - .days(Int64(post))) }
            #expect(try await store.rows("SELECT preference_score FROM author_preferences") == (score.map { [[.real($0)]] } ?? []))
            #expect(try await store.history(viewer).authors.values.map(\.score) == (score.map { [$0] } ?? []))
        }
    }

    @Test func `LIMITED keeps at most 50 authors, the strongest`() async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(.limited)
            for author in 1...51 {
                for act in 0..<(author == 7 ? 2 : 3) { try await store.act(on: author * 10 + act, by: author, viewer) }
            }
            #expect(try await store.count("author_preferences") == 50)
            #expect(try await store.count("AuthorPreference", where: "author_id = '\(id(7))'") == 0)
        }
    }

    @Test func `FULL keeps at most 500 authors, the strongest`() async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(.full)
            for author in 1...501 { try await store.act(author == 7 ? .favourite : .reblog, on: author, by: author, viewer) }
            #expect(try await store.count("author_preferences") == 500)
            #expect(try await store.count("AuthorPreference", where: "author_id = '\(id(7))'") == 0)
        }
    }

    @Test func `many who act at once are all kept`() async throws {
        try await TestStore.with { store in
            var viewers: [Viewer] = []
            for number in 1...8 { viewers.append(try await store.viewer(.full, number)) }
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for post in 1...10 { for viewer in viewers { group.addTask { try await store.act(on: post, by: post, viewer) } } }
                for try await kept in group { #expect(kept) }
            }
            #expect(try await store.count("user_interactions") == 80)
            #expect(try await store.count("post_metadata") == 10)
            #expect(try await store.count("author_preferences") == 80)
        }
    }
}
