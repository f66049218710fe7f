import DemoInstance
import Fediverse
import LoopbackClient
import Privacy
import Recommender
import Store
import Synchronization
import TestSupport
import Testing

@testable import Proxy

/// The rights of a person by their own token, and by nobody else's.
struct PersonAPITests {
    private static let json = [("Content-Type", "application/json")]

    private static func post(_ number: Int) -> String { String(repeating: "0", count: 62) + (number < 10 ? "0" : "") + String(number) }

    private func world(_ body: @escaping @Sendable (LiveWorld, TokenInstance, LiveReader) async throws -> Void) async throws {
        let instance = TokenInstance()
        try await LiveWorld.withUpstream(instance.server.authority) { live in
            let owner = try await live.reader(.full, token: "owner", accountID: "1")
            try await fill(live, owner)
            try await body(live, instance, owner)
        }
    }

    /// A row of everything that a route may name.
    private func fill(_ live: LiveWorld, _ owner: LiveReader) async throws {
        let now = live.clock.now
        let status = KeptStatus(postID: Self.post(1), authorID: Self.post(11), localID: "101", createdAt: now - .hours(1))
        _ = try await live.storage.statuses.keep([status], cursor: nil, in: live.tenant, at: now)
        let policy = PrivacyPolicy()
        let act = Interaction(post: PostReference(postID: Self.post(1), authorID: Self.post(11)), kind: .favourite, at: now)
        try await live.storage.interactions.record(try #require(policy.permit(act, visibility: .public, for: owner.viewer)))
        let key = try #require(try await live.storage.posts(ids: [Self.post(1)], in: live.tenant).first?.key)
        let shown = Recommendation(post: key, at: now, reason: "popular", modelVersion: "blend-v1", position: 3)
        _ = try await live.storage.recommendationLog.record([try #require(policy.permit(shown, for: owner.viewer))], while: { true })
        try await live.rights.suppress(.author(id: Self.post(12)), until: nil, of: owner.viewer.alias)
        try await live.rights.set("mode", to: "off", of: owner.viewer.alias)
    }

    /// A target and a body for a route, naming the owner's rows.
    private static func request(_ method: String, _ template: String, _ live: LiveWorld, _ owner: LiveReader) async throws -> (String, [UInt8]?) {
        let shown = try await live.rights.rows(of: "recommendation_logs", about: owner.viewer.alias)
        let log = shown.rows.first?.first.flatMap { $0 } ?? "1"
        var target = template
        let kind = template.contains("suppressions") ? "author" : "favorite"
        for (name, value) in [
            (":post_id", post(1)), (":type", "favorite"), (":author_id", post(11)), (":kind", kind), (":subject", post(12)), (":table", "exposure_events"),
            (":name", template.contains("schemas") ? "privacy-report" : "mode"), (":id", template.contains("user/") ? owner.viewer.alias.hex : log),
        ] { target = target.replacing(name, with: value) }
        if method == "DELETE", template.hasSuffix("/data") { target += "?confirm=true" }
        guard method == "POST" || method == "PUT" else { return (target, nil) }
        let body = if template.hasSuffix("/import") {
            try await live.rights.export(of: owner.viewer.alias).json
        } else {
            #"{"user_id":"1","user_alias":"\#(owner.viewer.alias.hex)","confirm":true,"level":"NONE","tracking_level":"none","hours":24,"kind":"author","subject":"\#(post(11))","# 
                + #""value":"blend","post_id":"\#(post(1))","action_type":"unfavorite","feedback":"more"}"#
        }
        return (target, Array(body.utf8))
    }

    private static let surface = PersonSurface.all

    @Test func `every route, with no token, a wrong one and a revoked one: refused, and nothing changed`() async throws {
        try await world { live, instance, owner in
            let before = try await live.rows(about: owner)
            #expect(before.values.flatMap { $0 }.count >= 5)
            // The proxy knows the owner's token: what it remembers must not help once the instance has forgotten it.
            #expect(try await owner.send("GET", "/sheltie/api/v1/privacy/level").status == 200)
            instance.tokens.withLock { _ = $0.removeValue(forKey: "owner") }
            var tried = 0
            for route in Self.surface where route.isPersonal {
                let (target, body) = try await Self.request(route.method, route.template, live, owner)
                for headers in [[], [("Authorization", "Bearer wrong")], [("Authorization", "Bearer owner")], [("Authorization", "Basic b3duZXI6")], [("Authorization", "owner")]] {
                    let reply = try await send(route.method, port: live.port, target, headers: headers + Self.json, body: body)
                    #expect(reply.status == 401 && reply.text.hasPrefix(#"{"error":"#), "\(route.method) \(target) \(headers): \(reply.status)")
                    #expect(reply["WWW-Authenticate"] == "Bearer")
                    tried += 1
                }
            }
            #expect(tried == Self.surface.filter(\.isPersonal).count * 5 && tried > 100)
            #expect(try await live.rows(about: owner) == before)
        }
    }

    @Test(arguments: [PrivacyLevel.none, .limited, .full])
    func `every route, with another person's token: what is the owner's is not found, shown or changed`(level: PrivacyLevel) async throws {
        try await world { live, _, owner in
            let other = try await live.reader(level, token: "other", accountID: "2")
            let before = try await live.rows(about: owner)
            var refused = 0
            for route in Self.surface where route.isPersonal {
                let (target, body) = try await Self.request(route.method, route.template, live, owner)
                let reply = try await other.send(route.method, target, headers: Self.json, body: body)
                if route.method == "DELETE", !route.template.hasSuffix("/data") || route.template.contains(":id") || route.template.contains("user/") {
                    #expect(reply.status == 404, "\(route.method) \(target): \(reply.status) \(reply.text)")
                    refused += 1
                } else {
                    // About themselves; or, at NONE, refused because nothing is kept.
                    #expect([200, 202, 404, 409].contains(reply.status), "\(route.method) \(target): \(reply.status) \(reply.text)")
                }
                #expect(!reply.text.contains(owner.viewer.alias.hex), "\(route.method) \(target) tells the owner's alias")
                if route.method == "GET" { #expect(!reply.text.contains(Self.post(12)) || route.template.contains("export"), "\(target)") }
                let after = try await live.rows(about: owner)
                #expect(after == before, "\(route.method) \(target) changed the owner's rows")
                // What another did to themselves on the way is undone, so that each route meets the same.
                for level in [PrivacyLevel.none, level] {
                    _ = try await live.storage.people.setLevel(level, of: other.viewer.alias, in: live.tenant, at: live.clock.now)
                }
                live.clock.pass(.minutes(6))
            }
            #expect(refused >= 6)
        }
    }

    @Test func `every route answers its owner`() async throws {
        try await world { live, _, owner in
            // Authors need no token, and have tests of their own.
            for route in Self.surface where !route.template.contains("/authors/") {
                let (target, body) = try await Self.request(route.method, route.template, live, owner)
                let reply = try await owner.send(route.method, target, headers: Self.json, body: body)
                let isMissing = route.template.contains("/evidence/")
                #expect(reply.status == (isMissing ? 404 : route.template.hasSuffix("/feedback") ? 202 : 200), "\(route.method) \(target): \(reply.status) \(reply.text)")
                #expect(reply["Cache-Control"] == "no-store" && reply["Access-Control-Allow-Origin"] == nil && reply["X-Content-Type-Options"] == "nosniff", "\(target)")
                // Each meets the rows anew.
                if route.method != "GET" {
                    _ = try await live.storage.people.setLevel(.none, of: owner.viewer.alias, in: live.tenant, at: live.clock.now)
                    try await fill(live, try await live.reader(.full, token: "owner", accountID: "1"))
                }
                live.clock.pass(.minutes(6))
            }
        }
    }

    @Test func `unknown, at NONE and erased are answered the same`() async throws {
        try await world { live, _, owner in
            let atNone = try await live.reader(.full, token: "other", accountID: "2")
            _ = try await live.storage.people.setLevel(.none, of: atNone.viewer.alias, in: live.tenant, at: live.clock.now)
            _ = try await live.rights.erase(owner.viewer.alias)
            let unknown = try await live.reader(.none, token: "third", accountID: "3")
            for route in Self.surface where route.isPersonal && !route.template.contains("user/") {
                let (target, body) = try await Self.request(route.method, route.template, live, owner)
                var answers: Set<String> = []
                for reader in [unknown, atNone, owner] {
                    let reply = try await reader.send(route.method, target, headers: Self.json, body: body)
                    let headers = reply.headers.filter { $0.name.lowercased() != "date" }.map { "\($0.name): \($0.value)" }.sorted()
                    answers.insert("\(reply.status) \(headers) \(reply.text.replacing(reader.viewer.alias.hex, with: "ALIAS"))")
                }
                #expect(answers.count == 1, "\(route.method) \(target): \(answers)")
                live.clock.pass(.minutes(6))
            }
        }
    }

    @Test func `going up needs the text's id, and shows the text where it is missing; going down needs nothing`() async throws {
        try await world { live, _, owner in
            let other = try await live.reader(.none, token: "other", accountID: "2")
            func put(_ body: String) async throws -> Reply {
                try await other.send("PUT", "/sheltie/api/v1/privacy/level", headers: Self.json, body: Array(body.utf8))
            }
            let agreement = Agreement(to: .limited)
            for body in [#"{"level":"LIMITED"}"#, #"{"level":"limited","confirm":"\#(Agreement(to: .full).id)"}"#, #"{"level":"FULL","confirm":"\#(agreement.id)"}"#] {
                let reply = try await put(body)
                #expect(reply.status == 422 && reply.text.contains(#""text":"At "#))
                #expect(try await live.rights.viewer(other.viewer.alias).level == .none)
            }
            let told = try await other.send("GET", "/sheltie/api/v1/privacy/level")
            #expect(told.text.contains(#""level":"NONE""#) && told.text.contains(agreement.id) && told.text.contains("an author"))
            #expect(try await put(#"{"level":"LIMITED","confirm":"\#(agreement.id)"}"#).status == 200)
            #expect(try await live.rights.viewer(other.viewer.alias).level == .limited)
            #expect(try await put(#"{"level":"NONE"}"#).status == 200)
            #expect(try await live.rights.viewer(other.viewer.alias).level == .none)
            for wrong in [#"{"level":"MORE"}"#, #"{"level":7}"#, "{}", "", "[]", "nothing"] {
                let reply = try await put(wrong)
                #expect([400, 422].contains(reply.status) && reply.text.hasPrefix(#"{"error":"#), "\(wrong)")
            }
        }
    }

    @Test func `report and export are those of the command, and an import takes them`() async throws {
        try await world { live, _, owner in
            let report = try await owner.send("GET", "/sheltie/api/v1/privacy/report")
            #expect(report.text == (try await live.rights.report(about: owner.viewer.alias).json))
            #expect(try await owner.send("GET", "/sheltie/api/v1/privacy/report?format=text").text == (try await live.rights.report(about: owner.viewer.alias).text))
            #expect(try await owner.send("GET", "/sheltie/api/v1/privacy/report?format=csv").text == (try await live.rights.report(about: owner.viewer.alias).csv))
            let export = try await live.rights.export(of: owner.viewer.alias)
            #expect(try await owner.send("GET", "/sheltie/api/v1/privacy/export").text == export.json)
            let zip = try await owner.send("GET", "/sheltie/api/v1/privacy/export?format=zip")
            #expect(zip.body == export.zip && zip["Content-Disposition"] == #"attachment; filename="sheltie-export.zip""#)
            #expect(try await owner.send("GET", "/sheltie/api/v1/privacy/export?format=exe").status == 422)
            let other = try await live.reader(.limited, token: "other", accountID: "2")
            let taken = try await other.send("POST", "/sheltie/api/v1/privacy/import", body: zip.body)
            #expect(taken.text == #"{"taken":{"author_preferences":0,"preferences":1,"suppressions":1},"not_kept":1,"unknown_settings":0,"authors_of_another_key":0}"#)
            #expect(try await other.send("GET", "/sheltie/api/v1/suppressions").text.contains(Self.post(12)))
            let refused = try await other.send("POST", "/sheltie/api/v1/privacy/import", body: Array("no".utf8))
            #expect(refused.status == 422 && refused.text == #"{"error":"this is neither an export as JSON nor one as a zip"}"#)
        }
    }

    @Test func `the instance is asked with each request, and the person is told when it cannot say or they ask too often`() async throws {
        try await world { live, instance, owner in
            let before = instance.questions
            for _ in 0..<5 { #expect(try await owner.send("GET", "/sheltie/api/v1/settings").status == 200) }
            #expect(instance.questions == before + 5)
            instance.isAway.withLock { $0 = true }
            #expect(try await owner.send("GET", "/sheltie/api/v1/settings").status == 503)
            instance.isAway.withLock { $0 = false }
            for _ in 6..<PersonAPI.requestsPerWindow { _ = try await owner.send("GET", "/sheltie/api/v1/settings") }
            let over = try await owner.send("POST", "/sheltie/api/v1/privacy/erase", headers: Self.json, body: Array(#"{"confirm":true}"#.utf8))
            #expect(over.status == 429 && instance.questions == before + PersonAPI.requestsPerWindow)
            live.clock.pass(.minutes(5))
            #expect(try await owner.send("POST", "/sheltie/api/v1/privacy/erase", headers: Self.json, body: Array(#"{"confirm":true}"#.utf8)).status == 200)
            #expect(try await live.rows(about: owner).isEmpty)
        }
    }

    @Test func `a wrong token costs one question in 30 seconds`() async throws {
        try await world { live, instance, _ in
            let before = instance.questions
            for _ in 0..<5 {
                let reply = try await send("GET", port: live.port, "/sheltie/api/v1/settings", headers: [("Authorization", "Bearer wrong")])
                #expect(reply.status == 401)
            }
            #expect(instance.questions == before + 1)
        }
    }

    @Test(arguments: [
        ("GET", "/sheltie/api/v1/privacy/report?access_token=owner", 400), ("GET", "/sheltie/api/v1/nothing", 404), ("GET", "/sheltie/api/v2/settings", 404),
        ("GET", "/sheltie/api", 404), ("PATCH", "/sheltie/api/v1/settings", 405), ("OPTIONS", "/sheltie/api/v1/settings", 405),
        ("DELETE", "/sheltie/api/v1/interactions/x/like", 404), ("DELETE", "/sheltie/api/v1/recommendations/seven", 404),
        ("DELETE", "/sheltie/api/v1/evidence/user_aliases/1", 404), ("DELETE", "/sheltie/api/v1/suppressions/author/x", 404),
        ("DELETE", "/sheltie/api/v1/interactions/%2e%2e/favorite", 404), ("PUT", "/sheltie/api/v1/settings/none", 422),
        ("POST", "/sheltie/api/v1/privacy/erase", 422), ("POST", "/sheltie/api/v1/suppressions", 422), ("DELETE", "/sheltie/api/v1/corgi/privacy/data", 422),
    ])
    func `what is wrong is said in one line of JSON, and changes nothing`(method: String, target: String, status: Int) async throws {
        try await world { live, _, owner in
            let before = try await live.rows(about: owner)
            let reply = try await owner.send(method, target, headers: Self.json, body: method == "GET" || method == "OPTIONS" ? nil : Array(#"{"value":"x"}"#.utf8))
            #expect(reply.status == status && reply.text.hasPrefix(#"{"error":""#), "\(reply.status) \(reply.text)")
            #expect(reply["Access-Control-Allow-Origin"] == nil && reply["Cache-Control"] == "no-store")
            #expect(try await live.rows(about: owner) == before)
        }
    }

    @Test func `a body that is too large is refused before it is read`() async throws {
        try await world { live, _, owner in
            let reply = try await owner.send("PUT", "/sheltie/api/v1/settings/mode", headers: Self.json, body: [UInt8](repeating: 0x20, count: 70_000))
            #expect(reply.status == 413)
        }
    }
}
