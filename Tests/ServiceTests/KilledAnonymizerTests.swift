import Database
import Fediverse
import Privacy
import Recommender
import Store
import TestSupport
import Testing

extension ServiceTests {
    /// `sheltie privacy anonymize`, killed anywhere: each row is wholly before or wholly after, the next run ends where an
    /// undisturbed one does, and the one after it changes nothing.
    struct KilledAnonymizerTests {
        @Test func `an anonymizer that is killed anywhere is finished by its next run, and the one after changes nothing`() async throws {
            let test = LargeTest("kill-anonymizer", seed: 23)
            let place = try Place()
            try await Past(place).fill()
            let full = bytes(of: place.database)
            let before = try Left(place)

            let watch = try WriteWatch(place.log)
            let started = ContinuousClock.now
            try await place.run(["privacy", "anonymize"])
            let whole = ContinuousClock.now - started
            let writes = watch.count
            watch.end()
            let wanted = try Left(place)
            #expect(wanted.interactions.isStrictSubset(of: before.interactions) && !wanted.interactions.isEmpty)
            #expect(wanted.logs.isStrictSubset(of: before.logs) && !wanted.logs.isEmpty)
            #expect(wanted.contents.isStrictSubset(of: before.contents) && wanted.aliases.isStrictSubset(of: before.aliases))
            #expect(writes > 10)

            var random = SeededGenerator(seed: test.seed)
            var done = 0
            for number in 0..<test.planned {
                removeTree(place.data + "/sheltie.db-wal")
                removeTree(place.data + "/sheltie.db-shm")
                try write(full, to: place.database)
                let watch = try WriteWatch(place.log)
                let program = try place.start(["privacy", "anonymize"])
                if number.isMultiple(of: 2) {
                    try await kill(program, after: whole * Double.random(in: 0..<1, using: &random))
                } else {
                    watch.kill(program, at: Int.random(in: 1...writes, using: &random))
                    _ = try await program.ended()
                }
                watch.end()
                let rows = try StoredRows(leftAt: place)
                #expect(try rows.damage() == [])
                #expect(try rows.tornPreferences() == 0)
                let left = try Left(rows)
                let isBetween =
                    left.interactions.isSubset(of: before.interactions) && left.interactions.isSuperset(of: wanted.interactions)
                    && left.logs.isSubset(of: before.logs) && left.logs.isSuperset(of: wanted.logs)
                #expect(isBetween, "point \(number)")

                try place.outwaitLeases()
                try await place.run(["privacy", "anonymize"])
                let isFinished = try Left(place) == wanted
                #expect(isFinished, "point \(number)")
                let again = try await place.run(["privacy", "anonymize"], ["--json"])
                #expect(again.output.contains(#""removed":"0""#) && !Self.removedSomething(again.output), "a second run changed rows")
                let isUnchanged = try Left(place) == wanted
                #expect(isUnchanged, "point \(number)")
                done += 1
            }
            test.finish(done: done, failed: 0)
        }

        private static func removedSomething(_ json: String) -> Bool {
            json.split(separator: #""removed":""#).dropFirst().contains { !$0.hasPrefix("0") }
        }
    }

    /// What the anonymizer works on, without row numbers that depend on how often it began.
    private struct Left: Equatable {
        let interactions: Set<String>
        let logs: Set<String>
        let contents: Set<String>
        let aliases: Set<String>
        /// Scores to six digits: sums of the same numbers in another order differ behind them.
        let preferences: Set<String>
        let posts: Set<String>

        init(_ place: Place) throws { try self.init(StoredRows(leftAt: place)) }

