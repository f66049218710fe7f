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

/// Golden behaviour 1: whatever goes wrong with us, the client has the instance's own answer.
struct UntouchedPageTests {
    private static let home = "/api/v1/timelines/home?limit=20"

    /// The instance's headers that count down would differ between two requests, so both get the same ones.
    private static func fixHeaders(_ demo: DemoServer, status: Int? = nil) {
        demo.faults.set("/api/v1/timelines/home") {
            $0.status = status
            $0.fields = [
                "X-RateLimit-Limit": "300", "X-RateLimit-Remaining": "250", "X-RateLimit-Reset": "2026-03-01T12:05:00.000Z",
                "Mastodon-Async-Refresh": #"id="abc", retry=5"#, "ETag": #"W/"abc""#, "Cache-Control": "private, no-store",
            ]
            if status == 429 || status == 503 { $0.fields["Retry-After"] = "17" }
        }
    }

    private static func expectUntouched(_ reader: LiveReader, _ comment: Comment? = nil) async throws {
        let direct = try await reader.direct("GET", home, headers: [("Accept-Encoding", "gzip")])
        let through = try await reader.send("GET", home, headers: [("Accept-Encoding", "gzip")])
        #expect(through.status == direct.status, comment)
        #expect(through.body == direct.body, comment)
        let (ours, theirs) = (through.endToEnd("127.0.0.1:\(reader.live.port)"), direct.endToEnd(reader.live.instance.authority))
        #expect(ours == theirs, comment)
    }

    @Test func `with everything in order the page is not the instance's own`() async throws {
        try await LiveWorld.withDemo { live, demo in
            Self.fixHeaders(demo)
            let reader = try await live.reader(.full, at: demo)
            let direct = try await reader.direct("GET", Self.home)
            #expect(try await reader.send("GET", Self.home).body != direct.body)
            #expect(live.counters.value(of: .pageEdited) == 1)
        }
    }

    @Test(arguments: Trouble.allCases)
    func `a part of ours that fails or hangs costs the client nothing`(trouble: Trouble) async throws {
        var changes = LiveWorld.Changes(parts: { trouble.enter(&$0) })
        // On a loaded machine everything can be slow: only what hangs is given little time.
        let hangs = [Trouble.historyHangs, .candidatesHang, .logHangs, .peopleHang].contains(trouble)
        if hangs {
            changes.settings = {
                $0.decisionTime = .milliseconds(150)
                $0.lookUpTime = .milliseconds(150)
            }
        }
        try await LiveWorld.withDemo(changes) { live, demo in
            Self.fixHeaders(demo)
            let reader = try await live.reader(.full, at: demo)
            for _ in 0..<3 { try await Self.expectUntouched(reader) }
            #expect(live.counters.value(of: .pageEdited) == 0)
            let troubles = live.counters.value(of: .pageUntouchedByFailure) + live.counters.value(of: .identityFailed)
                + live.counters.value(of: .pageWithoutRecommendation)
            if !hangs, trouble != .peopleFail { #expect(troubles == 3) }
        }
    }

    enum CheckTrouble: Sendable { case status(Int), html, wrongJSON, empty, hang, late }

    @Test(arguments: ["/api/v1/statuses", "/api/v1/accounts/relationships"], [
        CheckTrouble.status(401), .status(404), .status(429), .status(500), .html, .wrongJSON, .empty, .hang, .late,
    ])
    func `a display check without an answer shows nothing`(route: String, trouble: CheckTrouble) async throws {
        let changes = LiveWorld.Changes(settings: { $0.decisionTime = .milliseconds(150) })
        try await LiveWorld.withDemo(changes) { live, demo in
            Self.fixHeaders(demo)
            let reader = try await live.reader(.full, at: demo)
            for route in [route, route + "/:id"] {
                demo.faults.set(route) {
                    switch trouble {
                    case .status(let status): $0.status = status
                    case .html: $0.body = .html
                    case .wrongJSON: $0.body = .bytes(Array(#"{"a":[1,2"#.utf8))
                    case .empty: $0.body = .bytes([])
                    case .hang: $0.body = .hang
                    case .late: $0.latency = .seconds(5)
                    }
                }
            }
            try await Self.expectUntouched(reader)
            #expect(live.counters.value(of: .pageEdited) == 0)
            #expect(try await reader.history().placements.isEmpty)
        }
    }

    @Test(arguments: ["off by the person", "off by the operator", "level none", "refused for once", "nobody's token", "no token"])
    func `ranking that is off leaves every byte`(how: String) async throws {
        let changes = LiveWorld.Changes(settings: { if how == "off by the operator" { $0.recommendationsPerPage = 0 } })
        try await LiveWorld.withDemo(changes) { live, demo in
            Self.fixHeaders(demo)
            var reader = try await live.reader(how == "level none" ? .none : .full, at: demo)
            switch how {
            case "off by the person":
                let setting = try #require(PrivacyPolicy().permit(setting: Setting(name: "mode", value: "off"), for: reader.viewer))
                try await live.storage.preferences.set(setting)
            case "refused for once":
                let direct = try await reader.direct("GET", Self.home)
                #expect(try await reader.send("GET", Self.home + "&inject=false").body == direct.body)
                return
            case "nobody's token": reader = LiveReader(live: live, token: "wrong", viewer: reader.viewer, accountID: "0")
            case "no token":
                let direct = try await send(port: Int(live.instance.authority.split(separator: ":")[1])!, Self.home)
                #expect(direct.status == 401)
                let through = try await send(port: live.port, Self.home)
                #expect(through.status == 401 && through.body == direct.body)
                return
            default: break
            }
            try await Self.expectUntouched(reader)
            #expect(live.counters.value(of: .pageEdited) == 0)
            if how == "level none" { #expect(try await live.rows(about: reader).values.allSatisfy(\.isEmpty)) }
        }
    }

    @Test(arguments: [206, 401, 403, 404, 410, 422, 429, 500, 503])
    func `a refusal of the instance reaches the client as it is`(status: Int) async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.full, at: demo)
            Self.fixHeaders(demo, status: status)
            try await Self.expectUntouched(reader)
            #expect(live.counters.value(of: .pageEdited) == 0)
        }
    }
}
