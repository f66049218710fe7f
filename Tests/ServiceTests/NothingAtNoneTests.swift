import Database
import DemoInstance
import Fediverse
import LoopbackClient
import TestSupport
import Testing

extension ServiceTests {
    /// Promise 3: until a person chooses a level, nothing about them is written anywhere.
    struct NothingAtNoneTests {
        @Test func `requests at level NONE leave the database's rows and bytes as they were, and no line in the log`() async throws {
            let test = LargeTest("none-requests", seed: 3)
            try await Upstream.serving { upstream in
                let place = try Place(upstream: upstream.address)
                let first = try Visitor("nobody_quastenfarn", named: "Nobody Quastenfarn", at: upstream)
                let second = try Visitor("nobody_lattichborn", named: "Nobody Lattichborn", at: upstream)
                for visitor in [first, second] { try await visitor.settle() }
                try await place.serving(Place.quiet + ["--log-level", "trace"]) { program, port in
                    let rows = StoredRows(place)
                    try await jobsRested(rows)
                    // What it says of its own start, at the level that tells most, is read here; a request's line would stand below it.
                    let started = program.lines
                    #expect(started.contains { $0.hasPrefix("READY ") } && started.contains { $0.contains("Z debug ") })
                    // Once around before the first look: what a process does only once is not about a person.
                    try await Round(first.at(port), upstream: upstream).run(requests: 24)
                    let before = try Look(place, rows, program)
                    #expect(before.dump["user_aliases"] == [])
                    #expect(before.dump["post_metadata"]?.isEmpty == false)

                    let done = try await Round(first.at(port), upstream: upstream).run(requests: test.planned)
                    let between = try Look(place, rows, program)
                    #expect(between.dump == before.dump)
                    let isSameBytes = between.files == before.files
                    #expect(isSameBytes, "a NONE person's requests changed a byte of the database or its log")

                    // Another person, the same way.
                    try await Round(second.at(port), upstream: upstream).run(requests: 24)
                    let after = try Look(place, rows, program)
                    #expect(after.dump == before.dump)
                    let added = after.log.dropFirst(started.count)
                    #expect(added.isEmpty, "\(added.count) lines for \(done + 48) requests, as \(added.first ?? "")")
                    #expect(program.output.isEmpty)
                    test.finish(done: done, failed: between.dump == before.dump && isSameBytes && added.isEmpty ? 0 : 1)
                }
            }
        }
    }

    /// All that can be seen of an installation.
    private struct Look {
        let dump: [String: [String]]
        let files: [String: [UInt8]]
        let log: [Substring]

        init(_ place: Place, _ rows: StoredRows, _ program: Program) throws {
            dump = try rows.dump()
            // The index of the log (-shm) holds readers' marks, and our own look is a reader.
            files = contents(of: place.data).filter { !$0.key.hasSuffix("-shm") }
            log = program.lines
        }
    }

    /// What a person does in an hour with a client, over and over.
    private struct Round {
        let visitor: Visitor
        let upstream: Upstream

        init(_ visitor: Visitor, upstream: Upstream) {
            self.visitor = visitor
            self.upstream = upstream
        }

        /// - Returns: requests that were answered as the instance answers them.
        @discardableResult
        func run(requests: Int) async throws -> Int {
            let statuses = try await visitor.at(upstream.port).publicStatuses(pages: 2)
            var older = "/api/v1/timelines/home?limit=20"
            for number in 0..<requests {
                let status = statuses[number / 24 % statuses.count]
                switch number % 24 {
                case 0: try await visitor.accepted("GET", "/api/v1/timelines/home?limit=40")
                case 1, 2, 3:
                    let page = try await visitor.accepted("GET", older)
                    #expect(page["X-Sheltie-Recommendations"] == nil)
                    let last = try StatusReader.statuses(in: page.body).last?.status.id
                    older = "/api/v1/timelines/home?limit=20" + (last.map { "&max_id=" + $0 } ?? "")
                case 4: try await visitor.accepted("POST", "/api/v1/statuses/\(status.id)/favourite")
                case 5: try await visitor.accepted("POST", "/api/v1/statuses/\(status.id)/reblog")
                case 6: try await visitor.accepted("POST", "/api/v1/statuses/\(status.id)/bookmark")
                case 7: try await visitor.accepted("POST", "/api/v1/statuses", form: "status=A+short+answer&in_reply_to_id=\(status.id)")
                case 8: try await visitor.accepted("POST", "/api/v1/statuses", form: "status=A+walk+in+the+rain&visibility=public")
                case 9: try await visitor.accepted("POST", "/api/v1/statuses/\(status.id)/unfavourite")
                case 10: try await visitor.accepted("POST", "/api/v1/statuses/\(status.id)/unreblog")
                case 11: try await visitor.accepted("POST", "/api/v1/statuses/\(status.id)/unbookmark")
                case 12: try await visitor.accepted("GET", "/api/v1/statuses/\(status.id)/context")
                case 13: try await visitor.accepted("GET", "/api/v1/accounts/verify_credentials")
                case 14: try await visitor.accepted("GET", "/api/v1/accounts/\(status.account.id)")
                case 15: try await visitor.accepted("GET", "/api/v1/accounts/\(status.account.id)/statuses")
                case 16: try await visitor.accepted("GET", "/api/v1/accounts/relationships?id[]=\(status.account.id)")
                case 17: try await visitor.accepted("GET", "/api/v1/lists")
                case 18: try await visitor.accepted("POST", "/api/v1/lists", form: "title=Gardens+\(number)")
                case 19: try await visitor.accepted("GET", "/api/v1/notifications?limit=20")
                case 20: try await visitor.accepted("GET", "/api/v2/search?q=garden")
                case 21: try await visitor.accepted("POST", "/api/v1/markers", form: "home[last_read_id]=\(status.id)")
                case 22: try await visitor.accepted("PATCH", "/api/v1/accounts/update_credentials", form: "note=Likes+rain")
                default: #expect(try await visitor.send("GET", "/api/v1/statuses/1").status == 404)
                }
            }
            return requests
        }
    }
}
