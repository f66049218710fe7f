import Database
import Fediverse
import Privacy
import Recommender
import Testing

@testable import Store

@Suite(.onEveryEngine) struct RetentionTests {
    private static let second = Instant.Span.seconds(1)

    /// Rows due and removed when the clock stands one second before, at and after a step's age.
    private func boundary(_ store: TestStore, _ step: RetentionStep, of moment: Instant, rows: Int = 1) async throws {
        let retention = store.storage.retention
        for now in [moment + step.age - Self.second, moment + step.age] {
            #expect(try await retention.due(step, in: store.tenant, at: now) == 0)
            #expect(try await retention.carryOut(step, in: store.tenant, at: now, limit: 10) == 0)
        }
        let after = moment + step.age + Self.second
        #expect(try await retention.due(step, in: store.tenant, at: after) == rows)
        #expect(try await retention.carryOut(step, in: store.tenant, at: after, limit: 10) == rows)
        let dump = try await store.dump()
        #expect(try await retention.due(step, in: store.tenant, at: after) == 0)
        #expect(try await retention.carryOut(step, in: store.tenant, at: after, limit: 10) == 0)
        #expect(try await store.dump() == dump, "a second run changes 0 rows")
    }

    private func step(_ what: RetentionStep.What, _ level: PrivacyLevel? = nil) throws -> RetentionStep {
        try #require(RetentionPolicy().steps.first { $0.what == what && $0.level == level })
    }

