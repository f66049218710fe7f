import Curl
import DemoInstance
import Dispatch
import Fediverse
import HTTPService
import HTTPTypes
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
/// Golden behaviour 4: what a person does through the proxy is kept once, and only when the instance said yes.
struct InteractionTests {
    /// Public statuses of strangers, which the instance lets everybody favourite.
    private static func statuses(_ reader: LiveReader) async throws -> [Status] {
        let page = try LivePage(try await reader.direct("GET", "/api/v1/timelines/public?limit=40"))
        return page.entries.map(\.status).filter { $0.visibility == .public && $0.reblog == nil && $0.account.id != reader.accountID }
    }

    private static func act(_ verb: String, _ id: String, _ reader: LiveReader) async throws -> Reply {
        try await reader.form("POST", "/api/v1/statuses/\(id)/\(verb)")
    }

    private static func kept(_ reader: LiveReader) async throws -> (interactions: [[String?]], preferences: [[String?]]) {
        let rows = try await reader.live.rows(about: reader)
        return (rows["user_interactions"] ?? [], rows["author_preferences"] ?? [])
    }

    @Test func `favourite, unfavourite, favourite leave what one favourite leaves`() async throws {
        try await LiveWorld.withDemo { live, demo in
            let (one, three) = (try await live.reader(.full, at: demo), try await live.reader(.full, named: demo.usernames[1], at: demo))
            let status = try #require(try await Self.statuses(one).first { $0.account.id != three.accountID })
            #expect(try await Self.act("favourite", status.id, one).status == 200)
            for verb in ["favourite", "unfavourite"] {
                #expect(try await Self.act(verb, status.id, three).status == 200)
            }
            let between = try await Self.kept(three)
            #expect(between.interactions.isEmpty && between.preferences.isEmpty)
            #expect(try await Self.act("favourite", status.id, three).status == 200)
            #expect(try await Self.act("favourite", status.id, three).status == 200)
            let (single, repeated) = (try await Self.kept(one), try await Self.kept(three))
            #expect(single.interactions.count == 1 && single.preferences.count == 1)
            #expect(repeated.interactions == single.interactions)
            #expect(repeated.preferences == single.preferences)
        }
    }

    @Test(arguments: ["favourite", "reblog", "bookmark"])
    func `each act is kept under its name, and its undo removes it`(verb: String) async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.full, at: demo)
            let status = try #require(try await Self.statuses(reader).first)
            let direct = try await Self.act(verb, status.id, reader)
            #expect(direct.status == 200 && direct["X-Sheltie-Kept"] == "yes")
            let name = ["favourite": "FAVORITE", "reblog": "BOOST", "bookmark": "BOOKMARK"][verb]
            let rows = try await Self.kept(reader).interactions
            #expect(rows.count == 1 && rows.first?.contains(name) == true)
            let postID = Pseudonymizer.postID(host: live.instance.domain, uri: status.uri)
            #expect(rows.first?.contains(postID) == true)
            #expect(live.counters.value(of: .interactionKept) == 1)
            let undone = try await Self.act("un" + verb, status.id, reader)
            #expect(undone.status == 200 && undone["X-Sheltie-Kept"] == "yes")
            #expect(try await Self.kept(reader).interactions.isEmpty)
        }
    }

    @Test func `what people do on their own statuses is not kept`() async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.full, at: demo)
            let posted = try await reader.form("POST", "/api/v1/statuses", "status=The+first+of+a+thread")
            let own = try StatusReader.status(in: posted.body)
            try #require(posted.status == 200 && own.visibility == .public)
            let liked = try await Self.act("favourite", own.id, reader)
            #expect(liked.status == 200 && liked["X-Sheltie-Kept"] == "no")
            #expect(try await reader.form("POST", "/api/v1/statuses", "status=The+second&in_reply_to_id=\(own.id)").status == 200)
            let kept = try await Self.kept(reader)
            #expect(kept.interactions.isEmpty && kept.preferences.isEmpty)
            #expect(live.counters.value(of: .interactionKept) == 0 && live.counters.value(of: .interactionLost) == 0)
        }
    }

    @Test func `a reply is kept as one to the status that it answers`() async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.full, at: demo)
            let status = try #require(try await Self.statuses(reader).first)
            let reply = try await reader.form("POST", "/api/v1/statuses", "status=Well+said&in_reply_to_id=\(status.id)")
            #expect(reply.status == 200)
            let rows = try await Self.kept(reader).interactions
            #expect(rows.count == 1 && rows.first?.contains("REPLY") == true)
            #expect(rows.first?.contains(Pseudonymizer.postID(host: live.instance.domain, uri: status.uri)) == true)
            #expect(try await reader.form("POST", "/api/v1/statuses", "status=Alone").status == 200)
            #expect(try await Self.kept(reader).interactions.count == 1)
        }
    }

    @Test(arguments: [400, 401, 403, 404, 410, 422, 429, 500, 503])
    func `what the instance refuses is not kept`(status: Int) async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.full, at: demo)
            let liked = try #require(try await Self.statuses(reader).first)
            demo.faults.set("/api/v1/statuses/:id/favourite") { $0.status = status }
            #expect(try await Self.act("favourite", liked.id, reader).status == status)
            let kept = try await Self.kept(reader)
            #expect(kept.interactions.isEmpty && kept.preferences.isEmpty)
        }
    }

    @Test func `at level NONE nothing is kept of any act`() async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.none, at: demo)
            let status = try #require(try await Self.statuses(reader).first)
            for verb in ["favourite", "reblog", "bookmark"] {
                let reply = try await Self.act(verb, status.id, reader)
                #expect(reply.status == 200 && reply["X-Sheltie-Kept"] == nil)
            }
            #expect(try await reader.form("POST", "/api/v1/statuses", "status=Yes&in_reply_to_id=\(status.id)").status == 200)
            #expect(try await live.rows(about: reader).values.allSatisfy(\.isEmpty))
        }
    }

    @Test(arguments: ["private", "direct"])
    func `an act on what is not public is not kept`(visibility: String) async throws {
        let body = """
            {"id":"7","uri":"https://s.example/7","visibility":"\(visibility)","created_at":"2026-03-01T11:00:00.000Z","content":"x",
            "account":{"id":"9","acct":"friend","username":"friend","uri":"https://s.example/friend"},"favourited":true}
            """
        let instance = ScriptedInstance { _, connection in connection.answer(200, ScriptedInstance.json, body) }
        try await instance.live { live in
            let reader = try await live.reader(.full)
            let reply = try await Self.act("favourite", "7", reader)
            #expect(reply.status == 200 && reply.text == body)
            let kept = try await Self.kept(reader)
            #expect(kept.interactions.isEmpty && kept.preferences.isEmpty)
        }
    }

    @Test func `a yes that is no status is passed on, and counted as not kept`() async throws {
        let instance = ScriptedInstance { _, connection in connection.answer(200, ScriptedInstance.json, "{}") }
        try await instance.live { live in
            let reply = try await Self.act("favourite", "7", try await live.reader(.full))
            #expect(reply.status == 200 && reply.text == "{}" && reply["X-Sheltie-Kept"] == "unknown")
            #expect(live.counters.value(of: .interactionLost) == 1)
        }
    }
}
