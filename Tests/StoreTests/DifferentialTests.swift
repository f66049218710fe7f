import Database
import Fediverse
import Privacy
import Recommender
import TestSupport
import Testing

@testable import Store

struct DifferentialTests {
    @Test(.enabled(if: PostgresServer.address != nil, .init(rawValue: PostgresServer.isMissing)))
    func `both engines give the same answers to the same operations`() async throws {
        let test = LargeTest("differential-operations", seed: 31)
        try await Engine.$current.withValue(.sqlite) {
            try await TestStore.with(defaultLevel: .limited, candidateLimit: 60) { sqlite in
                try await Engine.$current.withValue(.postgres) {
                    try await TestStore.with(defaultLevel: .limited, candidateLimit: 60) { postgres in
                        var dice = Dice(state: test.seed)
                        var (done, different) = (0, 0)
                        var answers: Set<String> = []
                        while done < test.planned, different < 5 {
                            let operation = Operation(&dice, number: done)
                            async let first = operation.answer(of: sqlite)
                            async let second = operation.answer(of: postgres)
                            let (one, other) = await (first, second)
                            answers.insert(one)
                            if one != other {
                                different += 1
                                Issue.record("operation \(done), \(operation):\n\(one.prefix(2_000))\n\(other.prefix(2_000))")
                            }
                            done += 1
                        }
                        test.finish(done: done, failed: different)
                        #expect(answers.count > done / 5, "answers that hardly differ prove little: \(answers.count)")
                        try await expectSameRows(sqlite, postgres)
                        for store in [sqlite, postgres] { try await expectNothingToFind(store, at: noon + .minutes(Int64(done) * 7 + 60)) }
                    }
                }
            }
        }
    }

    /// After all that, and one run of the anonymizer, every personal row is as the state table says.
    private func expectNothingToFind(_ store: TestStore, at now: Instant) async throws {
        let run = try await Anonymizer().run(
            on: store.storage.retention, tenant: store.tenant, at: ClockReading(wall: now, sinceBoot: .hours(1)), budget: .max, lastRun: nil)
        #expect(run.firstFailure == nil)
        let checked = try await store.storage.checkRows(at: now, contentDays: 7) { _, _ in }
        #expect(checked.findings.isEmpty, "\(checked.findings.prefix(5))")
        #expect(checked.looked.reduce(0) { $0 + $1.amount } > 10)
    }

    /// In the end every table holds the same; of keys that a failed write has used up there may be different ones.
    private func expectSameRows(_ sqlite: TestStore, _ postgres: TestStore) async throws {
        let (one, other) = (try await sqlite.dump(), try await postgres.dump())
        for table in one.keys.sorted() where other[table] != nil && !["schema_migrations", "file_rewrites"].contains(table) {
            #expect(one[table]?.count == other[table]?.count, "\(table)")
        }
        #expect(one["user_interactions"]?.isEmpty == false && one["recommendation_logs"]?.isEmpty == false && one["post_metadata"]?.isEmpty == false)
    }
}

/// SplitMix64: the same numbers in every run.
private struct Dice {
    var state: UInt64

    mutating func roll(_ sides: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(sides))
    }
}

/// One drawn call of a repository, the same for every store.
private struct Operation: Sendable, CustomStringConvertible {
    private let kind: Int
    private let person: Int
    private let post: Int
    private let choice: Int
    private let now: Instant
    /// Posts and authors begin anew now and then: one who has opted out stays away.
    private let generation: Int

    init(_ dice: inout Dice, number: Int) {
        kind = dice.roll(24)
        person = dice.roll(6) + 1
        generation = number / 1_500
        post = generation * 90 + dice.roll(90) + 1
        choice = dice.roll(1_000)
        now = noon + .minutes(Int64(number) * 7 + Int64(dice.roll(30)))
    }

    var description: String { "kind \(kind), person \(person), post \(post), choice \(choice), at \(now.text)" }

    private var author: Int { generation * 12 + post % 12 + 1 }

    /// What the store says, as text; an error by its own words.
    func answer(of store: TestStore) async -> String {
        do {
            let viewer = try await store.storage.people.viewer(alias(person), in: store.tenant)
            return try await "\(viewer.level) \(viewer.epoch) " + answer(of: store, viewer)
        } catch {
            return "\(error)"
        }
    }

