import Database
import DemoInstance
import Fediverse
import Glibc
import LoopbackClient
import Privacy
import TestSupport
import Testing

extension ServiceTests {
    /// Promise 4: account id, handle, name, token, address and agent of a person we serve are never at rest, in no log and
    /// no report, also when that person posts in public.
    struct AliasesOnlyTests {
        @Test func `after requests of FULL people who also post, no byte at rest names one of them`() async throws {
            let test = LargeTest("byte-search-requests", seed: 5)
            try await Upstream.serving(people: 80, posts: 1_200) { upstream in
                let place = try Place(upstream: upstream.address)
                let names = [
                    ("zwoelfelbein_quast", "Zwölfelbein Quastenflosser"), ("mirabell_ofenlicht", "Mirabell Ofenlicht \u{1F415}"),
                    ("tuschkasten_wiebel", "Tuschkasten \"Wiebel\" von Ö"), ("haferkorn_sommerlid", "Haferkorn & Sommerlid"),
                ]
                let people = try names.map { try Visitor($0.0, named: $0.1, at: upstream) }
                for visitor in people { try await visitor.settle(following: 12) }
                for (visitor, other) in zip(people, people.dropFirst() + people.prefix(1)) {
                    try await visitor.accepted("POST", "/api/v1/accounts/\(other.accountID)/follow")
                }
                let settings = [
                    "--listen", "127.0.0.1:0", "--ingest-interval", "1", "--request-budget", "100000", "--log-level", "trace",
                    "--metrics-listen", "127.0.0.1:0",
                ]
                let words = people.flatMap { Self.words(of: $0, place) } + [Visitor.agent, Visitor.address]
                let search = ByteSearch(words)
                try Self.controls(search)
                try await place.serving(settings) { program, port in
                    for visitor in people {
                        try await place.run(["privacy", "set"], ["--level", "FULL", "--token-stdin"], input: visitor.token)
                    }
                    let started = program.lines.count
                    #expect(started > 1, "it tells of its own start")
                    let here = people.map { $0.at(port) }
                    let (posted, refusals) = try await Acts(people: here, upstream: upstream).run(requests: test.planned)
                    let rows = StoredRows(place)
                    try await eventually("the people's own posts are candidates") {
                        let stored = Set(try rows.texts("SELECT local_id FROM post_metadata WHERE local_id IS NOT NULL"))
                        return posted.allSatisfy(stored.contains)
                    }
                    #expect(try rows.count("SELECT count(*) FROM user_interactions") > 0)
                    #expect(try rows.count("SELECT count(*) FROM recommendation_logs") > 0)
                    try await Self.tellAbout(people, place, program, refusals: refusals)
                    try Self.expectNothing(search, place, when: "while it serves")
                    // The product's own search says the same, while the database is in use.
                    try await place.run(["privacy", "prove"], ["--words-stdin"], input: words.joined(separator: "\n") + "\n")
                    #expect(program.output.isEmpty)
                    #expect(program.lines.dropFirst(started) == [], "no line for a request")
                }
                try Self.expectNothing(search, place, when: "after it has ended")
                let log = place.data + "/log"
                try await place.run(["privacy", "prove"], ["--words-stdin", "--log", log], input: words.joined(separator: "\n") + "\n")
                test.finish(done: test.planned, failed: 0)
            }
        }

        private static func words(of visitor: Visitor, _ place: Place) -> [String] {
            [visitor.token, visitor.accountID, visitor.username, visitor.displayName, "@\(visitor.username)@meadow.example", "\(visitor.username)@\(place.domain)"]
        }

        /// The search finds every form of every word where it is planted: or else it would prove nothing.
        private static func controls(_ search: ByteSearch) throws {
            for needle in search.needles {
                #expect(search.found(in: Array("before ".utf8) + needle.bytes + Array(" after".utf8)).contains(needle))
            }
            #expect(search.found(in: Array("nothing of anybody".utf8)).isEmpty)
        }

