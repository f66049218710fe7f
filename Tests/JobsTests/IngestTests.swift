import Fediverse
import LoopbackClient
import Privacy
import Recommender
import Store
import Synchronization
import Testing
import Upstream

@testable import Jobs

/// What is read of a public timeline, and what the instance's answers do to it.
struct IngestTests {
    @Test func `pages are read by their Link until the end, and next time only what is new`() async throws {
        try await JobWorld.with(ScriptedTimeline((1...8).reversed())) { jobs async throws in
            #expect(try await jobs.ingest()["kept"] == 8)
            #expect(jobs.instance.asked.map { QueryString(String($0.drop { $0 != "?" }.dropFirst())).value(of: "max_id") } == [nil, "6", "3"])
            #expect(try await jobs.cursor()?.newestID == "8")
            jobs.instance.statuses.withLock { $0.insert(ScriptedStatus(id: 10), at: 0) }
            let before = jobs.instance.asked.count
            #expect(try await jobs.ingest()["kept"] == 1)
            #expect(jobs.instance.asked.count == before + 1)
            #expect(try await jobs.cursor()?.newestID == "10")
            #expect(try await jobs.candidates().count == 9)
        }
    }

    @Test func `a gap that is wider than one run stays and is counted, and the newest is read first`() async throws {
        try await JobWorld.with(ScriptedTimeline((1...20).reversed())) { jobs async throws in
            let first = try await jobs.ingest(pages: 2)
            // What was there before the first run is not missed.
            #expect(first["kept"] == 6 && first["gaps"] == nil)
            #expect(try await jobs.cursor()?.newestID == "20")
            // What lies below is not gone after: the next run ends where this one began.
            jobs.instance.statuses.withLock { $0 = (1...22).reversed().map { ScriptedStatus(id: $0) } }
            let before = jobs.instance.asked.count
            let second = try await jobs.ingest(pages: 2)
            #expect(second["kept"] == 2 && second["gaps"] == nil)
            #expect(jobs.instance.asked.count == before + 1)
            #expect(try await jobs.cursor()?.newestID == "22")
            #expect(try await Set(jobs.candidates().keys) == Set((15...22).map(String.init)))
            // Ten are new, two pages of three are read: four lie between.
            jobs.instance.statuses.withLock { $0 = (1...32).reversed().map { ScriptedStatus(id: $0) } }
            let third = try await jobs.ingest(pages: 2)
            #expect(third["kept"] == 6 && third["gaps"] == 1)
            #expect(try await Set(jobs.candidates().keys) == Set(((15...22).map { $0 } + (27...32)).map(String.init)))
        }
    }

    @Test(arguments: [1, 4, 8, 9])
    func `however many are written together, all are kept and the cursor moves at the end`(batch: Int) async throws {
        try await JobWorld.with(ScriptedTimeline((1...8).reversed())) { jobs async throws in
            let versions = { try await jobs.storage.recommender.changes(in: jobs.tenant, since: nil, at: jobs.clock.now).version }
            let before = try await versions()
            #expect(try await jobs.ingest(batch: batch)["kept"] == 8)
            #expect(try await jobs.candidates().count == 8)
            #expect(try await jobs.cursor()?.newestID == "8")
            // Pages of three: a batch is full with the page that fills it.
            #expect(try await versions() - before == [1: 3, 4: 2, 8: 1, 9: 1][batch])
        }
    }

    @Test func `a second run over the same page changes nothing`() async throws {
        try await JobWorld.with(ScriptedTimeline((1...8).reversed())) { jobs async throws in
            _ = try await jobs.ingest()
            let before = try await jobs.storage.recommender.changes(in: jobs.tenant, since: nil, at: jobs.clock.now)
            let counts = try await jobs.ingest()
            let after = try await jobs.storage.recommender.changes(in: jobs.tenant, since: nil, at: jobs.clock.now)
            #expect(counts["kept"] == 0 && after.version == before.version && after.changed == before.changed)
        }
    }

