import Curl
import Dispatch
import Fediverse
import HTTPService
import HTTPTypes
import Jobs
import LoopbackClient
import Privacy
import Proxy
import Recommender
import Store
import Synchronization
import TestSupport
import Testing
import Upstream
import Zlib

@testable import DemoInstance

/// What happens at the instance between reading a status in and showing it: it is never shown against anybody's will.
struct DisplayCheckTests {
    enum Event: String, Sendable, CaseIterable { case block, mute, follow, filter, blockedBy, delete, edit, domainBlock
        /// What an author changes of a status or of themselves.
        case visibility, lock, hide, tag, optOut
    }

    /// Statuses of people of this instance, whose tokens a test can have.
    private static func does(_ event: Event, to status: Status, by reader: LiveReader, _ demo: DemoServer, through isOurs: Bool) async throws {
        let form = [("Content-Type", "application/x-www-form-urlencoded")]
        func send(_ method: String, _ target: String, _ body: String, _ token: String? = nil) async throws {
            let sender = token.map { LiveReader(live: reader.live, token: $0, viewer: reader.viewer, accountID: "") } ?? reader
            let reply = isOurs && token == nil
                ? try await sender.send(method, target, headers: form, body: Array(body.utf8))
                : try await sender.direct(method, target, headers: form, body: Array(body.utf8))
            // What an earlier event has deleted cannot be edited, nor who has blocked the viewer be followed.
            let mayBeRefused = [.delete, .edit].contains(event) && reply.status == 404 || event == .follow && reply.status == 403
            try #require(reply.status == 200 || mayBeRefused, "\(event.rawValue) was answered \(reply.status): \(reply.text.prefix(200))")
        }
        let account = status.account.id
        switch event {
        case .block, .mute, .follow: try await send("POST", "/api/v1/accounts/\(account)/\(event.rawValue)", "")
        case .domainBlock:
            let domain = status.account.acct.contains("@") ? String(status.account.acct.drop { $0 != "@" }.dropFirst()) : "nobody.example"
            try await send("POST", "/api/v1/domain_blocks", "domain=\(domain)")
        case .filter:
            let word = HTMLText.plain(status.content).split { $0 == " " }.max { $0.count < $1.count }.map { String($0) } ?? "x"
            let body = "title=t&context[]=home&filter_action=hide&keywords_attributes[][keyword]=" + QueryString.encoded(word)
            try await send("POST", "/api/v2/filters", body)
        case .visibility:
            // As servers do whose people may change it; Mastodon's cannot.
            demo.state.withLock { state in
                guard let place = state.world.posts.firstIndex(where: { String($0.id) == status.id }) else { return }
                state.world.posts[place].visibility = .private
            }
        case .optOut:
            let (live, id) = (reader.live, reader.live.pseudonymizer.authorID(uri: status.account.uri))
            _ = try await live.storage.statuses.optOut(authorID: id, source: .request, in: live.tenant, at: live.clock.now)
        case .lock, .hide, .tag:
            guard !status.account.acct.contains("@"), let token = demo.issueToken(for: status.account.acct) else { return }
            let change = event == .lock ? "locked=true" : event == .hide ? "discoverable=false" : "note=%23nobot"
            try await send("PATCH", "/api/v1/accounts/update_credentials", change, token)
        case .blockedBy, .delete, .edit:
            guard !status.account.acct.contains("@"), let token = demo.issueToken(for: status.account.acct) else { return }
            switch event {
            case .blockedBy: try await send("POST", "/api/v1/accounts/\(reader.accountID)/block", "", token)
            case .delete: try await send("DELETE", "/api/v1/statuses/\(status.id)", "", token)
            default: try await send("PUT", "/api/v1/statuses/\(status.id)", "status=Changed&spoiler_text=Careful&sensitive=true", token)
            }
        }
    }

