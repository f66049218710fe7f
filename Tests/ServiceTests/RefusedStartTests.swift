import Database
import DemoInstance
import Fediverse
import Glibc
import LoopbackClient
import Privacy
import SQLite
import TestSupport
import Testing

extension ServiceTests {
    /// A start that cannot be right ends with one clear line, the code of its kind (sysexits.h), and nothing changed.
    struct RefusedStartTests {
        /// The lock's own file is empty and always stays; SQLite leaves an empty log beside a file that it cannot read.
        static func files(of place: Place) -> [String: [UInt8]] {
            contents(of: place.data).filter { !$0.key.hasSuffix(".lock") && !$0.key.hasSuffix("-shm") && !($0.key.hasSuffix("-wal") && $0.value.isEmpty) }
        }

        /// Starts, and wants the refusal.
        private func expectRefusal(
            _ program: Program, _ code: Int32, saying words: String, changing place: Place, from before: [String: [UInt8]],
            sourceLocation: SourceLocation = #_sourceLocation
        ) async throws {
            #expect(try await program.ended() == .init(code: code), sourceLocation: sourceLocation)
            let lines = program.errors.split(separator: "\n")
            #expect(lines.count == 1, "\(program.errors)", sourceLocation: sourceLocation)
            #expect(program.errors.hasPrefix("sheltie: ") && program.errors.contains(words), "\(program.errors)", sourceLocation: sourceLocation)
            #expect(program.output.isEmpty, sourceLocation: sourceLocation)
            let after = Self.files(of: place)
            // Compared outside of the macro, which would print every byte.
            let isUnchanged = after == before
            #expect(isUnchanged, "the refused start left or changed a file: \(after.keys.sorted())", sourceLocation: sourceLocation)
        }

        private func expectRefusal(
            of place: Place, _ code: Int32, saying words: String, _ more: [String] = Place.quiet, sourceLocation: SourceLocation = #_sourceLocation
        ) async throws {
            let before = Self.files(of: place)
            try await expectRefusal(
                place.start(["serve"], more), code, saying: words, changing: place, from: before, sourceLocation: sourceLocation)
        }

        /// A place with a database of today's schema.
        private func settled(upstream: String = "http://127.0.0.1:9") async throws -> Place {
            let place = try Place(upstream: upstream)
            try await place.run(["privacy", "anonymize"])
            return place
        }

        @Test func `a second service on the same file is refused, and the first serves on`() async throws {
            let place = try await settled()
            try await place.serving { _, port in
                // The first one's own jobs write these.
                let jobs: Set = ["job_runs", "leases", "ingest_cursors", "sqlite_sequence"]
                func state() throws -> (rows: [String: [String]], files: [String]) {
                    // SQLite makes and removes the log's files as the first one needs them.
                    try (StoredRows(place).dump(without: jobs), names(in: place.data).filter { !$0.hasSuffix("-wal") && !$0.hasSuffix("-shm") })
                }
                // Until the first runs of its jobs are over.
                var before = try state()
                for _ in 0..<20 {
                    try await Task.sleep(for: .milliseconds(500))
                    let now = try state()
                    if now == before { break }
                    before = now
                }
                let second = try place.start(["serve"], Place.quiet)
                #expect(try await second.ended() == .init(code: 69))
                #expect(second.errors == "sheltie: another sheltie serves this database file already\n")
                let isUnchanged = try state() == before
                #expect(isUnchanged, "the refused start changed what the first serves")
                #expect(try await send(port: port, "/sheltie/health/ready").status == 200)
            }
        }

        @Test func `a port that is taken is named`() async throws {
            try await Upstream.serving(people: 10, posts: 40) { upstream in
                let place = try await settled()
                try await expectRefusal(
                    of: place, 69, saying: "port \(upstream.port) on 127.0.0.1 is taken", ["--listen", "127.0.0.1:\(upstream.port)"])
            }
        }

        @Test func `an instance that cannot be reached is answered 502, while the service lives and is ready for it`() async throws {
            let place = try await settled()
            try await place.serving { _, port in
                let reply = try await send(port: port, "/api/v1/timelines/home", headers: [("Authorization", "Bearer a-token-of-nobody")])
                #expect(reply.status == 502)
                #expect(reply.text == #"{"error":"the instance cannot be reached"}"#)
                #expect(try await send(port: port, "/sheltie/health/live").status == 200)
                #expect(try await send(port: port, "/sheltie/health/ready").status == 200)
            }
        }

        struct BadKey: Sendable {
            let text: String
            var mode: mode_t = 0o600
        }

