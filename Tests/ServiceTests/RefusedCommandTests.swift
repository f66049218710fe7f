import Database
import Fediverse
import Glibc
import LoopbackClient
import Privacy
import SQLite
import TestSupport
import Testing

extension ServiceTests {
    /// A command that cannot do its work now says so in one line with its code, and leaves every row and file as it was.
    struct RefusedCommandTests {
        /// Nothing listens there.
        private static func settled() async throws -> Place {
            let place = try Place(upstream: "http://127.0.0.1:9")
            try await place.run(["privacy", "anonymize"])
            return place
        }

        private func expectRefusal(
            _ command: [String], in place: Place, saying words: String, input: String = "", sourceLocation: SourceLocation = #_sourceLocation
        ) async throws {
            let before = RefusedStartTests.files(of: place)
            let program = try place.start(command, input: input)
            #expect(try await program.ended() == .init(code: 69), "\(program.errors)", sourceLocation: sourceLocation)
            #expect(program.errors.hasPrefix("sheltie: ") && program.errors.contains(words), "\(program.errors)", sourceLocation: sourceLocation)
            #expect(program.errors.split(separator: "\n").count == 1, "\(program.errors)", sourceLocation: sourceLocation)
            #expect(program.output.isEmpty, sourceLocation: sourceLocation)
            let isUnchanged = RefusedStartTests.files(of: place) == before
            #expect(isUnchanged, "a file was left or changed: \(names(in: place.data))", sourceLocation: sourceLocation)
        }

        @Test func `an ingest that reaches nobody fails and changes nothing`() async throws {
            try await expectRefusal(["ingest", "--once"], in: Self.settled(), saying: "cannot be reached")
            // Nor is a database made for an address that may be mistyped.
            try await expectRefusal(["ingest", "--once"], in: Place(), saying: "cannot be reached")
        }

        @Test func `an ingest whose every question goes unanswered has failed and moves no cursor`() async throws {
            let upstream = ScriptedServer { request, connection in
                connection.answer(request.path == "/robots.txt" ? 404 : 502, [], "")
            }
            let place = try Place(upstream: "http://" + upstream.authority)
            let program = try place.start(["ingest", "--once"])
            #expect(try await program.ended() == .init(code: 69))
            #expect(program.errors == "sheltie: the instance cannot be reached, or gives no usable answer; nothing was read\n")
            #expect(program.output.isEmpty)
            let rows = try StoredRows(leftAt: place)
            #expect(try rows.count("SELECT count(*) FROM ingest_cursors") == 0)
            #expect(try rows.texts("SELECT outcome FROM job_runs") == ["failed"])
        }

        @Test(arguments: [
            ["privacy", "report"], ["privacy", "set", "--level", "FULL"], ["privacy", "export"], ["privacy", "erase", "--confirm"],
            ["preferences", "set", "label", "reblog"], ["interactions", "list"], ["update_privacy", "--level", "FULL"],
        ])
        func `a token whose instance cannot be asked changes nothing`(command: [String]) async throws {
            try await expectRefusal(
                command + ["--token-stdin"], in: Self.settled(), saying: "cannot be asked whose token this is", input: "a-token-of-nobody\n")
        }

        @Test func `a command that only looks writes nothing, whoever is named by a token`() async throws {
            let upstream = ScriptedServer { _, connection in
                connection.answer(200, [("Content-Type", "application/json")], #"{"id":"7","username":"a","acct":"a","uri":"https://s.example/users/a"}"#)
            }
            let place = try Place(upstream: "http://" + upstream.authority)
            try await place.run(["privacy", "anonymize"])
            let list = try await place.run(["interactions", "list", "--token-stdin"], input: "a-token\n")
            #expect(list.output == "Nothing is kept.\n")
            try SQLiteConnection(path: place.database, access: .writer).run("DELETE FROM key_ids")
            let refused = try place.start(["interactions", "list", "--token-stdin"], input: "a-token\n")
            #expect(try await refused.ended() == .init(code: 78))
            #expect(refused.errors.split(separator: "\n").count == 1 && refused.output.isEmpty, "\(refused.errors)")
            #expect(try StoredRows(leftAt: place).count("SELECT count(*) FROM key_ids") == 0)
        }

        @Test func `a database that is served is neither wiped nor reset`() async throws {
            let place = try await Self.settled()
            try await place.serving { _, port in
                for command in [["db", "wipe", "--confirm"], ["wipe_database", "--confirm"], ["setup", "--reset"]] {
                    let program = try place.start(command)
                    #expect(try await program.ended() == .init(code: 69), "\(command)")
                    #expect(program.errors == "sheltie: another sheltie serves this database file already\n", "\(command)")
                    #expect(program.output.isEmpty, "\(command)")
                    let rows = StoredRows(place)
                    #expect(try rows.count("SELECT count(*) FROM tenants") == 1 && rows.count("SELECT count(*) FROM key_ids") == 1, "\(command)")
                }
                #expect(try await send(port: port, "/sheltie/health/ready").status == 200)
            }
            try await place.run(["db", "wipe", "--confirm"])
            #expect(try StoredRows(leftAt: place).count("SELECT count(*) FROM tenants") == 0)
        }
    }
}
