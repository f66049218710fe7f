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
/// The accounts behind the labels (clients.md 3.3): read like any other, acted on in the gestures people know.
struct VirtualAccountTests {
    private struct Shown {
        let live: LiveWorld
        let reader: LiveReader
        let page: LivePage
        let account: Account
    }

    private static func shown(_ body: @escaping @Sendable (Shown) async throws -> Void) async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.full, at: demo)
            let page = try await reader.home()
            let account = try #require(page.wrappers.first).status.account
            try await body(Shown(live: live, reader: reader, page: page, account: account))
        }
    }

    @Test func `the account can be read by id, by handle and by search`() async throws {
        try await Self.shown { shown in
            let (id, acct) = (shown.account.id, shown.account.acct)
            let read = try await shown.reader.send("GET", "/api/v1/accounts/\(id)")
            #expect(read.status == 200)
            let account = try AccountReader.account(in: read.body)
            #expect(account == shown.account && account.bot && account.group)
            #expect(acct.hasSuffix("@127.0.0.1:\(shown.live.port)"))
            for target in ["/api/v1/accounts/lookup?acct=\(acct)", "/api/v1/accounts/lookup?acct=@\(acct)"] {
                let found = try await shown.reader.send("GET", target)
                #expect(found.status == 200 && found.text.contains(#""id":"\#(id)""#), "\(target)")
            }
            for target in ["/api/v2/search?q=@\(acct)&resolve=true", "/api/v1/accounts/search?q=\(acct)", "/api/v1/search?q=\(acct)"] {
                let found = try await shown.reader.send("GET", target)
                #expect(found.status == 200 && found.text.contains(#""id":"\#(id)""#), "\(target)")
            }
        }
    }

    @Test func `its statuses are this reader's wrappers with that reason, newest first`() async throws {
        try await Self.shown { shown in
            let expected = shown.page.wrappers.filter { $0.status.account.id == shown.account.id }.map(\.status.id)
            let listed = try LivePage(try await shown.reader.send("GET", "/api/v1/accounts/\(shown.account.id)/statuses"))
            #expect(listed.ids == expected)
            for query in ["pinned=true", "only_media=true"] {
                #expect(try await shown.reader.send("GET", "/api/v1/accounts/\(shown.account.id)/statuses?" + query).text == "[]")
            }
            let rest = try LivePage(try await shown.reader.send("GET", "/api/v1/accounts/\(shown.account.id)/statuses?max_id=\(expected[0])"))
            #expect(rest.ids == Array(expected.dropFirst()))
        }
    }

    @Test(arguments: ["followers", "following", "lists", "featured_tags", "endorsements", "identity_proofs"])
    func `it has no circle`(what: String) async throws {
        try await Self.shown { shown in
            let reply = try await shown.reader.send("GET", "/api/v1/accounts/\(shown.account.id)/\(what)")
            #expect(reply.status == 200 && reply.text == "[]")
        }
    }

    @Test func `relations to it stand among the instance's, in the order of the question`() async throws {
        try await Self.shown { shown in
            let others = Array(Set(shown.page.own.map(\.status.account.id))).prefix(2)
            let ids = [others[0], shown.account.id, others[1]]
            let query = ids.map { "id[]=" + $0 }.joined(separator: "&")
            let reply = try await shown.reader.send("GET", "/api/v1/accounts/relationships?" + query)
            let relations = try Relationship.list(in: reply.body)
            #expect(relations.map(\.id) == ids)
            #expect(relations[1].following && relations[1].showingReblogs && relations[1].isUnhindered)
        }
    }

    @Test(arguments: ["unfollow", "mute", "follow?reblogs=false"])
    func `less of this turns the reason off, and follow turns it on again`(act: String) async throws {
        try await Self.shown { shown in
            let reply = try await shown.reader.form("POST", "/api/v1/accounts/\(shown.account.id)/\(act)")
            #expect(reply.status == 200 && reply.text.contains(#""following":false"#), "\(reply.text)")
            let code = try #require(try await shown.reader.history().placements.first {
                $0.shownAs == shown.page.wrappers[0].status.id
            }).reason.split(separator: ":")[0]
            #expect(try await shown.reader.history().suppressedReasons == [String(code)])
            let back = try await shown.reader.form("POST", "/api/v1/accounts/\(shown.account.id)/follow")
            #expect(back.status == 200 && back.text.contains(#""following":true"#))
            #expect(try await shown.reader.history().suppressedReasons.isEmpty)
        }
    }

    @Test func `block turns recommendations in home off, and unblock on`() async throws {
        try await Self.shown { shown in
            let blocked = try await shown.reader.form("POST", "/api/v1/accounts/\(shown.account.id)/block")
            #expect(blocked.status == 200 && blocked.text.contains(#""blocking":true"#))
            let home = try await shown.reader.send("GET", "/api/v1/timelines/home?limit=20")
            #expect(home.body == (try await shown.reader.direct("GET", "/api/v1/timelines/home?limit=20")).body)
            #expect(try await shown.reader.form("POST", "/api/v1/accounts/\(shown.account.id)/unblock").text.contains(#""blocking":false"#))
            #expect(try await !shown.reader.home().wrappers.isEmpty)
        }
    }

    @Test func `it cannot be reported, noted or put on a list, and its id never reaches the instance`() async throws {
        let instance = ScriptedInstance { _, connection in connection.answer(200, ScriptedInstance.json, "[]") }
        try await instance.live { live in
            let reader = try await live.reader(.full)
            let id = live.pseudonymizer.virtualAccountID(reason: ReasonCode.fresh.rawValue, argument: nil, language: "en")
            for (target, form) in [
                ("/api/v1/reports", "account_id=\(id)"), ("/api/v1/accounts/\(id)/note", "comment=x"),
                ("/api/v1/accounts/\(id)/pin", ""), ("/api/v1/accounts/\(id)/remove_from_followers", ""),
                ("/api/v1/lists/3/accounts", "account_ids[]=\(id)"),
            ] {
                let reply = try await reader.form("POST", target, form)
                #expect(reply.status == 422 && reply.text.hasPrefix(#"{"error":"#), "\(target)")
            }
            for target in [
                "/api/v1/accounts/\(id)", "/api/v1/accounts/relationships?id[]=\(id)", "/api/v1/accounts?id[]=\(id)",
                "/api/v1/accounts/familiar_followers?id[]=\(id)", "/api/v1/accounts/\(id)/statuses", "/api/v1/accounts/\(id)/unknown",
            ] { _ = try await reader.send("GET", target) }
            _ = try await reader.form("POST", "/api/v1/accounts/\(id)/unfollow")
            #expect(!instance.server.requests.contains { $0.target.contains(id) || String(decoding: $0.body, as: UTF8.self).contains(id) })
        }
    }

    @Test func `at level NONE a gesture changes nothing`() async throws {
        let instance = ScriptedInstance { _, connection in connection.answer(200, ScriptedInstance.json, "[]") }
        try await instance.live { live in
            let reader = try await live.reader(.none)
            let id = live.pseudonymizer.virtualAccountID(reason: ReasonCode.fresh.rawValue, argument: nil, language: "en")
            for act in ["unfollow", "mute", "block"] { #expect(try await reader.form("POST", "/api/v1/accounts/\(id)/\(act)").status < 500) }
            #expect(try await live.rows(about: reader).values.allSatisfy(\.isEmpty))
        }
    }
}
