import Curl
import Fediverse
import Glibc
import LoopbackClient
import Privacy
import Recommender
import Store
import Synchronization
import Upstream

@testable import Jobs

/// A real database and a scripted instance, for the jobs to stand between.
struct JobWorld: Sendable {
    /// Sun, 01 Mar 2026 12:00:00 GMT
    static let noon = Instant(seconds: 1_772_366_400)

    let storage: Storage
    let tenant: TenantKey
    let instance: ScriptedTimeline
    let mastodon: Mastodon
    let pseudonymizer: Pseudonymizer
    let clock: TestClock

    static func with(_ instance: ScriptedTimeline = ScriptedTimeline(), _ body: (JobWorld) async throws -> Void) async throws {
        var template = Array("/tmp/sheltie-jobs-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw LoopbackError.failed(call: "mkdtemp", code: errno) }
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer {
            for name in ["sheltie.db", "sheltie.db-wal", "sheltie.db-shm", "sheltie.db.lock"] { unlink(folder + "/" + name) }
            rmdir(folder)
        }
        let clock = TestClock()
        let storage = try await Storage.open(.sqlite(path: folder + "/sheltie.db"), role: .serve, now: noon)
        let client = CurlClient(CurlSettings(allowedLoopback: true))
        do {
            let pseudonymizer = Pseudonymizer(try MasterKey(bytes: Array(0..<32)))
            let upstream = Instance(domain: instance.server.authority, base: "http://" + instance.server.authority)
            let tenant = try await storage.tenant(domain: upstream.domain, at: noon)
            try await storage.registerKey(id: pseudonymizer.keyID, in: tenant, at: noon)
            let mastodon = Mastodon(instance: upstream, client: client, userAgent: "Sheltie/test (+mailto:x@y.example)", clock: { clock.now })
            try await body(
                JobWorld(
                    storage: storage, tenant: tenant, instance: instance, mastodon: mastodon, pseudonymizer: pseudonymizer, clock: clock))
        } catch {
            client.shutdown()
            await storage.shutdown()
            throw error
        }
        client.shutdown()
        await storage.shutdown()
    }

    func ingestJob(
        statuses: (any StatusRepository)? = nil, pages: Int = 10, batch: Int = 200, consent: ConsentPolicy = ConsentPolicy()
    ) -> IngestJob {
        var settings = IngestJob.Settings(sources: [.public], consent: consent)
        settings.pages = pages
        settings.batch = batch
        return IngestJob(
            mastodon: mastodon, statuses: statuses ?? storage.statuses, pseudonymizer: pseudonymizer, tenant: tenant, agent: "Sheltie",
            settings: settings)
    }

    func ingest(pages: Int = 10, batch: Int = 200, consent: ConsentPolicy = ConsentPolicy()) async throws -> [String: Int] {
        try await ingestJob(pages: pages, batch: batch, consent: consent).run(at: clock.now)
    }

    func recheck(_ consent: ConsentPolicy = ConsentPolicy()) async throws -> [String: Int] {
        let intake = StatusIntake(
            instance: mastodon.instance, pseudonymizer: pseudonymizer, consent: consent, keepsContent: true, blocksOf: mastodon)
        return try await RecheckJob(mastodon: mastodon, statuses: storage.statuses, intake: intake, tenant: tenant).run(at: clock.now)
    }

    /// Every candidate, by its id at the instance.
    func candidates() async throws -> [String: StoredPost] {
        let changes = try await storage.recommender.changes(in: tenant, since: nil, at: clock.now)
        return Dictionary(changes.changed.map { ($0.localID, $0) }) { first, _ in first }
    }

    func cursor() async throws -> IngestCursor? { try await storage.statuses.cursor(of: "public", in: tenant) }
}

/// A clock that a test moves.
final class TestClock: Sendable {
    private let moment = Mutex(JobWorld.noon)
    var now: Instant { moment.withLock { $0 } }
    func pass(_ span: Instant.Span) { moment.withLock { $0 = $0 + span } }
}

/// A status of the scripted instance, an hour old, whose author allows everything unless a test says otherwise.
struct ScriptedStatus: Sendable {
    var id: Int
    var content = "<p>Hello</p>"
    var tags: [String] = ["dogs"]
    var editedAt: String?
    var language = "en"
    var favourites = 0
    var visibility = "public"
    var sensitive = false
    var author = "a"
    var account: [String: String] = ["discoverable": "true", "indexable": "true"]

