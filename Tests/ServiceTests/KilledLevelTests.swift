import Database
import Fediverse
import Glibc
import Privacy
import Recommender
import Store
import TestSupport
import Testing

extension ServiceTests {
    /// A level lowered and an erasure, killed anywhere: what the person had before or what they have afterwards, never a part of it.
    struct KilledLevelTests {
        @Test func `a lower level or an erasure that is killed anywhere has happened or has not`() async throws {
            let test = LargeTest("kill-level", seed: 43)
            let place = try Place()
            let people = try await LivedPeople.make(test.planned, in: Storage.open(.sqlite(path: place.database), role: .command, now: now()), at: place)
            try await Self.kill(people, test, rows: { try StoredRows(leftAt: place) }, watched: place.log) { try place.start($0, $1) } settle: {
                try place.outwaitLeases()
            }
            // The last command ended undisturbed: of all who left, not a byte is there.
            let left = bytes(of: place.database) + bytes(of: place.log)
            let staying = Set(try StoredRows(leftAt: place).texts("SELECT alias_id FROM user_aliases"))
            for person in people.everyone where !staying.contains(person.hex) {
                #expect(!left.contains(Array(person.hex.utf8)), "an alias that is gone stands in the file")
            }
        }

        @Test(.enabled(if: PostgresServer.address != nil, .init(rawValue: PostgresServer.isMissing)))
        func `the same on a server`() async throws {
            let test = LargeTest("kill-level-server", seed: 44)
            let shared = try SharedPlace(upstream: "http://127.0.0.1:9")
            let people = try await LivedPeople.make(test.planned, in: shared.storage(), at: shared.place)
            try await Self.kill(people, test, rows: { try ServerRows(shared) }, watched: nil) { try shared.start($0, $1) } settle: {}
        }

        /// Each point kills a command about somebody else, of whom all have lived the same life.
        private static func kill(
            _ people: LivedPeople, _ test: LargeTest, rows: () throws -> any StoredTexts, watched: String?,
            _ start: ([String], [String]) throws -> Program, settle: () throws -> Void
        ) async throws {
            let commands = [
                (["privacy", "set"], ["--level", "LIMITED"]), (["privacy", "set"], ["--level", "NONE"]), (["privacy", "erase"], ["--confirm"]),
            ]
            let before = try people.form(of: people.everyone[0], in: rows())
            #expect(before.count > 60)
            // What each leaves when nothing disturbs it, and how long that takes.
            var wanted: [Set<String>] = []
            var (whole, writes) = (Duration.zero, 2)
            for (number, (command, flags)) in commands.enumerated() {
                let watch = try watched.map(WriteWatch.init)
                let begun = ContinuousClock.now
                let program = try start(command, flags + ["--alias", people.models[number].hex])
                #expect(try await program.ended() == .init(code: 0))
                whole = max(whole, ContinuousClock.now - begun)
                writes = max(writes, watch?.count ?? 0)
                watch?.end()
                wanted.append(try people.form(of: people.models[number], in: rows()))
            }
            #expect(wanted[0].count > 15 && wanted[0] != before && wanted[1].isEmpty && wanted[2].isEmpty)

            var random = SeededGenerator(seed: test.seed)
            var (done, old, new, acknowledged) = (0, 0, 0, 0)
            for (number, person) in people.everyone.enumerated() {
                let (command, flags) = commands[number % 3]
                let watch = try watched.map(WriteWatch.init)
                let program = try start(command, flags + ["--alias", person.hex])
                if let watch, !number.isMultiple(of: 2) {
                    watch.kill(program, at: Int.random(in: 1...writes, using: &random))
                    _ = try await program.ended()
                } else {
                    // The program's start is most of its time, and nothing happens in it.
                    try await endedByKill(program, after: whole * Double.random(in: 0.3..<1.05, using: &random))
                }
                watch?.end()
                let form = try people.form(of: person, in: rows())
                #expect(form == before || form == wanted[number % 3], "point \(number): neither what was nor what should be")
                if form == before { old += 1 } else { new += 1 }
                if try await program.ended() == .init(code: 0) {
                    acknowledged += 1
                    #expect(form == wanted[number % 3], "point \(number): acknowledged, and not so")
                }
                try settle()
                let again = try start(command, flags + ["--alias", person.hex])
                #expect(try await again.ended() == .init(code: 0), "\(again.errors)")
                #expect(try people.form(of: person, in: rows()) == wanted[number % 3])
                done += 1
            }
            test.finish(done: done, failed: 0)
            print("\(test.name): \(old) before the change, \(new) after it, \(acknowledged) of them acknowledged")
            if done >= 30 { #expect(old > 0 && new > 0, "killed on one side only") }
        }
    }
}

private func endedByKill(_ program: Program, after delay: Duration) async throws { try await kill(program, after: delay) }

/// People at FULL with the same rows of every kind.
private struct LivedPeople {
    let everyone: [AliasID]
    /// Three more, to see what undisturbed commands leave.
    let models: [AliasID]