    private func answer(of store: TestStore, _ viewer: Viewer) async throws -> String {
        let (storage, tenant) = (store.storage, store.tenant)
        switch kind {
        case 0:
            let levels = [PrivacyLevel.full, .limited, .full, .limited, .full, .none]
            let change = try await storage.people.setLevel(levels[choice % levels.count], of: viewer.alias, in: tenant, at: now)
            return "\(change.viewer.level) \(change.before.sorted { $0.key < $1.key }) \(change.after.sorted { $0.key < $1.key })"
        case 1: return "\(try await storage.people.arrive(viewer.alias, in: tenant, at: now).level)"
        case 2...6:
            let reference = PostReference(postID: id(post), authorID: id(author))
            let kinds = InteractionKind.allCases
            let interaction = Interaction(
                post: reference, kind: kinds[choice % kinds.count], at: now - .minutes(Int64(choice % 9)), weight: choice % 3 == 0 ? 1.5 : nil,
                context: Interaction.Context(source: choice % 2 == 0 ? "home" : nil, position: choice % 5, reason: choice % 7 == 0 ? "tag-affinity:\"x\"" : nil))
            guard let permitted = store.policy.permit(interaction, visibility: .public, for: viewer, keepingViews: true) else { return "not permitted" }
            return "\(try await storage.interactions.record(permitted))"
        case 7:
            try await storage.interactions.undo(InteractionKind.allCases[choice % InteractionKind.allCases.count], on: id(post), by: viewer)
            return "undone"
        case 8...10:
            let statuses = (0..<(choice % 8 + 1)).map { offset in
                let number = generation * 90 + (post + offset * 5) % 90 + 1
                return KeptStatus.status(
                    number, by: generation * 12 + number % 12 + 1, content: choice % 4 == 0 ? nil : "text \(choice % 3)", favourites: choice % 20, reblogs: offset,
                    createdAt: now - .hours(Int64(number % 90)), editedAt: choice % 6 == 0 ? now : nil, tags: ["dogs", "größe", "a\"\\\n\(choice % 3)"])
            }
            return "\(try await store.keep(statuses, at: now))"
        case 11: return "\(try await storage.statuses.withdraw([id(post), id(post + 1)], in: tenant, at: now))"
        case 12:
            try await storage.statuses.confirm([id(post), id(post + 3)], in: tenant, at: now)
            return "\(try await storage.statuses.unconfirmed(since: now - .hours(3), limit: 20, in: tenant))"
        case 13:
            let keys = try await storage.posts(ids: [id(post), id(generation * 90 + post % 7 + 1)], in: tenant).map(\.key).sorted()
            let recommendations = keys.compactMap { key in
                store.policy.permit(
                    Recommendation(
                        post: key, at: now, reason: choice % 2 == 0 ? "popular" : "tag-affinity:dogs", modelVersion: "blend-v1",
                        shownAs: choice % 5 == 0 ? "same\(choice)" : "w\(key.value)t\(now.microseconds)", above: "a", below: "b", position: choice % 10),
                    for: viewer)
            }
            return "\(try await storage.recommendationLog.record(recommendations, while: { choice % 11 != 0 }))"
        case 14:
            let setting = Setting(name: "n\(choice % 4)", value: choice % 3 == 0 ? nil : "v \(choice) ü")
            if let permitted = store.policy.permit(setting: setting, for: viewer) { try await storage.preferences.set(permitted) }
            return "\(try await storage.preferences.settings(of: viewer).sorted { $0.key < $1.key })"
        case 15:
            let subject = choice % 2 == 0 ? Suppression.Subject.author(id: id(author)) : .reason(code: "fresh")
            if choice % 3 == 0 {
                try await storage.preferences.release(subject, by: viewer)
            } else if let permitted = store.policy.permit(
                suppression: Suppression(subject: subject, setAt: now, until: choice % 5 == 0 ? now + .days(1) : nil), for: viewer) {
                try await storage.preferences.suppress(permitted)
            }
            return "suppressed"
        case 16:
            if let permitted = store.policy.permit(visit: now, for: viewer) { try await storage.people.seen(permitted) }
            return "seen"
        case 17:
            guard choice % 20 == 0 else { return "\(try await storage.statuses.optedOut(among: [id(author), id(3)], in: tenant).sorted())" }
            return "\(try await storage.statuses.optOut(authorID: id(author), source: .request, in: tenant, at: now))"
        case 18: return "\(try await storage.statuses.closeDay(now, sharing: SharingPolicy(minimumPeople: 2), in: tenant, at: now))"
        case 19:
            guard choice % 12 == 0 else { return "\(try await storage.interactions(of: viewer, limit: 40))" }
            let receipt = try await storage.people.erase(viewer.alias, in: tenant, ledgerTag: id(choice), at: now)
            return "\(receipt.removed.sorted { $0.key < $1.key })"
        case 20:
            let steps = RetentionPolicy().steps
            let step = steps[choice % steps.count]
            // Which of the due rows go first is nobody's promise: all of them, or none.
            let due = try await storage.retention.due(step, in: tenant, at: now)
            return "\(step.what) \(due) \(try await storage.retention.carryOut(step, in: tenant, at: now, limit: 100_000))"
        case 21:
            let posts = try await storage.recentPosts(limit: 30, tag: choice % 2 == 0 ? "a\"\\\n\(choice % 3)" : nil, in: tenant)
            let scores = try await storage.authorScores(of: viewer, at: now).map { "\($0.authorID) \($0.score) \($0.interactions) \($0.lastAt)" }
            return "\(posts) \(scores) \(try await storage.shown(to: viewer, limit: 20))"
        case 22:
            let changes = try await store.changes(since: choice % 2 == 0 ? nil : Int64(choice), at: now)
            let history = try await store.history(viewer, at: now)
            return "\(changes.version) \(changes.changed) \(changes.removed) \(history.actedOn.sorted()) \(history.tags.sorted { $0.key < $1.key }) "
                + "\(history.placements) \(history.shown.sorted { $0.key < $1.key }) \(history.suppressedReasons.sorted())"
        default:
            // But for the rows' own numbers: what a write that failed has used up is used up on one engine alone.
            return try await storage.personalData.everything(about: viewer.alias, in: tenant).map { table in
                let kept = table.columns.indices.filter { table.columns[$0] != "id" }
                return "\(table.name) \(kept.map { table.columns[$0] }) \(table.rows.map { row in kept.map { row[$0] } })"
            }.joined(separator: "\n")
        }
    }
}