        @Test(arguments: [
            BadKey(text: "short"), BadKey(text: String(repeating: "7", count: 32)),
            BadKey(text: "0123456789abcdefghijklmnopqrstuv", mode: 0o644),
            BadKey(text: "nothing like sixty-four hexadecimal digits, yet as long as them."),
        ])
        func `a key that is short, of one byte, open to others or no key at all is refused`(key: BadKey) async throws {
            let place = try await settled()
            try write(key.text.utf8, to: place.key, mode: key.mode)
            try await expectRefusal(of: place, 78, saying: "key")
        }

        @Test func `a key file that is missing, or the key of another installation, is refused`() async throws {
            let place = try await settled()
            unlink(place.key)
            try await expectRefusal(of: place, 78, saying: "key")
            _ = try KeyRing.create(at: place.key)
            try await expectRefusal(of: place, 78, saying: "key")
        }

        @Test func `a database of a newer program is refused`() async throws {
            let place = try await settled()
            do {
                let connection = try SQLiteConnection(path: place.database, access: .writer)
                try connection.run("INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES (9000, 'future', 'x', 1)")
                try connection.script("PRAGMA wal_checkpoint(TRUNCATE)")
            }
            try await expectRefusal(of: place, 65, saying: "schema version 9000")
        }

        enum Damage: CaseIterable, Sendable { case noise, truncated, headless, zeroedMiddle }

        @Test(arguments: Damage.allCases)
        func `a damaged database is refused and left as it is`(damage: Damage) async throws {
            let place = try await settled()
            var file = bytes(of: place.database)
            var random = SeededGenerator(seed: 4)
            switch damage {
            case .noise: file = (0..<40_000).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            case .truncated: file.removeLast(file.count / 2)
            case .headless: for place in 16..<100 { file[place] = UInt8.random(in: .min ... .max, using: &random) }
            // Inside the tables: the header and the schema are well.
            case .zeroedMiddle: for place in (file.count - 60 * 1_024)..<(file.count - 20 * 1_024) { file[place] = 0 }
            }
            try write(file, to: place.database)
            try await expectRefusal(of: place, 65, saying: "damaged")
        }

        @Test func `a settings file that is missing or says what is no setting is refused`() async throws {
            let place = try await settled()
            try await expectRefusal(of: place, 66, saying: "settings file cannot be read", Place.quiet + ["--config", place.folder + "/none.yaml"])
            let file = place.folder + "/sheltie.yaml"
            try write("upstraem: https://social.example\n".utf8, to: file)
            try await expectRefusal(of: place, 78, saying: "'upstraem', which is no setting", Place.quiet + ["--config", file])
            unlink(file)
            let before = Self.files(of: place)
            let program = try Program(["serve"] + place.flags, environment: ["SHELTIE_UPSTRAEM": "https://social.example"], folder: place.folder)
            try await expectRefusal(program, 78, saying: "SHELTIE_UPSTRAEM is no setting", changing: place, from: before)
            let flag = try place.start(["serve"], ["--upstraem", "https://social.example"])
            #expect(try await flag.ended() == .init(code: 64))
            #expect(flag.errors.contains("Unknown option '--upstraem'"))
        }

        @Test(arguments: [
            (["--listen", "somewhere"], "--listen must be HOST:PORT"), (["--listen", "0.0.0.0:0"], "clients' tokens need TLS"),
            (["--default-level", "SOME"], "--default-level must be one of"), (["--content-days", "8"], "--content-days must be a number"),
            (["--decision-milliseconds", "0"], "--decision-milliseconds must be a number"), (["--log-level", "loud"], "--log-level must be one of"),
            (["--ingest-sources", "everything"], "--ingest-sources knows"), (["--policy", "magic"], "--policy must be one of"),
        ])
        func `a setting that cannot be is named with what it may be`(flags: [String], words: String) async throws {
            let place = try await settled()
            try await expectRefusal(of: place, 78, saying: words, (flags[0] == "--listen" ? [] : ["--listen", "127.0.0.1:0"]) + flags)
        }

        @Test func `a database that cannot be made where it is wanted is refused`() async throws {
            for folder in ["/proc", "none", "key"] {
                let place = try Place()
                let path = folder.hasPrefix("/") ? folder : place.folder + "/" + folder
                let program = try Program(
                    ["serve", "--upstream", place.upstream, "--allow-loopback-upstream", "--key-file", place.key, "--database", path + "/sheltie.db"]
                        + Place.quiet, folder: place.folder)
                try await expectRefusal(program, 73, saying: "the database cannot be made", changing: place, from: [:])
                #expect(names(in: place.folder) == ["data", "key"])
            }
        }
    }
}
