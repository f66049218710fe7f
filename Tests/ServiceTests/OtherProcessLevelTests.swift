import Database
import Fediverse
import LoopbackClient
import Privacy
import TestSupport
import Testing

extension ServiceTests {
    /// A person whose clients act through the service, while a command of another process sets the level.
    struct OtherProcessLevelTests {
        @Test func `after a command has set NONE nothing is there, whatever clients are doing at the service`() async throws {
            let test = LargeTest("level-other-process", seed: 45)
            try await Upstream.serving(people: 60, posts: 600) { upstream in
                let place = try Place(upstream: upstream.address)
                let visitor = try Visitor("flattergeist_quast", named: "Flattergeist", at: upstream)
                let statuses = try await visitor.publicStatuses(pages: 2)
                var kept = 0
                try await place.serving { _, port in
                    let rows = StoredRows(place)
                    try await jobsRested(rows)
                    for round in 0..<test.planned {
                        let command = Command(place: place, token: visitor.token)
                        try await command.set("FULL")
                        kept += try await Self.race(round, visitor.at(port), statuses, command, rows, seed: test.seed)
                        #expect(try Self.left(rows) == 0, "round \(round): a client's act came after NONE")
                    }
                }
                #expect(kept > test.planned, "hardly an act of \(kept) was kept: it proves nothing")
            }
            test.finish(done: test.planned, failed: 0)
        }

        private struct Command: Sendable {
            let place: Place
            let token: String
            func set(_ level: String) async throws {
                try await place.run(["privacy", "set"], ["--level", level, "--token-stdin"], input: token)
            }
        }

        private static func left(_ rows: StoredRows) throws -> Int {
            try ["user_aliases", "user_interactions", "author_preferences", "recommendation_logs"].reduce(0) {
                try $0 + rows.count("SELECT count(*) FROM \(raw: $1)")
            }
        }

        /// - Returns: acts that were kept before the level was NONE.
        private static func race(
            _ round: Int, _ visitor: Visitor, _ statuses: [Status], _ command: Command, _ rows: StoredRows, seed: UInt64
        ) async throws -> Int {
            try await withThrowingTaskGroup(of: Int.self) { group in
                for client in 0..<16 {
                    group.addTask {
                        var random = SeededGenerator(seed: seed &+ UInt64(round * 16 + client))
                        var kept = 0
                        for _ in 0..<12 {
                            let status = statuses[random.next(statuses.count)]
                            let reply = try await visitor.send("POST", "/api/v1/statuses/\(status.id)/\(random.next(3) == 0 ? "un" : "")favourite")
                            if reply["X-Sheltie-Kept"] == "yes" { kept += 1 }
                        }
                        return kept
                    }
                }
                group.addTask {
                    try await command.set("NONE")
                    // Acknowledged by its end, with the others still at it.
                    let left = try Self.left(rows)
                    #expect(left == 0, "round \(round): \(left) rows after NONE was acknowledged")
                    return 0
                }
                return try await group.reduce(0, +)
            }
        }
    }
}
