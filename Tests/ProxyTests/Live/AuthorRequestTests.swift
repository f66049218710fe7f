import DemoInstance
import Fediverse
import LoopbackClient
import Privacy
import Recommender
import Store
import Testing
import Upstream

/// An author who has no account here proves theirs by a code, and is left alone at once.
struct AuthorRequestTests {
    private struct Asked: Sendable {
        let reply: Reply
        var text: String { reply.text }
        var code: String? { text.firstRange(of: #/"code":"([^"]+)"/#).map { String(text[$0].dropFirst(8).dropLast()) } }
    }

    private static func ask(_ live: LiveWorld, _ verb: String, _ account: String, action: String? = nil) async throws -> Asked {
        var body = "account=" + QueryString.encoded(account)
        if let action { body += "&action=" + action }
        return Asked(reply: try await LoopbackClient.send(
            "POST", port: live.port, "/sheltie/api/v1/authors/" + verb, headers: [("Content-Type", "application/x-www-form-urlencoded")], body: Array(body.utf8)))
    }

    /// Shows a text where only the author can write.
    private static func show(_ text: String, of name: String, at demo: DemoServer, _ live: LiveWorld, inProfile: Bool) async throws {
        let token = try #require(demo.issueToken(for: name))
        let reader = LiveReader(live: live, token: token, viewer: try await live.reader(.none, named: name, at: demo).viewer, accountID: "")
        let (method, target, body) = inProfile
            ? ("PATCH", "/api/v1/accounts/update_credentials", "note=" + QueryString.encoded(text))
            : ("POST", "/api/v1/statuses", "visibility=unlisted&status=" + QueryString.encoded(text))
        let reply = try await reader.direct(method, target, headers: [("Content-Type", "application/x-www-form-urlencoded")], body: Array(body.utf8))
        try #require(reply.status == 200, "\(reply.text)")
    }

    /// A local author with a candidate, and a person who has acted on one of theirs.
    private static func author(in live: LiveWorld, _ demo: DemoServer) async throws -> (name: String, id: String) {
        let changes = try await live.storage.recommender.changes(in: live.tenant, since: nil, at: live.clock.now)
        for post in changes.changed {
            guard let status = try await live.mastodon.status(post.localID, authorization: nil)?.status, !status.account.acct.contains("@") else { continue }
            return (status.account.acct, live.pseudonymizer.authorID(uri: status.account.uri))
        }
        throw LoopbackError.failed(call: "no local author among the candidates", code: 0)
    }

    @Test(arguments: [true, false])
    func `a code that the author shows ends all that is kept of them, and another takes it back`(inProfile: Bool) async throws {
        try await LiveWorld.withDemo { live, demo in
            let (name, id) = try await Self.author(in: live, demo)
            #expect(try await Self.kept(id, in: live) > 0)
            let code = try #require(try await Self.ask(live, "code", "@" + name).code)
            #expect(try await Self.ask(live, "opt-out", name).reply.status == 403, "nobody has shown it yet")
            #expect(try await Self.kept(id, in: live) > 0)
            try await Self.show("I am \(code).", of: name, at: demo, live, inProfile: inProfile)
            let done = try await Self.ask(live, "opt-out", name)
            #expect(done.reply.status == 200 && done.text == #"{"opted_out":true}"#)
            #expect(try await Self.kept(id, in: live) == 0)
            let why = try await live.storage.statuses.optOut(of: id, in: live.tenant)
            #expect(why?.requestedAt == live.clock.now && why?.hasTag == false)
            try await live.ingest(atLeast: 0)
            #expect(try await Self.kept(id, in: live) == 0, "nothing comes back")

            // The same code again is worth nothing, and neither is it for the other act.
            #expect(try await Self.ask(live, "opt-out", name).reply.status == 403)
            #expect(try await Self.ask(live, "opt-in", name).reply.status == 403)
            live.clock.pass(.minutes(10))
            let back = try #require(try await Self.ask(live, "code", name, action: "opt-in").code)
            #expect(back != code)
            try await Self.show(back, of: name, at: demo, live, inProfile: inProfile)
            #expect(try await Self.ask(live, "opt-in", name).text == #"{"request_taken_back":true,"opted_out":false}"#)
            try await live.ingest(atLeast: 0)
            #expect(try await Self.kept(id, in: live) > 0)
            // The code that was good stands there still, and is no longer one: whoever shows none for now is told nothing of the list.
            #expect(try await Self.ask(live, "opt-in", name).reply.status == 403)
            live.clock.pass(.minutes(10))
            let idle = try #require(try await Self.ask(live, "code", name, action: "opt-in").code)
            try await Self.show(idle, of: name, at: demo, live, inProfile: inProfile)
            #expect(try await Self.ask(live, "opt-in", name).reply.status == 409)
            // Asked anew, the old code for taking it back is worth nothing.
            _ = try await live.storage.statuses.optOut(authorID: id, source: .request, in: live.tenant, at: live.clock.now + .seconds(1))
            #expect(try await Self.ask(live, "opt-in", name).reply.status == 403)
        }
    }

    private static func kept(_ author: String, in live: LiveWorld) async throws -> Int {
        let known = try await live.storage.recommender.changes(in: live.tenant, since: nil, at: live.clock.now)
        var found = 0
        for post in known.changed {
            guard let status = try await live.mastodon.status(post.localID, authorization: nil)?.status else { continue }
            if live.pseudonymizer.authorID(uri: status.account.uri) == author { found += 1 }
        }
        return found
    }

    @Test func `a code counts on its day and the next, and for nobody else`() async throws {
        try await LiveWorld.withDemo { live, demo in
            let (name, id) = try await Self.author(in: live, demo)
            let code = try #require(try await Self.ask(live, "code", name).code)
            let other = try #require(demo.usernames.first { $0 != name })
            // Another shows it: it is not theirs, and they have not shown their own.
            try await Self.show(code, of: other, at: demo, live, inProfile: true)
            #expect(try await Self.ask(live, "opt-out", other).reply.status == 403)
            #expect(try await Self.ask(live, "opt-out", name).reply.status == 403)
            live.clock.pass(.hours(24))
            try await Self.show(code, of: name, at: demo, live, inProfile: true)
            live.clock.pass(.hours(24))
            #expect(try await Self.ask(live, "opt-out", name).reply.status == 403, "two days later")
            #expect(try await live.storage.statuses.optOut(of: id, in: live.tenant) == nil)
        }
    }

    @Test func `an operator's decision is not taken back by the author`() async throws {
        try await LiveWorld.withDemo { live, demo in
            let (name, id) = try await Self.author(in: live, demo)
            for source in [OptOutSource.listing, .request] { _ = try await live.storage.statuses.optOut(authorID: id, source: source, in: live.tenant, at: live.clock.now) }
            let code = try #require(try await Self.ask(live, "code", name, action: "opt-in").code)
            try await Self.show(code, of: name, at: demo, live, inProfile: true)
            #expect(try await Self.ask(live, "opt-in", name).text == #"{"request_taken_back":true,"opted_out":true}"#)
        }
    }

    @Test func `whatever is sent, nothing is asked but the one instance, and each refusal is one line`() async throws {
        let instance = ScriptedInstance { _, connection in connection.answer(404, ScriptedInstance.json, "{}") }
        let elsewhere = ScriptedServer { _, connection in connection.answer(200, ScriptedInstance.json, "{}") }
        try await instance.live { live in
            let accounts = [
                "@a@\(elsewhere.authority)", "http://\(elsewhere.authority)/@a", "http://\(elsewhere.authority)/users/a", "https://169.254.169.254/@a", "file:///etc/passwd", "", "@", "a b",
                "a@b@c", "a\r\nHost: x@y.example", "\u{0}", "../../x", "a@social.example#x", String(repeating: "a", count: 7_000), "<script>@x.example", "ＡＮＡ@social.example",
            ]
            for account in accounts {
                for verb in ["code", "opt-out", "opt-in", "nothing"] {
                    let reply = try await Self.ask(live, verb, account).reply
                    #expect([404, 409, 422, 429].contains(reply.status), "\(reply.status) for \(account.prefix(40))")
                    #expect(reply.text.hasPrefix(#"{"error":""#) && !reply.text.contains("\n"))
                    if account.utf8.count > 5 { #expect(!reply.text.contains(account.prefix(6)), "what was sent is not said again") }
                }
            }
            #expect(elsewhere.requests.isEmpty)
            #expect(instance.requests.allSatisfy { $0.path == "/api/v1/accounts/lookup" && $0["Authorization"] == nil })
            for (type, body) in [
                ("application/json", "{"), ("application/json", "[]"), ("application/json", #"{"account":7}"#), ("text/plain", "account=a"), ("", "account=a"),
                ("application/json", #"{"account":"\ud800"}"#), ("application/x-www-form-urlencoded", String(repeating: "a", count: 9_000)),
            ] {
                let reply = try await LoopbackClient.send("POST", port: live.port, "/sheltie/api/v1/authors/code", headers: [("Content-Type", type)], body: Array(body.utf8))
                #expect([400, 413, 422].contains(reply.status) && reply.text.hasPrefix(#"{"error":""#))
            }
            for method in ["GET", "PUT", "DELETE"] {
                let reply = try await LoopbackClient.send(method, port: live.port, "/sheltie/api/v1/authors/code")
                #expect(reply.status == 405)
            }
        }
    }

    @Test func `one author, and all together, are asked about so often and no more`() async throws {
        let instance = ScriptedInstance { _, connection in connection.answer(404, ScriptedInstance.json, "{}") }
        try await instance.live { live in
            for turn in 0..<11 {
                let reply = try await Self.ask(live, "code", "ana").reply
                #expect(reply.status == (turn < 10 ? 404 : 429))
                if turn == 10 { #expect(reply["Retry-After"] == "600") }
            }
            for number in 0..<120 { _ = try await Self.ask(live, "code", "ana\(number)") }
            #expect(try await Self.ask(live, "code", "bo").reply.status == 429)
            #expect(instance.requests.count == 120)
            live.clock.pass(.minutes(10))
            #expect(try await Self.ask(live, "code", "bo").reply.status == 404)
        }
    }

    @Test func `the page says what to do and repeats nothing that was sent`() async throws {
        try await LiveWorld.withDemo(.init(pages: 0)) { live, demo in
            let page = try await LoopbackClient.send("GET", port: live.port, "/sheltie/authors")
            #expect(page.status == 200 && page["Content-Security-Policy"]?.contains("default-src 'none'") == true && page.text.contains("<form"))
            func post(_ body: String) async throws -> Reply {
                try await LoopbackClient.send(
                    "POST", port: live.port, "/sheltie/authors", headers: [("Content-Type", "application/x-www-form-urlencoded")], body: Array(body.utf8))
            }
            let name = try #require(demo.usernames.first)
            #expect(try await post("do=code&action=opt-out&account=\(name)").text.contains("<code>sheltie-opt-out-"))
            let odd = try await post("do=code&account=%3Cscript%3Ealert(1)%3C%2Fscript%3E")
            #expect(odd.status == 422 && !odd.text.contains("alert(1)"))
            #expect(try await post("do=opt-out&account=\(name)").status == 403)
        }
    }

    @Test func `what somebody does on a status of a tagged author is not kept, and undone all the same`() async throws {
        try await LiveWorld.withDemo { live, demo in
            let (name, id) = try await Self.author(in: live, demo)
            let reader = try await live.reader(.full, at: demo)
            let account = try #require(try await live.mastodon.account(.handle(name: name, instance: nil)))
            let status = try #require(try await live.mastodon.recentStatuses(ofAccount: account.id).first { $0.visibility == .public })
            try await Self.show("No robots please #nobot", of: name, at: demo, live, inProfile: true)
            let reply = try await reader.form("POST", "/api/v1/statuses/\(status.id)/favourite")
            #expect(reply.status == 200 && reply["X-Sheltie-Kept"] == "no")
            #expect(try await live.rows(about: reader)["user_interactions"]?.isEmpty ?? true)
            #expect(try await reader.form("POST", "/api/v1/statuses/\(status.id)/unfavourite").status == 200)
            #expect(try await live.storage.statuses.optOut(of: id, in: live.tenant) == nil, "who reads in decides that")
        }
    }
}