    static func make(_ count: Int, in storage: Storage, at place: Place) async throws -> LivedPeople {
        let names = try place.pseudonymizer()
        let noon = now().floored(to: .days(1)) + .hours(12)
        let tenant = try await storage.tenant(domain: place.domain, at: noon)
        try await storage.registerKey(id: names.keyID, in: tenant, at: noon)
        let statuses = (0..<12).map { number in
            KeptStatus(
                postID: Pseudonymizer.postID(host: "lived.example", uri: "\(number)"), authorID: Pseudonymizer.postID(host: "authors.example", uri: "\(number % 4)"),
                localID: "\(number)", content: nil, createdAt: noon - .days(1), tags: ["rain"])
        }
        _ = try await storage.statuses.keep(statuses, cursor: nil, in: tenant, at: noon)
        let aliases = try (0..<(count + 3)).map { try names.alias(domain: place.domain, accountID: "9\($0)") }
        for alias in aliases { try await live(alias, statuses, noon, storage, tenant) }
        await storage.shutdown()
        return LivedPeople(everyone: Array(aliases[3...]), models: Array(aliases[..<3]))
    }

    private static func live(_ alias: AliasID, _ statuses: [KeptStatus], _ noon: Instant, _ storage: Storage, _ tenant: TenantKey) async throws {
        let policy = PrivacyPolicy()
        let viewer = try await storage.people.setLevel(.full, of: alias, in: tenant, at: noon - .days(40)).viewer
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<60 {
                let status = statuses[number % 12]
                let act = Interaction(
                    post: PostReference(postID: status.postID, authorID: status.authorID), kind: InteractionKind.allCases[number / 12],
                    at: noon - .days(Int64(number % 30)) - .seconds(7), weight: 1.5, context: .init(source: "home", position: 2))
                guard let permitted = policy.permit(act, visibility: .public, for: viewer, keepingViews: true) else { continue }
                group.addTask { _ = try await storage.interactions.record(permitted) }
            }
            try await group.waitForAll()
        }
        let shown = (1...12).compactMap { number in
            policy.permit(
                Recommendation(
                    post: PostKey(Int64(number)), at: noon - .days(Int64(number)), reason: "tag-affinity:rain", modelVersion: "blend-v1", shownAs: "s\(number)",
                    above: "1", below: "2", position: number), for: viewer)
        }
        _ = try await storage.recommendationLog.record(shown, while: { true })
        if let setting = policy.permit(setting: .init(name: "mode", value: "blend"), for: viewer) { _ = try await storage.preferences.set(setting) }
        let less = Suppression(subject: .reason(code: "popular"), setAt: noon)
        if let permitted = policy.permit(suppression: less, for: viewer) { try await storage.preferences.suppress(permitted) }
    }

    /// All that is stored about one of them, without the numbers in which they differ.
    func form(of alias: AliasID, in rows: any StoredTexts) throws -> Set<String> {
        let person = "JOIN user_aliases u ON u.tenant_id = x.tenant_id AND u.alias_key = x.alias_key WHERE u.alias_id = '\(alias.hex)'"
        let questions = [
            "SELECT 'person ' || privacy_level || ' ' || last_seen || ' ' || created_at FROM user_aliases WHERE alias_id = '\(alias.hex)'",
            """
            SELECT 'act ' || x.post_key || ' ' || x.kind || ' ' || x.occurred_at || ' ' || coalesce(CAST(x.score_weight AS text), '-') || ' '
                || coalesce(CAST(x.context AS text), '-') FROM user_interactions x \(person)
            """,
            """
            SELECT 'taste ' || x.author_key || ' ' || x.interaction_count || ' ' || x.last_interaction_at || ' ' || round(CAST(x.preference_score * 1000000 AS numeric))
            FROM author_preferences x \(person)
            """,
            """
            SELECT 'log ' || x.post_key || ' ' || x.recommended_at || ' ' || x.reason || ' ' || coalesce(x.model_version, '-') || ' '
                || coalesce(CAST(x.position AS text), '-') FROM recommendation_logs x \(person)
            """,
            "SELECT 'setting ' || x.name || ' ' || x.value FROM preferences x \(person)",
            "SELECT 'less ' || x.subject || ' ' || x.set_at FROM suppressions x \(person)",
        ]
        return Set(try questions.flatMap { try rows.texts(SQL(raw: $0)) })
    }
}