    @Test(arguments: [PrivacyLevel.limited, .full])
    func `an interaction goes a second after its age, with its stub`(level: PrivacyLevel) async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(level)
            try await store.act(on: 1, viewer)
            // The same age at the other level is not due.
            try await store.act(on: 2, by: 2, try await store.viewer(level == .full ? .limited : .full, 2), at: noon + .days(365))
            try await boundary(store, step(.interactions, level), of: noon)
            #expect(try await store.count("user_interactions") == 1)
            #expect(try await store.storage.retention.carryOut(step(.stubs), in: store.tenant, at: noon, limit: 10) == 1, "the plan's last step")
            #expect(try await store.count("post_metadata") == 1)
        }
    }

    @Test func `a view goes after 7 days, a favourite of that day does not`() async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(.full)
            try await store.act(.view, on: 1, viewer)
            try await store.act(.favourite, on: 1, viewer)
            try await boundary(store, step(.views, .full), of: noon.floored(to: .days(1)))
            #expect(try await store.rows("SELECT kind FROM user_interactions") == [[.integer(0)]])
        }
    }

    @Test func `a FULL score goes on fading when its rows are gone`() async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(.full)
            for post in 1...10 { try await store.act(.reblog, on: post, viewer) }
            let later = noon + .days(91)
            let before = try await store.history(viewer, at: later)
            #expect(try await store.storage.retention.carryOut(step(.interactions, .full), in: store.tenant, at: later, limit: 4) == 4)
            #expect(try await store.history(viewer, at: later).authors == before.authors)
            #expect(try await store.storage.retention.carryOut(step(.interactions, .full), in: store.tenant, at: later, limit: 10) == 6)
            #expect(try await store.history(viewer, at: later).authors == before.authors)
            try await store.act(.reblog, on: 11, viewer, at: later)
            let score = try #require(try await store.history(viewer, at: later).authors.values.first)
            // Ten reblogs 91 days old (the preference's day) and a new one.
            #expect(abs(score.score - AuthorAffinity.score(activity: 15 * 0.1221 + 1.5)) < 0.01)
            #expect(score.interactions == 11)
            try await store.storage.interactions.undo(.reblog, on: id(11), by: viewer)
            let undone = try #require(try await store.history(viewer, at: later).authors.values.first)
            #expect(abs(undone.score - (before.authors.values.first?.score ?? 0)) < 0.01 && undone.interactions == 10)
        }
    }

    @Test func `a LIMITED preference ends with its rows`() async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(.limited)
            for post in 1...3 { try await store.act(on: post, viewer, at: noon + .days(Int64(post))) }
            #expect(try await store.rows("SELECT preference_score FROM author_preferences") == [[.real(0.5)]])
            let retention = store.storage.retention
            #expect(try await retention.carryOut(step(.interactions, .limited), in: store.tenant, at: noon + .days(15) + .hours(1), limit: 10) == 1)
            #expect(try await store.rows("SELECT preference_score FROM author_preferences") == [[.real(0.25)]])
            #expect(try await retention.carryOut(step(.interactions, .limited), in: store.tenant, at: noon + .days(16) + .hours(1), limit: 10) == 1)
            #expect(try await store.count("author_preferences") == 0)
        }
    }

    @Test(arguments: [PrivacyLevel.limited, .full])
    func `a log row goes a second after its age, with its stub`(level: PrivacyLevel) async throws {
        try await TestStore.with { store in
            try await store.keep([.status(1)])
            let viewer = try await store.viewer(level)
            try await store.show([store.key(1)], to: viewer)
            _ = try await store.storage.statuses.withdraw([id(1)], in: store.tenant, at: noon)
            #expect(try await store.count("post_metadata") == 1)
            try await boundary(store, step(.recommendationLogs, level), of: level == .full ? noon : noon.floored(to: .days(1)))
            #expect(try await store.count("post_metadata") + store.count("authors") == 0)
        }
    }

    @Test(arguments: [PrivacyLevel.limited, .full])
    func `a suppression goes a second after its age, or at its end`(level: PrivacyLevel) async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(level)
            let day = noon.floored(to: .days(1))
            for (code, end) in [("a", nil), ("b", noon + .days(1))] {
                let less = Suppression(subject: .reason(code: code), setAt: day, until: end)
                try await store.storage.preferences.suppress(#require(store.policy.permit(suppression: less, for: viewer)))
            }
            #expect(try await store.storage.retention.carryOut(step(.suppressions, level), in: store.tenant, at: noon + .days(8), limit: 9) == 1)
            try await boundary(store, step(.suppressions, level), of: day)
        }
    }

    @Test(arguments: [PrivacyLevel.limited, .full])
    func `who was not here for long is forgotten`(level: PrivacyLevel) async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(level)
            try await store.act(on: 1, viewer)
            try await boundary(store, step(.unseenAliases, level), of: noon.floored(to: .days(1)))
            for table in personalTables + ["post_metadata", "authors"] { #expect(try await store.count(table) == 0, "\(table)") }
        }
    }

    @Test func `a preference goes when it has faded`() async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(.full)
            try await store.act(.favourite, on: 1, viewer)
            let faded = try step(.fadedPreferences, .full)
            // 1 fades to -4 ln 0.95 = 0.2052 in 30 * log2(1 / 0.2052) = 68.6 days.
            let day = noon.floored(to: .days(1))
            #expect(try await store.storage.retention.due(faded, in: store.tenant, at: day + .days(68)) == 0)
            #expect(try await store.storage.retention.due(faded, in: store.tenant, at: day + .days(69)) == 1)
            #expect(try await store.storage.retention.carryOut(faded, in: store.tenant, at: day + .days(69), limit: 5) == 1)
            #expect(try await store.count("author_preferences") == 0)
        }
    }

    @Test func `a text goes after its days, a post after 30`() async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(.full)
            try await store.keep([.status(1, createdAt: noon), .status(2, createdAt: noon)])
            try await store.act(on: 2, viewer)
            try await boundary(store, step(.postContent), of: noon, rows: 2)
            #expect(try await store.count("post_metadata", where: "eligible") == 2)
            let version = try await store.changes().version
            try await boundary(store, step(.posts), of: noon, rows: 2)
            #expect(try await store.rows("SELECT post_id, eligible FROM post_metadata") == [[.text(id(2)), .integer(0)]])
            #expect(try await store.changes(since: version).removed.count == 2)
        }
    }

    @Test func `stubs and authors without anything are swept`() async throws {
        try await TestStore.with { store in
            _ = try await store.storage.pool.write(.process) { try $0.findOrCreate(PostReference(postID: id(1), authorID: id(1)), in: store.tenant) }
            _ = try await store.storage.pool.write(.process) { try $0.findOrCreate(author: id(2), in: store.tenant) }
            let sweep = try step(.stubs)
            #expect(try await store.storage.retention.due(sweep, in: store.tenant, at: noon) == 2)
            #expect(try await store.storage.retention.carryOut(sweep, in: store.tenant, at: noon, limit: 9) == 2)
            #expect(try await store.count("post_metadata") + store.count("authors") == 0)
        }
    }

    @Test func `daily numbers, ledger tags and job runs go after their ages`() async throws {
        try await TestStore.with { store in
            let day = noon.floored(to: .days(1))
            try await store.keep([.status(1)], at: day)
            try await store.keep([.status(1, favourites: 1)], at: day)
            try await boundary(store, step(.sharedAggregates), of: day)
            _ = try await store.storage.people.erase(alias(1), in: store.tenant, ledgerTag: id(5), at: noon)
            try await boundary(store, step(.ledgerTags), of: noon)
            let run = try await store.storage.jobRuns.begin("ingest", in: store.tenant, at: noon)
            try await store.storage.jobRuns.finish(run, .done, in: store.tenant, at: noon)
            try await boundary(store, step(.jobRuns), of: noon)
        }
    }

    @Test func `a batch takes as many rows as it may, until nothing is due`() async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(.limited)
            for post in 1...25 { try await store.act(on: post, by: post, viewer) }
            let step = try step(.interactions, .limited)
            var batches: [Int] = []
            repeat {
                batches.append(try await store.storage.retention.carryOut(step, in: store.tenant, at: noon + .days(15), limit: 10))
            } while batches.last == 10
            #expect(batches == [10, 10, 5])
        }
    }

    @Test func `the anonymizer's whole plan runs twice, the second time without effect`() async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(.full)
            try await store.keep([.status(1), .status(2)])
            for post in 1...4 { try await store.act(on: post, viewer) }
            try await store.show([store.key(1)], to: viewer)
            let later = ClockReading(wall: noon + .days(100), sinceBoot: nil)
            let anonymizer = Anonymizer()
            let first = try await anonymizer.run(on: store.storage.retention, tenant: store.tenant, at: later, lastRun: nil)
            // Four interactions, a log row, two texts, two posts and two stubs; four favourites have not faded by then.
            #expect(first.finished && first.removed == 11)
            let dump = try await store.dump()
            let second = try await anonymizer.run(on: store.storage.retention, tenant: store.tenant, at: later, lastRun: nil)
            #expect(second.finished && second.removed == 0)
            #expect(try await store.dump() == dump)
        }
    }
}