    /// Nobody whom the viewer blocked, muted, follows or who blocked them; nothing that is filtered, gone or now sensitive.
    private static func expectFit(_ page: LivePage, _ reader: LiveReader) async throws -> Int {
        var failed = 0
        for wrapper in page.wrappers {
            let inner = try #require(wrapper.status.reblog?.status)
            let read = try await reader.direct("GET", "/api/v1/statuses/\(inner.id)")
            let relations = try Relationship.list(in: try await reader.direct("GET", "/api/v1/accounts/relationships?id[]=\(inner.account.id)").body)
            let status = read.status == 200 ? try StatusReader.status(in: read.body) : nil
            let isFit = status.map { !$0.filtered && Self.isWilling($0) } ?? false
            let isOpen = relations.first.map { $0.isUnhindered } ?? false
            if !isFit || !isOpen { failed += 1 }
            #expect(isFit && isOpen, "shown: \(inner.id) read \(read.status)")
        }
        return failed
    }

    /// The rules that the events touch, said once more.
    private static func isWilling(_ status: Status) -> Bool {
        status.visibility == .public && !status.sensitive && !status.account.locked && status.account.discoverable == true
            && !status.account.note.contains("#nobot")
    }

    /// A day later nothing is stored any more of what was deleted or taken back, nor of those who want to be left alone.
    private static func expectForgotten(_ live: LiveWorld, _ leftAlone: Set<String>) async throws -> Int {
        func stored() async throws -> [StoredPost] {
            try await live.storage.recommender.changes(in: live.tenant, since: nil, at: live.clock.now).changed
        }
        live.clock.pass(.hours(24))
        let intake = StatusIntake(instance: live.instance, pseudonymizer: live.pseudonymizer, consent: ConsentPolicy(), keepsContent: true)
        let job = RecheckJob(mastodon: live.mastodon, statuses: live.storage.statuses, intake: intake, tenant: live.tenant)
        while try await !live.storage.statuses.unconfirmed(since: live.clock.now - .hours(22), limit: 1, in: live.tenant).isEmpty {
            _ = try await job.run(at: live.clock.now)
        }
        let left = try await stored()
        let shown = try await live.mastodon.statuses(left.map(\.localID), inParts: 20)
        var failed = 0
        for post in left {
            let status = shown[post.localID]
            let isFit = status.map { isWilling($0) && !leftAlone.contains($0.account.uri) } ?? false
            #expect(isFit, "still stored: \(post.localID)")
            if !isFit { failed += 1 }
        }
        return failed
    }

    private struct Tally: Sendable {
        var done = 0
        var failed = 0
        var judged = 0
    }