        init(_ rows: StoredRows) throws {
            interactions = Set(try rows.texts("SELECT alias_key || ' ' || post_key || ' ' || kind || ' ' || occurred_at FROM user_interactions"))
            logs = Set(try rows.texts("SELECT log_key || ' ' || recommended_at FROM recommendation_logs"))
            contents = Set(try rows.texts("SELECT post_id FROM post_metadata WHERE content IS NOT NULL"))
            aliases = Set(try rows.texts("SELECT alias_id || ' ' || privacy_level FROM user_aliases"))
            preferences = Set(try rows.texts("""
                SELECT alias_key || ' ' || author_key || ' ' || interaction_count || ' ' || carried_count || ' ' || last_interaction_at || ' '
                    || printf('%.6f %.6f', preference_score, carried_weight) FROM author_preferences
                """))
            posts = Set(try rows.texts("SELECT post_id || ' ' || eligible FROM post_metadata"))
        }
    }

    /// A database in which a year has left its traces, half of them overdue.
    private struct Past {
        let place: Place
        /// Half a day from every boundary, so that nothing becomes due while the test runs.
        let noon = now().floored(to: .days(1)) + .hours(12)

        init(_ place: Place) { self.place = place }

        func fill() async throws {
            let pseudonymizer = try place.pseudonymizer()
            let storage = try await Storage.open(.sqlite(path: place.database), role: .command, candidateLimit: 10_000, now: noon)
            let tenant = try await storage.tenant(domain: place.domain, at: noon)
            try await storage.registerKey(id: pseudonymizer.keyID, in: tenant, at: noon)
            let statuses = (0..<600).map { status($0) }
            for part in stride(from: 0, to: statuses.count, by: 100) {
                _ = try await storage.statuses.keep(Array(statuses[part..<(part + 100)]), cursor: nil, in: tenant, at: noon - .days(59))
            }
            for number in 0..<16 {
                let alias = try pseudonymizer.alias(domain: place.domain, accountID: "\(number)")
                let born = noon - .days(number < 4 ? 400 : 130)
                let viewer = try await storage.people.setLevel(number.isMultiple(of: 2) ? .full : .limited, of: alias, in: tenant, at: born).viewer
                // The first four were never seen again.
                if number >= 4 { try await live(viewer, number, statuses, storage) }
            }
            await storage.shutdown()
        }

        private func status(_ number: Int) -> KeptStatus {
            KeptStatus(
                postID: Pseudonymizer.postID(host: "past.example", uri: "\(number)"),
                authorID: Pseudonymizer.postID(host: "authors.example", uri: "\(number % 40)"), localID: "\(number)",
                content: "Rain again, and a dog in it (\(number)).", createdAt: noon - .days(Int64(number / 10)) - .hours(1), tags: ["rain"])
        }

        private func live(_ viewer: Viewer, _ number: Int, _ statuses: [KeptStatus], _ storage: Storage) async throws {
            let policy = PrivacyPolicy()
            if let visit = policy.permit(visit: noon - .days(1), for: viewer) { try await storage.people.seen(visit) }
            // At once, so that many share a commit.
            try await withThrowingTaskGroup(of: Void.self) { group in
                for act in 0..<240 {
                    let status = statuses[(act * 7 + number * 13) % statuses.count]
                    let at = noon - .days(Int64(act / 2))
                    group.addTask {
                        let interaction = Interaction(
                            post: PostReference(postID: status.postID, authorID: status.authorID),
                            kind: act.isMultiple(of: 3) ? .reblog : .favourite, at: at)
                        if let permitted = policy.permit(interaction, visibility: .public, for: viewer) {
                            _ = try await storage.interactions.record(permitted)
                        }
                    }
                }
                try await group.waitForAll()
            }
            for day in 0..<60 {
                let shown = (1...5).compactMap { place in
                    policy.permit(
                        Recommendation(
                            post: PostKey(Int64((day * 5 + place) % 600 + 1)), at: noon - .days(Int64(day)), reason: "popular", modelVersion: "blend-v1",
                            shownAs: "\(day)-\(place)", above: "1", below: "2", position: place), for: viewer)
                }
                _ = try await storage.recommendationLog.record(shown, while: { true })
            }
        }
    }
}