        /// What the program says about and to people, put beside the database: reports, exports, log, arguments, refusals.
        private static func tellAbout(_ people: [Visitor], _ place: Place, _ serving: Program, refusals: String) async throws {
            for (number, visitor) in people.enumerated() {
                for (name, command) in [("report", ["privacy", "report"]), ("export", ["privacy", "export"]), ("json", ["privacy", "report", "--json"])] {
                    let program = try await place.run(command, ["--token-stdin"], input: visitor.token)
                    let alias = try visitor.alias(at: place)
                    #expect(program.output.contains(alias.prefix(12)), "the report is about this person")
                    try write((program.output + program.errors).utf8, to: place.data + "/\(name)-\(number)")
                }
                // A token that the instance does not know, and a level that does not exist.
                for (more, code) in [(["--level", "FULL"], Int32(77)), (["--level", "SOME"], 64)] {
                    let program = try place.start(["privacy", "set"], more + ["--token-stdin"], input: code == 77 ? visitor.token + visitor.token : visitor.token)
                    #expect(try await program.ended() == .init(code: code))
                    try write((program.output + program.errors).utf8, to: place.data + "/refused-\(number)-\(code)")
                }
            }
            // Somebody may be an author, too, and ask about that.
            var asked = ""
            for visitor in people {
                for (verb, code) in [("code", 200), ("opt-out", 403), ("opt-in", 403)] {
                    let reply = try await LoopbackClient.send(
                        "POST", port: serving.port(), "/sheltie/api/v1/authors/" + verb, headers: [("Content-Type", "application/x-www-form-urlencoded")],
                        body: Array("account=\(visitor.username)".utf8))
                    #expect(reply.status == code)
                    asked += reply.text
                }
            }
            let metrics = try await LoopbackClient.send("GET", port: metricsPort(of: serving), "/metrics")
            #expect(metrics.status == 200 && metrics.text.contains("sheltie_events_total"))
            try write((asked + metrics.text).utf8, to: place.data + "/metrics")
            try write(refusals.utf8, to: place.data + "/refusals")
            try write(serving.errors.utf8, to: place.data + "/log")
            try write(bytes(of: "/proc/\(serving.pid)/cmdline") + bytes(of: "/proc/\(serving.pid)/environ"), to: place.data + "/process")
        }

        private static func expectNothing(_ search: ByteSearch, _ place: Place, when: String) throws {
            let files = contents(of: place.data)
            #expect(files.keys.contains("sheltie.db") && files.keys.contains("log") && files.keys.contains("report-0") && files.keys.contains("metrics"))
            for (name, bytes) in files {
                for needle in search.found(in: bytes) { Issue.record("\(needle.word) as \(needle.form) stands in \(name) \(when)") }
            }
        }
    }

    /// What the people do, in turn.
    private struct Acts {
        let people: [Visitor]
        let upstream: Upstream

        /// - Returns: the ids of public posts that were made, and all that was said in refusals.
        func run(requests: Int) async throws -> (posted: [String], refusals: String) {
            let statuses = try await people[0].at(upstream.port).publicStatuses(pages: 3)
            var posted: [String] = []
            var refusals = ""
            var below: [String: String] = [:]
            for number in 0..<requests {
                let visitor = people[number % people.count]
                let turn = number / people.count
                let status = statuses[turn * 7 % statuses.count]
                switch turn % 10 {
                case 0, 5:
                    let page = try await visitor.statuses("/api/v1/timelines/home?limit=40" + (below[visitor.token].map { "&max_id=" + $0 } ?? ""))
                    below[visitor.token] = page.last?.id
                case 1: try await visitor.accepted("POST", "/api/v1/statuses/\(status.id)/favourite")
                case 2: try await visitor.accepted("POST", "/api/v1/statuses/\(status.id)/reblog")
                case 3: try await visitor.accepted("POST", "/api/v1/statuses/\(status.id)/bookmark")
                case 4:
                    let reply = try await visitor.accepted("POST", "/api/v1/statuses", form: "status=A+walk+number+\(number)&visibility=public")
                    posted.append(try StatusReader.status(in: reply.body).id)
                case 6:
                    guard let mine = posted.last else { continue }
                    try await visitor.accepted("POST", "/api/v1/statuses", form: "status=Which+way%3F&in_reply_to_id=\(mine)")
                case 7:
                    guard let mine = posted.first else { continue }
                    try await visitor.accepted("POST", "/api/v1/statuses/\(mine)/favourite")
                case 8: try await visitor.accepted("GET", "/api/v1/accounts/\(visitor.accountID)/statuses")
                default:
                    for reply in [
                        try await visitor.send("GET", "/api/v1/timelines/home", token: visitor.token + "x"),
                        try await visitor.send("GET", "/api/v1/timelines/home?access_token=\(visitor.token)"),
                        try await visitor.send("POST", "/sheltie/\(visitor.username)?token=\(visitor.token)"),
                        try await visitor.send("GET", "/api/v1/statuses/77"),
                    ] {
                        #expect(reply.status >= 400)
                        refusals += reply.text + "\n"
                    }
                }
            }
            return (posted, refusals)
        }
    }
}
