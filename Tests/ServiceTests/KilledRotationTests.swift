import Database
import Fediverse
import Glibc
import Privacy
import Store
import TestSupport
import Testing

extension ServiceTests {
    /// `sheltie key rotate`, and the moving of people afterwards, killed anywhere: the old key or the new one, never a mixture.
    struct KilledRotationTests {
        /// People known by the first key.
        private static let people = 120

        @Test func `an emergency rotation that is killed anywhere is finished by the next call`() async throws {
            let test = LargeTest("kill-rotation", seed: 41)
            let place = try Place()
            try await Self.fill(place)
            let (data, key) = (bytes(of: place.database), bytes(of: place.key))
            let first = try KeyRing.load(path: place.key).active.keyID

            let watch = try WriteWatch(place.log)
            let started = ContinuousClock.now
            try await place.run(["key", "rotate"], ["--emergency"])
            let whole = ContinuousClock.now - started
            let writes = watch.count
            watch.end()
            // Writes in quick succession are told as one.
            #expect(writes > 1)
            try Self.expectEnded(first, at: place)

            var random = SeededGenerator(seed: test.seed)
            var (done, cutShort) = (0, 0)
            for number in 0..<test.planned {
                for file in [place.log, place.database + "-shm", place.key + ".new"] { removeTree(file) }
                try write(data, to: place.database)
                removeTree(place.key)
                try write(key, to: place.key)
                chmod(place.key, 0o600)
                let watch = try WriteWatch(place.log)
                let program = try place.start(["key", "rotate"], ["--emergency"])
                if number.isMultiple(of: 2) {
                    try await kill(program, after: whole * Double.random(in: 0..<1, using: &random))
                } else {
                    watch.kill(program, at: Int.random(in: 1...writes, using: &random))
                    _ = try await program.ended()
                }
                watch.end()
                let rows = try StoredRows(leftAt: place)
                #expect(try rows.damage() == [])
                // A person is there with everything or not at all.
                #expect(try rows.count("SELECT count(*) FROM user_aliases") == rows.count("SELECT count(*) FROM user_interactions"))
                #expect(try rows.count("SELECT count(*) FROM key_ids WHERE state = 'active'") == 1)
                let active = try rows.texts("SELECT key_id FROM key_ids WHERE state = 'active'")[0]
                let file = try KeyRing.load(path: place.key).active.keyID
                let waiting = try KeyRing.unfinishedRotation(at: place.key)?.after.active.keyID
                #expect(active == file || active == waiting, "the database's key is in no file")
                if try rows.count("SELECT count(*) FROM user_aliases") > 0 { cutShort += 1 }

                try await place.run(["key", "rotate"], ["--emergency"])
                try Self.expectEnded(first, at: place)
                done += 1
            }
            #expect(cutShort > 0)
            test.finish(done: done, failed: 0)
        }