    var json: String {
        let usual = ["bot", "locked", "group", "noindex", "limited", "suspended"].map { ($0, "false") } + [("note", "\"\"")]
        let flags = account.merging(usual) { said, _ in said }.map { #","\#($0)":\#($1)"# }.sorted().joined()
        let tags = tags.map { #"{"name":"\#($0)"}"# }.joined(separator: ",")
        return """
            {"id":"\(id)","uri":"https://s.example/\(id)","created_at":"2026-03-01T11:00:00.000Z","content":"\(content)","visibility":"\(visibility)",\
            "sensitive":\(sensitive),"spoiler_text":"","language":"\(language)","favourites_count":\(favourites),"reblogs_count":0,"replies_count":0,\
            "edited_at":\(editedAt.map { "\"\($0)\"" } ?? "null"),"in_reply_to_id":null,"mentions":[],"tags":[\(tags)],"reblog":null,\
            "account":{"id":"9","username":"\(author)","acct":"\(author)","uri":"https://s.example/users/\(author)"\(flags)}}
            """
    }
}

/// An instance with a public timeline in pages of three, and whatever a test wants instead.
final class ScriptedTimeline: Sendable {
    struct Answer: Sendable {
        var status = 200
        var headers: [(String, String)] = []
        var body = ""
    }

    /// Newest first.
    let statuses = Mutex<[ScriptedStatus]>([])
    /// An answer in place of the page, told by its number in the run (0 the newest).
    let instead = Mutex<@Sendable (_ target: String) -> Answer?>({ _ in nil })
    let robots = Mutex(Answer(status: 404))
    let blocks = Mutex(Answer(status: 404))
    private let running = Mutex<ScriptedServer?>(nil)

    init(_ ids: some Sequence<Int> = []) {
        statuses.withLock { $0 = ids.map { ScriptedStatus(id: $0) } }
        running.withLock {
            $0 = ScriptedServer { [unowned self] request, connection in
                let answer = answer(request)
                connection.answer(answer.status, [("Content-Type", "application/json")] + answer.headers, answer.body)
            }
        }
    }

    var server: ScriptedServer {
        guard let server = running.withLock({ $0 }) else { preconditionFailure("it runs as long as it is there") }
        return server
    }

    /// The targets that were asked for, but for what is asked once a day.
    var asked: [String] { server.requests.map(\.target).filter { $0 != "/robots.txt" && $0 != "/api/v1/instance/domain_blocks" } }

    private func answer(_ request: ScriptedRequest) -> Answer {
        if request.path == "/robots.txt" { return robots.withLock { $0 } }
        if request.path == "/api/v1/instance/domain_blocks" { return blocks.withLock { $0 } }
        if let other = instead.withLock({ $0 })(request.target) { return other }
        let all = statuses.withLock { $0 }
        let query = QueryString(String(request.target.drop { $0 != "?" }.dropFirst()))
        if request.path == "/api/v1/statuses" {
            let ids = query.list(of: "id")
            return Answer(body: "[" + all.filter { ids.contains(String($0.id)) }.map(\.json).joined(separator: ",") + "]")
        }
        let below = query.value(of: "max_id").flatMap { Int($0) } ?? .max
        let page = all.filter { $0.id < below }.prefix(3)
        var answer = Answer(body: "[" + page.map(\.json).joined(separator: ",") + "]")
        if page.count == 3, let last = page.last {
            let next = "http://\(request["Host"] ?? "")/api/v1/timelines/public?limit=40&max_id=\(last.id)"
            answer.headers = [("Link", #"<\#(next)>; rel="next""#)]
        }
        return answer
    }
}
