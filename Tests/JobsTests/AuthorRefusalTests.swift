import Fediverse
import LoopbackClient
import OpenSSL
import Privacy
import Recommender
import Store
import Synchronization
import Testing
import Upstream

@testable import Jobs

/// What an author, their instance or ours refuses beyond the single status.
struct AuthorRefusalTests {
    /// Somebody acted on status 7, which is no candidate.
    private static func act(in jobs: JobWorld, author: String = "https://s.example/users/a") async throws {
        let alias = try jobs.pseudonymizer.alias(domain: "x.example", accountID: "1")
        let viewer = try await jobs.storage.people.setLevel(.full, of: alias, in: jobs.tenant, at: jobs.clock.now).viewer
        let post = PostReference(
            postID: Pseudonymizer.postID(host: jobs.mastodon.instance.domain, uri: "https://s.example/7"), authorID: jobs.pseudonymizer.authorID(uri: author))
        let act = Interaction(post: post, kind: .favourite, at: jobs.clock.now)
        _ = try await jobs.storage.interactions.record(#require(PrivacyPolicy().permit(act, visibility: .public, for: viewer)))
        #expect(try await kept(in: jobs) == 1)
    }

    private static func kept(in jobs: JobWorld) async throws -> Int {
        let alias = try jobs.pseudonymizer.alias(domain: "x.example", accountID: "1")
        let viewer = try await jobs.storage.people.viewer(alias, in: jobs.tenant)
        return try await jobs.storage.interactions(of: viewer, limit: 10).count
    }

    @Test func `nothing of a denied instance is kept`() async throws {
        try await JobWorld.with(ScriptedTimeline([3, 2, 1])) { jobs async throws in
            let counts = try await jobs.ingest(consent: ConsentPolicy(deniedInstances: InstanceList(["s.example"])))
            #expect(counts["refused-instance"] == 3 && counts["kept"] == 0)
            #expect(try await jobs.candidates().isEmpty)
        }
    }

    @Test func `what is kept of an instance that is denied later goes with the re-check, acts on it too`() async throws {
        try await JobWorld.with(ScriptedTimeline([3, 2, 1])) { jobs async throws in
            _ = try await jobs.ingest()
            try await Self.act(in: jobs)
            jobs.clock.pass(.hours(23))
            let denying = ConsentPolicy(deniedInstances: InstanceList(["s.example"]))
            #expect(try await jobs.recheck(denying)["withdrawn"] == 4, "three candidates and the stub")
            #expect(try await jobs.candidates().isEmpty)
            #expect(try await Self.kept(in: jobs) == 0)
            #expect(try await jobs.storage.statuses.optOutCounts(in: jobs.tenant) == [.profile: 0, .request: 0, .listing: 0], "the author stands on no list")
        }
    }

    @Test(arguments: ["named", "hidden", "above"])
    func `what the instance itself limits or suspends is not kept`(form: String) async throws {
        let name = form == "named" ? "s.example" : form == "above" ? "example" : "s*******e"
        let digest = SHA256.digest(of: Array("s.example".utf8)).hex
        let body = #"[{"domain":"other.test","digest":"","severity":"silence"},{"domain":"\#(name)","digest":"\#(form == "hidden" ? digest : "")","severity":"suspend","comment":null}]"#
        try await JobWorld.with(ScriptedTimeline([3, 2, 1])) { jobs async throws in
            jobs.instance.blocks.withLock { $0 = ScriptedTimeline.Answer(body: body) }
            let counts = try await jobs.ingest()
            #expect(counts["refused-instance"] == 3)
            #expect(try await jobs.candidates().isEmpty)
        }
    }

    @Test(arguments: [
        ScriptedTimeline.Answer(status: 401, body: "{}"), .init(status: 404, body: "{}"), .init(status: 503, body: ""), .init(body: "<html>"), .init(body: "{}"), .init(body: "[{}]"),
        .init(body: #"[{"domain":"s.example","severity":"noop"}]"#), .init(body: #"[{"domain":"nots.example","severity":"suspend"}]"#),
    ])
    func `where it does not tell, tells of others or is not understood, all is as before`(answer: ScriptedTimeline.Answer) async throws {
        try await JobWorld.with(ScriptedTimeline([3, 2, 1])) { jobs async throws in
            jobs.instance.blocks.withLock { $0 = answer }
            #expect(try await jobs.ingest()["kept"] == 3)
        }
    }

    @Test func `an instance that is limited later is noticed within a day, and asked once a day`() async throws {
        try await JobWorld.with(ScriptedTimeline([3, 2, 1])) { jobs async throws in
            let job = jobs.ingestJob()
            _ = try await job.run(at: jobs.clock.now)
            jobs.instance.blocks.withLock { $0 = ScriptedTimeline.Answer(body: #"[{"domain":"s.example","severity":"silence"}]"#) }
            for _ in 0..<23 {
                jobs.clock.pass(.hours(1))
                _ = try await job.run(at: jobs.clock.now)
            }
            #expect(jobs.instance.server.requests.count { $0.path == "/api/v1/instance/domain_blocks" } == 1)
            #expect(try await jobs.candidates().count == 3)
            jobs.clock.pass(.hours(1))
            _ = try await job.run(at: jobs.clock.now)
            #expect(try await jobs.candidates().isEmpty)
        }
    }

    @Test(arguments: ["noindex", "sheltie: none"])
    func `an answer whose X-Robots-Tag refuses is not kept, and the source rests for a day`(value: String) async throws {
        try await JobWorld.with(ScriptedTimeline([3, 2, 1])) { jobs async throws in
            _ = try await jobs.ingest()
            #expect(try await jobs.candidates().count == 3)
            let page = jobs.instance.statuses.withLock { "[" + $0.map(\.json).joined(separator: ",") + "]" }
            jobs.instance.instead.withLock { $0 = { _ in ScriptedTimeline.Answer(headers: [("X-Robots-Tag", value)], body: page) } }
            let counts = try await jobs.ingest()
            #expect(counts["refused-by-robots"] == 1 && counts["withdrawn"] == 3)
            #expect(try await jobs.candidates().isEmpty)
            let cursor = try await jobs.cursor()
            #expect(cursor?.notBefore == jobs.clock.now + .days(1) && cursor?.refusal == "robots")
        }
    }

    @Test func `on re-check an answer whose X-Robots-Tag refuses counts as none`() async throws {
        try await JobWorld.with(ScriptedTimeline([3, 2, 1])) { jobs async throws in
            _ = try await jobs.ingest()
            jobs.clock.pass(.hours(23))
            let page = jobs.instance.statuses.withLock { "[" + $0.map(\.json).joined(separator: ",") + "]" }
            jobs.instance.instead.withLock { $0 = { _ in ScriptedTimeline.Answer(headers: [("X-Robots-Tag", "noindex")], body: page) } }
            #expect(try await jobs.recheck() == ["confirmed": 0, "withdrawn": 3])
        }
    }

    @Test func `a tag in the profile counts whatever else is wrong with the status that shows it`() async throws {
        try await JobWorld.with(ScriptedTimeline([3, 2, 1])) { jobs async throws in
            _ = try await jobs.ingest()
            try await Self.act(in: jobs)
            jobs.instance.statuses.withLock { statuses in
                statuses = [ScriptedStatus(id: 4)]
                statuses[0].visibility = "unlisted"
                statuses[0].account["note"] = "\"<p>#nobot</p>\""
            }
            _ = try await jobs.ingest()
            #expect(try await jobs.candidates().isEmpty)
            #expect(try await Self.kept(in: jobs) == 0)
            #expect(try await jobs.storage.statuses.optOutCounts(in: jobs.tenant)[.profile] == 1)
        }
    }

    /// Every candidate is asked about within a day, so every author who has one is, long before a week is over.
    @Test func `for eight virtual days no candidate's author goes unasked for more than 24 hours`() async throws {
        try await JobWorld.with(ScriptedTimeline((1...60).reversed())) { jobs async throws in
            _ = try await jobs.ingest(pages: 20)
            #expect(try await jobs.candidates().count == 60)
            for _ in 0..<(8 * 24 * 6) {
                jobs.clock.pass(.minutes(10))
                _ = try await jobs.recheck()
                let late = try await jobs.storage.statuses.unconfirmed(since: jobs.clock.now - .hours(24), limit: 100, in: jobs.tenant)
                #expect(late.isEmpty)
            }
        }
    }
}
