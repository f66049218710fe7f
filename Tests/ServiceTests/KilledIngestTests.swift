import Database
import DemoInstance
import Fediverse
import Glibc
import LoopbackClient
import Synchronization
import TestSupport
import Testing

extension ServiceTests {
    /// `sheltie ingest --once`, killed anywhere: what is there is whole, the cursor is never ahead of it, and the next run ends
    /// where an undisturbed one does.
    struct KilledIngestTests {
        @Test func `an ingest that is killed anywhere is finished by the next one as if nothing had been`() async throws {
            let test = LargeTest("kill-ingest", seed: 21)
            try await Upstream.serving(people: 80, posts: 500) { upstream in
                let undisturbed = try Place(upstream: upstream.address)
                let watch = try WriteWatch(undisturbed.log)
                let started = ContinuousClock.now
                try await undisturbed.run(["ingest", "--once"])
                let whole = ContinuousClock.now - started
                let writes = watch.count
                watch.end()
                let wanted = try Kept(undisturbed)
                #expect(wanted.posts.count > 100 && wanted.cursors.count == 3 && writes > 10)

                var random = SeededGenerator(seed: test.seed)
                var done = 0
                for number in 0..<test.planned {
                    let place = try Place(upstream: upstream.address)
                    let program: Program
                    if number.isMultiple(of: 2) {
                        program = try place.start(["ingest", "--once"])
                        try await kill(program, after: whole * Double.random(in: 0..<1, using: &random))
                    } else {
                        let watch = try WriteWatch(place.log)
                        program = try place.start(["ingest", "--once"])
                        watch.kill(program, at: Int.random(in: 1...writes, using: &random))
                        _ = try await program.ended()
                        watch.end()
                    }
                    try expectWhole(place, wanted)
                    try place.outwaitLeases()
                    try await place.run(["ingest", "--once"])
                    let isWhole = try Kept(place) == wanted
                    #expect(isWhole, "point \(number)")
                    #expect(try StoredRows(leftAt: place).count("SELECT count(*) FROM job_runs WHERE outcome IS NULL") == 0)
                    done += 1
                }
                test.finish(done: done, failed: 0)
            }
        }

        @Test func `what a killed process was doing goes on within a minute`() async throws {
            let isDead = Mutex(false)
            // It says nothing while the first process lives, which is killed in the middle of waiting.
            let upstream = ScriptedServer { request, connection in
                if request.path == "/robots.txt" { return connection.answer(404, [], "") }
                if isDead.withLock({ $0 }) { connection.answer(200, [("Content-Type", "application/json")], "[]") } else { connection.waitUntilClosed() }
            }
            let place = try Place(upstream: "http://" + upstream.authority)
            let killed = try place.start(["ingest", "--once"])
            while !upstream.requests.contains(where: { $0.path != "/robots.txt" }) { try await Task.sleep(for: .milliseconds(20)) }
            killed.send(SIGKILL)
            _ = try await killed.ended()
            let death = ContinuousClock.now
            isDead.withLock { $0 = true }
            var refusals = 0
            while true {
                let next = try place.start(["ingest", "--once"])
                let ending = try await next.ended()
                if ending == .init(code: 0) { break }
                #expect(ending == .init(code: 75) && next.errors.contains("try again in a minute"), "\(next.errors)")
                refusals += 1
                try #require(ContinuousClock.now - death < .seconds(60))
                try await Task.sleep(for: .seconds(2))
            }
            #expect(refusals > 0, "the lease was not held")
            let outcomes = try StoredRows(leftAt: place).texts("SELECT outcome FROM job_runs ORDER BY run_key")
            #expect(outcomes == ["interrupted", "done"])
        }

        private func expectWhole(_ place: Place, _ wanted: Kept) throws {
            // Killed before there was a schema: then there is nothing that could be wrong.
            let rows = try StoredRows(leftAt: place)
            #expect(try rows.damage() == [])
            guard try rows.count("SELECT count(*) FROM sqlite_schema WHERE name = 'ingest_cursors'") == 1 else { return }
            let left = try Kept(rows)
            let isKnown = left.posts.isSubset(of: wanted.posts)
            #expect(isKnown)
            for (source, newest) in left.cursors where newest != nil {
                #expect(newest == wanted.cursors[source])
                let owed = wanted.posts.filter { $0.source == source }
                let missing = owed.subtracting(left.posts).count
                #expect(missing == 0, "the cursor of \(source) is ahead of its statuses")
            }
        }
    }

    /// What an ingest leaves, without the times of its run and the numbers of its rows.
    private struct Kept: Equatable {
        struct Post: Hashable {
            let id: String
            let source: String
            let rest: String
        }

        let posts: Set<Post>
        let cursors: [String: String?]

        init(_ place: Place) throws { try self.init(StoredRows(leftAt: place)) }

        init(_ rows: StoredRows) throws {
            let found = try rows.ask("""
                SELECT p.post_id, coalesce(p.source, ''), p.eligible, p.local_id, p.content, p.language, p.created_at, p.edited_at,
                    p.sensitive, p.tags
                FROM post_metadata p
                """)
            let read = found.compactMap { row -> Post? in
                guard case .text(let id) = row[0], case .text(let source) = row[1] else { return nil }
                return Post(id: id, source: source, rest: "\(row[2...])")
            }
            posts = Set(read)
            #expect(read.count == found.count && posts.count == read.count, "a status twice")
            var cursors: [String: String?] = [:]
            for row in try rows.ask("SELECT source, newest_id FROM ingest_cursors") {
                guard case .text(let source) = row[0] else { continue }
                if case .text(let newest) = row[1] { cursors[source] = newest } else { cursors[source] = .some(nil) }
            }
            self.cursors = cursors
        }
    }
}