        @Test func `a service that is killed while it moves people leaves each with one alias and all that is theirs`() async throws {
            let test = LargeTest("kill-moving", seed: 42)
            try await Upstream.serving { upstream in
                let place = try Place(upstream: upstream.address)
                let visitors = try (0..<24).map { try Visitor("mover_quast_\($0)", named: "Mover \($0)", at: upstream) }
                let statuses = try await visitors[0].publicStatuses(pages: 1)
                let settings = Place.quiet + ["--default-level", "FULL"]
                try await place.serving(settings) { _, port in
                    for visitor in visitors { try await visitor.at(port).accepted("POST", "/api/v1/statuses/\(statuses[0].id)/favourite") }
                }
                let old = try visitors.map { try $0.alias(at: place) }
                try await place.run(["key", "rotate"])
                let new = try visitors.map { try $0.alias(at: place) }
                #expect(Set(old).isDisjoint(with: new))
                let data = bytes(of: place.database)

                var random = SeededGenerator(seed: test.seed)
                var (done, partly) = (0, 0)
                for number in 0..<test.planned {
                    for file in [place.log, place.database + "-shm"] { removeTree(file) }
                    try write(data, to: place.database)
                    let program = try place.start(["serve"], settings)
                    let watch = try WriteWatch(place.log)
                    let deadly = Int.random(in: 1...60, using: &random)
                    let delay = Duration.microseconds(Int.random(in: 1_000...250_000, using: &random))
                    try await program.lending { program in
                        let port = try await program.port()
                        if number.isMultiple(of: 2) { watch.kill(program, at: watch.count + deadly) }
                        try await withThrowingTaskGroup(of: Void.self) { group in
                            for visitor in visitors {
                                // Each comes several times at once, as clients do.
                                for _ in 0..<3 { group.addTask { _ = try? await visitor.at(port).send("GET", "/api/v1/timelines/home?limit=20") } }
                            }
                            if !number.isMultiple(of: 2) { try await kill(program, after: delay) }
                            try await group.waitForAll()
                        }
                        program.send(SIGKILL)
                        _ = try await program.ended()
                    }
                    watch.end()
                    let rows = try StoredRows(leftAt: place)
                    #expect(try rows.damage() == [])
                    let moved = try Self.expectOneAlias(old, new, rows)
                    if moved > 0, moved < visitors.count { partly += 1 }

                    try await place.serving(settings) { _, port in
                        for visitor in visitors { try await visitor.at(port).accepted("GET", "/api/v1/timelines/home?limit=20") }
                    }
                    #expect(try Self.expectOneAlias(old, new, StoredRows(leftAt: place)) == visitors.count)
                    done += 1
                }
                #expect(partly > 0, "no kill came while people were moved")
                test.finish(done: done, failed: 0)
            }
        }

        /// - Returns: how many have their new alias.
        private static func expectOneAlias(_ old: [String], _ new: [String], _ rows: StoredRows) throws -> Int {
            let known = try rows.texts("SELECT alias_id || ' ' || key_id FROM user_aliases").map { $0.split(separator: " ").map(String.init) }
            let keys = Dictionary(uniqueKeysWithValues: known.map { ($0[0], $0[1]) })
            #expect(keys.count == old.count)
            for (before, after) in zip(old, new) { #expect((keys[before] == nil) != (keys[after] == nil), "somebody has two aliases or none") }
            #expect(Set(old.compactMap { keys[$0] }).isDisjoint(with: new.compactMap { keys[$0] }), "an alias stands under the other's key")
            #expect(try rows.count("SELECT count(DISTINCT alias_key) FROM user_interactions") == old.count)
            return new.count { keys[$0] != nil }
        }

        private static func expectEnded(_ first: String, at place: Place) throws {
            let rows = try StoredRows(leftAt: place)
            #expect(try rows.damage() == [])
            for table in ["user_aliases", "user_interactions", "author_preferences"] {
                #expect(try rows.count("SELECT count(*) FROM \(raw: table)") == 0)
            }
            let ring = try KeyRing.load(path: place.key)
            #expect(ring.accepting.isEmpty && ring.active.keyID != first)
            #expect(try rows.texts("SELECT key_id FROM key_ids WHERE state = 'active'") == [ring.active.keyID])
            #expect(try rows.texts("SELECT state FROM key_ids WHERE key_id = \(first)") == ["destroyed"])
            #expect(access(place.key + ".new", F_OK) != 0)
        }

        private static func fill(_ place: Place) async throws {
            let pseudonymizer = try place.pseudonymizer()
            let storage = try await Storage.open(.sqlite(path: place.database), role: .command, now: now())
            let tenant = try await storage.tenant(domain: place.domain, at: now())
            try await storage.registerKey(id: pseudonymizer.keyID, in: tenant, at: now())
            let policy = PrivacyPolicy()
            for number in 0..<people {
                let alias = try pseudonymizer.alias(domain: place.domain, accountID: "\(number)")
                let viewer = try await storage.people.setLevel(.full, of: alias, in: tenant, at: now()).viewer
                let post = PostReference(
                    postID: Pseudonymizer.postID(host: "past.example", uri: "\(number)"), authorID: pseudonymizer.authorID(uri: "\(number % 9)"))
                let act = try #require(policy.permit(Interaction(post: post, kind: .favourite, at: now()), visibility: .public, for: viewer))
                _ = try await storage.interactions.record(act)
            }
            await storage.shutdown()
        }
    }
}
