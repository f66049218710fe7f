import Database
import DemoInstance
import Fediverse
import Glibc
import LoopbackClient
import Migrations
import Postgres
import Privacy
import Recommender
import Store
import Synchronization
import TestSupport
import Testing

extension ServiceTests {
    /// Several `sheltie serve` on one database: for a person they are one.
    @Suite(.enabled(if: PostgresServer.address != nil, .init(rawValue: PostgresServer.isMissing)))
    struct InstancesTests {
        private static let patient = Place.quiet + ["--decision-milliseconds", "10000"]

        @Test func `what one process shows another answers, and a level, an opt-out and an erasure hold for all at once`() async throws {
            try await Upstream.serving(people: 80, posts: 1_200) { upstream in
                let shared = try SharedPlace(upstream: upstream.address)
                let visitor = try Visitor("wanderer_quastenfarn", named: "Wanderer", at: upstream)
                try await visitor.settle(following: 8)
                try await shared.serving(3, Self.patient) { peers in
                    try await shared.jobsRested()
                    let visitors = peers.map { visitor.at($0.port) }
                    func level(_ level: String) async throws {
                        try await shared.run(["privacy", "set"], ["--level", level, "--token-stdin"], input: visitor.token)
                    }
                    func page(_ at: Visitor) async throws -> [Status] { try await at.statuses("/api/v1/timelines/home?limit=20") }
                    for visitor in visitors { #expect(try await page(visitor).filter(\.isRecommendation).isEmpty) }

                    try await level("FULL")
                    var shown: [Status] = []
                    for visitor in visitors { shown += try await page(visitor).filter(\.isRecommendation) }
                    #expect(shown.count >= 3, "each process recommends")
                    for (number, wrapper) in shown.enumerated() {
                        for visitor in visitors {
                            let answer = try await visitor.accepted("GET", "/api/v1/statuses/\(wrapper.id)")
                            #expect(try StatusReader.status(in: answer.body).id == wrapper.id)
                        }
                        try await visitors[(number + 1) % 3].accepted("POST", "/api/v1/statuses/\(wrapper.id)/favourite")
                    }
                    let favourites = Set(try shared.texts("SELECT post_id FROM UserInteraction WHERE interaction_type = 'FAVORITE'"))
                    #expect(favourites == Set(shown.compactMap(\.reblog?.status).map { Pseudonymizer.postID(host: shared.place.domain, uri: $0.uri) }))

                    let author = try #require(shown.first?.reblog?.status.account)
                    let storage = try await shared.storage()
                    let tenant = try #require(try await storage.tenant(domain: shared.place.domain))
                    _ = try await storage.statuses.optOut(
                        authorID: shared.place.pseudonymizer().authorID(uri: author.uri), source: .request, in: tenant, at: now())
                    await storage.shutdown()
                    for _ in 0..<5 {
                        for visitor in visitors {
                            let theirs = try await page(visitor).filter { $0.isRecommendation && $0.reblog?.status.account.id == author.id }
                            #expect(theirs.isEmpty, "the author wants to be left alone")
                        }
                    }

                    try await level("NONE")
                    let left = try PersonalRows(shared)
                    #expect(left.isEmpty)
                    for visitor in visitors {
                        let target = "/api/v1/timelines/home?limit=20"
                        #expect(try await visitor.accepted("GET", target).body == visitor.at(upstream.port).accepted("GET", target).body)
                        // A wrapper's id means nothing any more.
                        #expect(try await visitor.send("GET", "/api/v1/statuses/\(shown[0].id)").status == 404)
                    }
                    #expect(try PersonalRows(shared).isEmpty)

                    try await level("LIMITED")
                    for visitor in visitors { _ = try await page(visitor) }
                    #expect(try !PersonalRows(shared).isEmpty)
                    try await shared.run(["privacy", "erase"], ["--confirm", "--token-stdin"], input: visitor.token)
                    for visitor in visitors { #expect(try await page(visitor).filter(\.isRecommendation).isEmpty) }
                    #expect(try PersonalRows(shared).isEmpty)
                }
            }
        }

        @Test func `NONE stays NONE whichever process a person's requests reach`() async throws {
            try await Upstream.serving(people: 60, posts: 600) { upstream in
                let shared = try SharedPlace(upstream: upstream.address)
                let visitor = try Visitor("nobody_quastenbrett", named: "Nobody", at: upstream)
                try await visitor.settle(following: 10)
                let statuses = try await visitor.publicStatuses(pages: 1)
                try await shared.serving(3, Self.patient) { peers in
                    try await shared.jobsRested()
                    func ask(_ rounds: Int) async throws {
                        for number in 0..<rounds {
                            let (visitor, status) = (visitor.at(peers[number % 3].port), statuses[number % statuses.count])
                            try await visitor.accepted("GET", "/api/v1/timelines/home?limit=20")
                            for act in ["favourite", "unfavourite", "bookmark", "unbookmark"] {
                                try await visitor.accepted("POST", "/api/v1/statuses/\(status.id)/\(act)")
                            }
                            try await visitor.accepted("GET", "/api/v1/statuses/\(status.id)")
                        }
                    }
                    try await ask(3)
                    let before = try shared.dump()
                    #expect(before["user_aliases"] == [] && before["post_metadata"]?.isEmpty == false)
                    try await ask(30)
                    #expect(try shared.dump() == before)
                }
            }
        }

        @Test func `of three processes one does each job at a time, and as often as one alone would`() async throws {
            try await Upstream.serving(people: 60, posts: 600) { upstream in
                let shared = try SharedPlace(upstream: upstream.address)
                upstream.server.faults.set("*") { $0.latency = .milliseconds(100) }
                try await shared.serving(3, ["--listen", "127.0.0.1:0", "--ingest-interval", "1"]) { _ in
                    try await eventually("twelve readings") { try shared.count("SELECT count(*) FROM job_runs WHERE job = 'ingest' AND outcome = 'done'") >= 12 }
                }
                #expect(try shared.texts("SELECT DISTINCT coalesce(outcome, 'none') FROM job_runs") == ["done"])
                #expect(try shared.count("""
                    SELECT count(*) FROM job_runs a JOIN job_runs b ON a.job = b.job AND a.run_key < b.run_key
                    AND a.started_at < b.finished_at AND b.started_at < a.finished_at
                    """) == 0, "two runs at the same time")
                // From the end of one to the start of the next.
                #expect(try shared.count("""
                    SELECT count(*) FROM (SELECT started_at - lag(finished_at) OVER (ORDER BY run_key) AS pause FROM job_runs WHERE job = 'ingest') r
                    WHERE pause < interval '1 second'
                    """) == 0, "too soon")
            }
        }

        @Test func `a process that is stopped in the middle of a job leaves it to the next at once`() async throws {
            try await Upstream.serving(people: 60, posts: 600) { upstream in
                let shared = try SharedPlace(upstream: upstream.address)
                upstream.server.faults.set("*") { $0.latency = .milliseconds(500) }
                let settings = ["--listen", "127.0.0.1:0", "--ingest-interval", "1"]
                let first = try shared.start(as: "first", settings)
                _ = try await first.port()
                try await eventually("a reading that is under way") {
                    try shared.count("SELECT count(*) FROM job_runs WHERE job = 'ingest' AND outcome IS NULL") == 1
                }
                let second = try shared.start(as: "second", settings)
                _ = try await second.port()
                first.send(SIGTERM)
                #expect(try await first.ended() == .init(code: 0))
                let stopped = ContinuousClock.now
                let runs = try shared.count("SELECT count(*) FROM job_runs WHERE job = 'ingest'")
                try await eventually("the next reading") { try shared.count("SELECT count(*) FROM job_runs WHERE job = 'ingest'") > runs }
                // The lease would have held for 45 seconds.
                #expect(ContinuousClock.now - stopped < .seconds(10))
                #expect(try shared.count("SELECT count(*) FROM job_runs WHERE job = 'ingest' AND outcome IS NULL") == 1, "the first has marked its end")
                second.send(SIGTERM)
                #expect(try await second.ended() == .init(code: 0))
            }
        }

        @Test func `a rolling restart across a migration fails no request and loses no act`() async throws {
            try await Upstream.serving(people: 60, posts: 600) { upstream in
                let shared = try SharedPlace(upstream: upstream.address)
                let people = try (0..<3).map { try Visitor("mover_quast_\($0)", named: "Mover \($0)", at: upstream) }
                for visitor in people { try await visitor.settle(following: 10) }
                let statuses = try await people[0].publicStatuses(pages: 2)
                let settings = Self.patient + ["--default-level", "FULL"]
                let old = try [1, 2].map { try shared.start(as: "old\($0)", settings) }
                var ports: [Int] = []
                defer { for program in old { program.send(SIGKILL) } }
                for program in old { ports.append(try await program.port()) }
                let crowd = Crowd(people: people, statuses: statuses, ports: ports)
                async let served = crowd.run()
                try await eventually("acts before") { crowd.done > 60 }

                // What a newer program does at its start: it only adds (docs/scaling.md, "Rolling restart").
                let newest = try #require(Migration.all.last).number + 1
                let steps = Migration.all.map { Migrator.Step(number: $0.number, name: $0.name, text: $0.postgres) } + [
                    Migrator.Step(number: newest, name: "later", text: """
                        ALTER TABLE user_interactions ADD COLUMN later bigint;
                        ALTER TABLE user_aliases ADD COLUMN later text DEFAULT 'x';
                        CREATE TABLE later (tenant_id bigint NOT NULL, CONSTRAINT later_pkey PRIMARY KEY (tenant_id));
                        """),
                ]
                #expect(try Migrator(steps).apply(on: shared.connection(), at: now().microseconds).map(\.number) == [newest])
                let migrated = crowd.done
                try await eventually("acts after") { crowd.done > migrated + 60 }

                // An older program that is running goes on; one that is started now would misread what it does not know.
                let late = try shared.start(as: "late", settings)
                #expect(try await late.ended() == .init(code: 65))
                #expect(late.errors.contains("schema version \(newest), this program knows \(newest - 1)"), "\(late.errors)")

                for (number, program) in old.enumerated() {
                    try await crowd.leave(ports[number], lasting: number == 1)
                    let stopped = ContinuousClock.now
                    program.send(SIGTERM)
                    #expect(try await program.ended() == .init(code: 0))
                    #expect(ContinuousClock.now - stopped < .seconds(10))
                    if number == 0 {
                        let before = crowd.done
                        try await eventually("acts at the other") { crowd.done > before + 60 }
                    }
                }
                let (acted, failures) = await served
                #expect(failures.isEmpty, "\(failures.prefix(3))")
                let stored = Set(try shared.texts("SELECT alias_id || ' ' || post_id FROM UserInteraction"))
                // Of an author who wants to be left alone nothing is kept, whoever acts.
                let leftAlone = Set(try shared.texts("SELECT author_id FROM author_opt_outs"))
                let pseudonymizer = try shared.place.pseudonymizer()
                let lost = try acted.filter { act in
                    let row = try "\(people[act.person].alias(at: shared.place)) \(Pseudonymizer.postID(host: shared.place.domain, uri: act.uri))"
                    return !stored.contains(row) && !leftAlone.contains(pseudonymizer.authorID(uri: act.author))
                }.count
                #expect(lost == 0, "acknowledged and not stored")
                #expect(acted.count > 150)
            }
        }
    }

    /// Personal rows of a shared place, by table; only those that there are.
    private struct PersonalRows {
        let tables: [String: Int]
        var isEmpty: Bool { tables.isEmpty }

        init(_ shared: SharedPlace) throws {
            var tables: [String: Int] = [:]
            for table in ["user_interactions", "author_preferences", "recommendation_logs", "preferences", "suppressions", "user_aliases", "alias_keys"] {
                let rows = try shared.count("SELECT count(*) FROM \(raw: table)")
                if rows > 0 { tables[table] = rows }
            }
            self.tables = tables
        }
    }

    /// People whose requests a front server spreads over those processes that it has not been told to leave.
    private final class Crowd: Sendable {
        struct Act: Hashable {
            let person: Int
            let uri: String
            let author: String
        }

        private struct State {
            var ports: [Int]
            var acted: Set<Act> = []
            var failures: [String] = []
            var done = 0
            /// Requests under way, by port.
            var asking: [Int: Int] = [:]
            var isOver = false
        }

        private let people: [Visitor]
        private let statuses: [Status]
        private let state: Mutex<State>

        init(people: [Visitor], statuses: [Status], ports: [Int]) {
            self.people = people
            self.statuses = statuses
            state = Mutex(State(ports: ports))
        }

        var done: Int { state.withLock(\.done) }

        /// No new requests go there, and those under way have ended; `lasting` ends the whole.
        func leave(_ port: Int, lasting: Bool) async throws {
            state.withLock { state in
                if lasting { state.isOver = true } else { state.ports.removeAll { $0 == port } }
            }
            try await eventually("the last requests") { state.withLock { $0.asking[port] ?? 0 } == 0 }
        }

        func run() async -> (acted: Set<Act>, failures: [String]) {
            await withTaskGroup(of: Void.self) { group in
                for (number, visitor) in people.enumerated() { group.addTask { await self.act(number, visitor) } }
            }
            return state.withLock { ($0.acted, $0.failures) }
        }

        private func choose(_ turn: Int) -> Int? {
            state.withLock { state in
                if state.isOver { return nil }
                let port = state.ports[turn % state.ports.count]
                state.asking[port, default: 0] += 1
                return port
            }
        }

        private func act(_ number: Int, _ visitor: Visitor) async {
            var turn = number
            while !Task.isCancelled, let port = choose(turn) {
                let status = statuses[turn % statuses.count]
                do {
                    let visitor = visitor.at(port)
                    try await visitor.accepted("POST", "/api/v1/statuses/\(status.id)/favourite")
                    if turn % 7 == 0 { try await visitor.accepted("GET", "/api/v1/timelines/home?limit=20") }
                    state.withLock { state in
                        state.acted.insert(Act(person: number, uri: status.uri, author: status.account.uri))
                        state.done += 1
                    }
                } catch {
                    state.withLock { $0.failures.append("\(error)") }
                }
                state.withLock { $0.asking[port, default: 0] -= 1 }
                turn += 1
            }
        }
    }
}