    /// So many readers in a world of their own, to each of whom something happens between two pages.
    private static func pass(_ count: Int, seed: UInt64) async throws -> Tally {
        let tally = Mutex(Tally())
        try await LiveWorld.withDemo { live, demo in
            var random = SeededGenerator(seed: seed)
            var leftAlone: Set<String> = []
            for _ in 0..<count {
                let name = try #require(demo.usernames.randomElement(using: &random))
                let reader = try await live.reader(.full, named: name, at: demo)
                // What would be shown now, so that the events hit what matters.
                let page = try await reader.home("limit=20")
                let victims = page.wrappers.compactMap { $0.status.reblog?.status }
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    guard let event = Event.allCases.randomElement(using: &random), let victim = victims.randomElement(using: &random)
                    else { break }
                    let isOurs = Bool.random(using: &random)
                    try await Self.does(event, to: victim, by: reader, demo, through: isOurs)
                    if event == .optOut { leftAlone.insert(victim.account.uri) }
                }
                // What was done beside us, or by the author, is seen when what is remembered has run out.
                live.clock.pass(.minutes(5))
                let after = try await reader.home("limit=20")
                let shown = after.wrappers.compactMap { $0.status.reblog?.status.account.uri }
                #expect(leftAlone.isDisjoint(with: shown))
                let wrong = try await Self.expectFit(after, reader) + (leftAlone.isDisjoint(with: shown) ? 0 : 1)
                tally.withLock { $0.judged += after.wrappers.count }
                if wrong > 0 { tally.withLock { $0.failed += 1 } }
            }
            let kept = try await Self.expectForgotten(live, leftAlone)
            tally.withLock { ($0.done, $0.failed) = ($0.done + count, $0.failed + (kept > 0 ? 1 : 0)) }
        }
        return tally.withLock { $0 }
    }

    @Test func `whatever happens before a page, nothing on it stands against it`() async throws {
        let test = LargeTest("display-check-events", seed: 11)
        let perWorld = 25
        let rounds = (test.planned + perWorld - 1) / perWorld
        // Two worlds at once, as the machine has cores.
        let tallies = try await withThrowingTaskGroup(of: Tally.self) { group in
            var tallies: [Tally] = []
            for number in 0..<rounds {
                if number >= 2, let tally = try await group.next() { tallies.append(tally) }
                let count = min(perWorld, test.planned - number * perWorld)
                group.addTask { try await Self.pass(count, seed: test.seed &+ UInt64(number)) }
            }
            for try await tally in group { tallies.append(tally) }
            return tallies
        }
        // Pages without recommendations would prove nothing.
        let judged = tallies.reduce(0) { $0 + $1.judged }
        #expect(judged >= test.planned, "\(judged) recommendations on \(test.planned) pages")
        test.finish(done: tallies.reduce(0) { $0 + $1.done }, failed: tallies.reduce(0) { $0 + $1.failed })
    }

    @Test(arguments: [Event.visibility, .lock, .hide, .tag, .optOut])
    func `what an author changes counts on the next page, and a day later nothing of it is stored`(event: Event) async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.full, at: demo)
            let victims = try await reader.home().wrappers.compactMap { $0.status.reblog?.status }
            let victim = try #require(victims.first { !$0.account.acct.contains("@") } ?? victims.first)
            try #require(!victim.account.acct.contains("@") || event == .visibility || event == .optOut, "a local author is shown")
            try await Self.does(event, to: victim, by: reader, demo, through: false)
            live.clock.pass(.minutes(5))
            let page = try await reader.home()
            #expect(try await Self.expectFit(page, reader) == 0)
            #expect(!page.wrappers.contains { $0.status.reblog?.status.id == victim.id })
            #expect(try await Self.expectForgotten(live, event == .optOut ? [victim.account.uri] : []) == 0)
        }
    }

    @Test(arguments: [Event.block, .mute, .filter])
    func `what a person does through the proxy counts on their next page`(event: Event) async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.full, at: demo)
            let victims = try await reader.home().wrappers.compactMap { $0.status.reblog?.status }
            let victim = try #require(victims.first)
            try await Self.does(event, to: victim, by: reader, demo, through: true)
            let page = try await reader.home()
            #expect(try await Self.expectFit(page, reader) == 0)
            #expect(!page.wrappers.contains { $0.status.reblog?.status.id == victim.id })
        }
    }

    @Test func `a block that comes while the instance is being asked is not forgotten by the answer`() async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.full, at: demo)
            let victims = try await reader.home().wrappers.compactMap { $0.status.reblog?.status }
            let victim = try #require(victims.first)
            live.clock.pass(.minutes(5))
            // The question about relations is under way when the block is made.
            demo.faults.set("/api/v1/accounts/relationships") {
                $0.latencyInside = .seconds(2)
                $0.times = 1
            }
            async let page = reader.home()
            async let blocked: Void = Self.does(.block, to: victim, by: reader, demo, through: true)
            _ = try await (page, blocked)
            #expect(try await Self.expectFit(try await reader.home(), reader) == 0)
        }
    }
}

extension Mastodon {
    /// As everybody sees them, by their ids.
    fileprivate func statuses(_ ids: [String], inParts size: Int) async throws -> [String: Status] {
        var found: [String: Status] = [:]
        for start in stride(from: 0, to: ids.count, by: size) {
            for shown in try await statuses(Array(ids[start..<min(start + size, ids.count)]), authorization: nil) { found[shown.status.id] = shown.status }
        }
        return found
    }
}