    @Test(arguments: [1, 2])
    func `a page that fails keeps what was read, and the cursor where it was`(failing: Int) async throws {
        try await JobWorld.with(ScriptedTimeline((1...8).reversed())) { jobs async throws in
            let cursor = failing == 1 ? "max_id=6" : "max_id=3"
            jobs.instance.instead.withLock { $0 = { $0.contains(cursor) ? ScriptedTimeline.Answer(status: 500) : nil } }
            #expect(try await jobs.ingest()["unreachable"] == 1)
            #expect(try await jobs.candidates().count == 3 * failing)
            #expect(try await jobs.cursor()?.newestID == nil, "the cursor is ahead of its data")
            jobs.instance.instead.withLock { $0 = { _ in nil } }
            jobs.clock.pass(.minutes(5))
            _ = try await jobs.ingest()
            #expect(try await jobs.candidates().count == 8)
            #expect(try await jobs.cursor()?.newestID == "8")
        }
    }

    @Test func `a database that refuses leaves the cursor where it was`() async throws {
        try await JobWorld.with(ScriptedTimeline([1, 2].reversed())) { jobs async throws in
            let refusing = RefusingStatuses(real: jobs.storage.statuses)
            await #expect(throws: RefusingStatuses.Refusal.self) {
                try await jobs.ingestJob(statuses: refusing).run(at: jobs.clock.now)
            }
            #expect(try await jobs.cursor() == nil)
            #expect(try await jobs.ingest()["kept"] == 2)
        }
    }

    @Test(arguments: [
        (429, "7", 7), (429, "Sun, 01 Mar 2026 12:00:30 GMT", 30), (429, "Sun, 01 Mar 2026 11:00:00 GMT", 1), (429, "1000000000000", 3_600),
        (429, "-3", 300), (429, nil, 300), (503, "20", 20), (503, nil, 300), (401, nil, 86_400), (403, nil, 86_400), (404, nil, 86_400),
        (422, nil, 86_400), (500, nil, 300), (502, nil, 300), (520, nil, 300),
    ] as [(Int, String?, Int64)])
    func `a refusal is obeyed for as long as it says`(status: Int, retryAfter: String?, seconds: Int64) async throws {
        try await JobWorld.with(ScriptedTimeline([1])) { jobs async throws in
            jobs.instance.instead.withLock {
                $0 = { _ in ScriptedTimeline.Answer(status: status, headers: retryAfter.map { [("Retry-After", $0)] } ?? []) }
            }
            _ = try await jobs.ingest()
            #expect(jobs.instance.asked.count == 1)
            jobs.instance.instead.withLock { $0 = { _ in nil } }
            jobs.clock.pass(.milliseconds(seconds * 1_000 - 1))
            #expect(try await jobs.ingest() == ["waiting": 1])
            #expect(jobs.instance.asked.count == 1)
            jobs.clock.pass(.milliseconds(1))
            // A status of an hour is one of a day and an hour by then: its age may refuse it, but it is read.
            #expect(try await jobs.ingest()["read"] == 1)
        }
    }

    @Test func `reading stops while little of the instance's allowance is left`() async throws {
        try await JobWorld.with(ScriptedTimeline((1...8).reversed())) { jobs async throws in
            jobs.instance.instead.withLock {
                $0 = { _ in
                    ScriptedTimeline.Answer(headers: [("X-RateLimit-Remaining", "59")], body: "[\(ScriptedStatus(id: 8).json)]")
                }
            }
            #expect(try await jobs.ingest()["kept"] == 1)
            #expect(jobs.instance.asked.count == 1)
            #expect(try await jobs.ingest() == ["waiting": 1])
            #expect(try await jobs.cursor()?.notBefore == JobWorld.noon + .minutes(5))
        }
    }

    @Test func `nobody's token is used, and who reads says so`() async throws {
        try await JobWorld.with(ScriptedTimeline([1])) { jobs async throws in
            _ = try await jobs.ingest()
            #expect(jobs.instance.server.requests.map(\.target).first == "/robots.txt")
            for request in jobs.instance.server.requests {
                #expect(request["Authorization"] == nil)
                #expect(request["User-Agent"] == "Sheltie/test (+mailto:x@y.example)")
            }
        }
    }

    @Test(arguments: [
        (200, "User-agent: *\nDisallow: /api/", 86_400, "robots"), (500, "", 1_800, "unreachable"), (429, "", 1_800, "unreachable"),
    ] as [(Int, String, Int64, String)])
    func `robots that forbid or cannot be had keep us from the timeline`(status: Int, text: String, seconds: Int64, reason: String) async throws {
        try await JobWorld.with(ScriptedTimeline([1])) { jobs async throws in
            jobs.instance.robots.withLock { $0 = ScriptedTimeline.Answer(status: status, body: text) }
            _ = try await jobs.ingest()
            #expect(jobs.instance.asked.isEmpty)
            let cursor = try #require(try await jobs.cursor())
            #expect(cursor.notBefore == JobWorld.noon + .seconds(seconds) && cursor.refusal == reason)
        }
    }

    @Test(arguments: [(404, ""), (403, ""), (200, "User-agent: *\nDisallow: /media/")])
    func `robots that say nothing against it are asked once a day`(status: Int, text: String) async throws {
        try await JobWorld.with(ScriptedTimeline([1])) { jobs async throws in
            jobs.instance.robots.withLock { $0 = ScriptedTimeline.Answer(status: status, body: text) }
            let job = jobs.ingestJob()
            func questions() -> Int { jobs.instance.server.requests.count { $0.target == "/robots.txt" } }
            for _ in 0..<3 { _ = try await job.run(at: jobs.clock.now) }
            #expect(questions() == 1 && jobs.instance.asked.count == 3)
            jobs.clock.pass(.days(1))
            _ = try await job.run(at: jobs.clock.now)
            #expect(questions() == 2)
        }
    }

    @Test func `what authors refuse is counted by its reason and not kept`() async throws {
        let timeline = ScriptedTimeline()
        timeline.statuses.withLock {
            $0 = [
                ScriptedStatus(id: 9), ScriptedStatus(id: 8, author: "b", account: ["discoverable": "false", "indexable": "true"]),
                ScriptedStatus(id: 7, author: "c", account: ["discoverable": "true", "indexable": "false"]), ScriptedStatus(id: 6, visibility: "unlisted"),
                ScriptedStatus(id: 5, sensitive: true), ScriptedStatus(id: 4, author: "d", account: ["discoverable": "true", "indexable": "true", "bot": "true"]),
                ScriptedStatus(id: 3, author: "e", account: ["discoverable": "true"]),
            ]
        }
        try await JobWorld.with(timeline) { jobs async throws in
            let counts = try await jobs.ingest()
            #expect(counts["read"] == 7 && counts["kept"] == 1)
            #expect(counts["refused-discoverable"] == 1 && counts["refused-indexable"] == 2 && counts["refused-bot"] == 1)
            #expect(counts["refused-visibility"] == 1 && counts["refused-sensitive"] == 1)
            #expect(try await jobs.candidates().keys.sorted() == ["9"])
        }
    }

    @Test func `of a post whose author says no nothing stays, though somebody acted on it before its author was known`() async throws {
        try await JobWorld.with(ScriptedTimeline([2, 1])) { jobs async throws in
            let person = try #require(AliasID(hex: String(repeating: "c", count: 64)))
            let viewer = try await jobs.storage.people.setLevel(.full, of: person, in: jobs.tenant, at: jobs.clock.now).viewer
            let postID = Pseudonymizer.postID(host: jobs.instance.server.authority, uri: "https://s.example/2")
            let act = Interaction(
                post: PostReference(postID: postID, authorID: String(repeating: "d", count: 64)), kind: .favourite, at: jobs.clock.now)
            _ = try await jobs.storage.interactions.record(#require(PrivacyPolicy().permit(act, visibility: .public, for: viewer)))
            jobs.instance.statuses.withLock { $0[0].account["note"] = #""<p>#nobots</p>""# }
            _ = try await jobs.ingest()
            #expect(try await jobs.storage.posts(ids: [postID], in: jobs.tenant).isEmpty)
            #expect(try await jobs.storage.interactions(of: viewer, limit: 9).isEmpty)
        }
    }

    @Test func `a malformed entry is counted and the others are kept`() async throws {
        try await JobWorld.with(ScriptedTimeline([1])) { jobs async throws in
            let body = #"[{"id":7},\#(ScriptedStatus(id: 2).json),null,"x"]"#
            jobs.instance.instead.withLock { $0 = { _ in ScriptedTimeline.Answer(body: body) } }
            let counts = try await jobs.ingest()
            #expect(counts["kept"] == 1 && counts["malformed"] == 3)
        }
    }

    @Test func `a Link to another host is asked of the instance itself`() async throws {
        let elsewhere = ScriptedServer { $1.answer(200, [], "[]") }
        try await JobWorld.with(ScriptedTimeline((1...4).reversed())) { jobs async throws in
            let link = #"<http://\#(elsewhere.authority)/api/v1/timelines/public?max_id=2>; rel="next""#
            let body = "[\(ScriptedStatus(id: 4).json)]"
            jobs.instance.instead.withLock {
                $0 = { $0.contains("max_id") ? nil : ScriptedTimeline.Answer(headers: [("Link", link)], body: body) }
            }
            #expect(try await jobs.ingest()["kept"] == 2)
            #expect(elsewhere.requests.isEmpty)
        }
    }

    @Test func `a status that two pages show differently is kept only if neither refuses it`() throws {
        let now = Instant(seconds: 1_800_000_000)
        let intake = StatusIntake(
            instance: Instance(domain: "home.example", base: "https://home.example"),
            pseudonymizer: Pseudonymizer(try MasterKey(bytes: Array(1...32))), consent: ConsentPolicy(), keepsContent: true)
        let author = Account(id: "1", uri: "https://home.example/users/a", discoverable: true, indexable: true)
        let status = Status(id: "5", uri: "https://home.example/s/5", createdAt: now, account: author)
        var unlisted = status
        unlisted.visibility = .unlisted
        #expect(intake.judge([status, status], from: "public", at: now).kept.count == 2)
        for page in [[status, unlisted], [unlisted, status]] {
            let judgement = intake.judge(page, from: "public", at: now)
            #expect(judgement.kept.isEmpty && judgement.refused.count == 1)
        }
    }
}

/// A database whose disk is full.
private struct RefusingStatuses: StatusRepository {
    struct Refusal: Error {}

    let real: any StatusRepository

    func keep(_ statuses: [KeptStatus], cursor: IngestCursor?, in tenant: TenantKey, at now: Instant) async throws -> Int { throw Refusal() }
    func withdraw(_ postIDs: [String], in tenant: TenantKey, at now: Instant) async throws -> Int { try await real.withdraw(postIDs, in: tenant, at: now) }
    func withdraw(localIDs: [String], in tenant: TenantKey, at now: Instant) async throws -> Int {
        try await real.withdraw(localIDs: localIDs, in: tenant, at: now)
    }
    func withdraw(authors authorIDs: [String], in tenant: TenantKey, at now: Instant) async throws -> Int { throw Refusal() }
    func remove(authors authorIDs: [String], in tenant: TenantKey, at now: Instant) async throws -> Int { throw Refusal() }
    func confirm(_ postIDs: [String], in tenant: TenantKey, at now: Instant) async throws { throw Refusal() }
    func unconfirmed(since before: Instant, limit: Int, in tenant: TenantKey) async throws -> [String] { [] }
    func candidates(among localIDs: [String], in tenant: TenantKey) async throws -> Set<String> { [] }
    func cursor(of source: String, in tenant: TenantKey) async throws -> IngestCursor? { try await real.cursor(of: source, in: tenant) }
    func setCursor(_ cursor: IngestCursor, in tenant: TenantKey, at now: Instant) async throws {
        try await real.setCursor(cursor, in: tenant, at: now)
    }
    func optOut(authorID: String, source: OptOutSource, in tenant: TenantKey, at now: Instant) async throws -> Int { throw Refusal() }
    func optIn(authorID: String, source: OptOutSource, in tenant: TenantKey, at now: Instant) async throws -> Bool { throw Refusal() }
    func optOut(of authorID: String, in tenant: TenantKey) async throws -> AuthorOptOut? { nil }
    func optOutCounts(in tenant: TenantKey) async throws -> [OptOutSource: Int] { [:] }
    func forget(_ postIDs: [String], in tenant: TenantKey, at now: Instant) async throws -> Int { throw Refusal() }
    func optedOut(among authorIDs: [String], in tenant: TenantKey) async throws -> Set<String> { [] }
    func closeDay(_ day: Instant, sharing: SharingPolicy, in tenant: TenantKey, at now: Instant) async throws -> Int { throw Refusal() }
}
