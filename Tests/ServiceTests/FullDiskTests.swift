import Database
import DemoInstance
import Fediverse
import Glibc
import LoopbackClient
import TestSupport
import Testing

extension ServiceTests {
    /// A data folder on a file system of 1 or 2 MiB, mounted in a namespace of the program's own, so that it goes with it.
    @Suite(.enabled(if: canMountFileSystems(), "a file system can be mounted in a namespace of its own"))
    struct FullDiskTests {
        private static func mounting(_ folder: String, _ options: String) -> [String] {
            ["/usr/bin/unshare", "-m", "/bin/sh", "-c", #"mount -t tmpfs -o \#(options) none "$0" && exec "$@""#, folder]
        }

        @Test func `on a full disk the client still gets its instance's answers, and space makes all well without a restart`() async throws {
            try await Upstream.serving(people: 60, posts: 600) { upstream in
                let place = try Place(upstream: upstream.address)
                let visitor = try Visitor("crowded_quastenfarn", named: "Crowded", at: upstream)
                try await visitor.settle(following: 10)
                let statuses = try await visitor.publicStatuses(pages: 2)
                let program = try Program(
                    ["serve"] + place.flags + Place.quiet + ["--default-level", "FULL"], folder: place.folder,
                    before: Self.mounting(place.data, "size=2m"))
                try await program.lending { program in
                    let here = visitor.at(try await program.port())
                    // The folder as the program sees it.
                    let data = "/proc/\(program.pid)/root\(place.data)"
                    try await here.accepted("POST", "/api/v1/statuses/\(statuses[0].id)/favourite")
                    #expect(try await Self.interactions(place, beside: program) == 1)

                    try await Self.becomes((200, #"{"status":"ok"}"#), here)

                    try Self.fill(data + "/filler")
                    for status in statuses.prefix(40) { try await here.accepted("POST", "/api/v1/statuses/\(status.id)/bookmark") }
                    for _ in 0..<5 { #expect(try await here.statuses("/api/v1/timelines/home?limit=20").count == 20) }
                    let kept = try await Self.interactions(place, beside: program)
                    #expect(kept < 41, "the disk was not full")
                    try await Self.becomes((503, #"{"error":"nothing can be written: the disk is full"}"#), here)

                    unlink(data + "/filler")
                    try await Self.becomes((200, #"{"status":"ok"}"#), here)
                    try await here.accepted("POST", "/api/v1/statuses/\(statuses[1].id)/reblog")
                    #expect(try await Self.interactions(place, beside: program) == kept + 1)
                    let check = try await Self.command(["db", "check"], place, beside: program)
                    #expect(check == "The database is whole.\n")
                }
                program.send(SIGTERM)
                #expect(try await program.ended() == .init(code: 0))
            }
        }

        @Test(arguments: [("size=16k", Int32(74), "the disk is full"), ("size=96k", 74, "the disk is full"), ("ro", 73, "the database cannot be made")])
        func `a database is not begun on a full or a read-only disk`(options: String, code: Int32, words: String) async throws {
            let place = try Place()
            let program = try Program(["serve"] + place.flags + Place.quiet, folder: place.folder, before: Self.mounting(place.data, options))
            #expect(try await program.ended() == .init(code: code), "\(program.errors)")
            #expect(program.errors.hasPrefix("sheltie: " + words) && program.errors.split(separator: "\n").count == 1, "\(program.errors)")
        }

        /// Readiness is looked at every few seconds, and asked for more often here.
        private static func becomes(_ wanted: (Int, String), _ visitor: Visitor) async throws {
            let start = ContinuousClock.now
            while true {
                let reply = try await visitor.send("GET", "/sheltie/health/ready")
                if (reply.status, reply.text) == wanted { return }
                try #require(ContinuousClock.now - start < .seconds(15), "\(reply.status) \(reply.text)")
                try await Task.sleep(for: .milliseconds(200))
            }
        }

        /// What a command says that sees the same disk as the program.
        private static func command(_ words: [String], _ place: Place, beside program: Program) async throws -> String {
            let command = try Program(words + place.flags, folder: place.folder, before: ["/usr/bin/nsenter", "-t", "\(program.pid)", "-m"])
            let ending = try await command.ended()
            guard ending == .init(code: 0) else { throw Program.Failure(description: "\(words): \(ending), \(command.errors)") }
            return command.output
        }

        private static func interactions(_ place: Place, beside program: Program) async throws -> Int {
            let info = try await command(["db", "info", "--json"], place, beside: program)
            guard let found = info.firstRange(of: #""user_interactions":"#), let count = Int(info[found.upperBound...].prefix { $0.isNumber }) else {
                throw Program.Failure(description: "db info gives no count")
            }
            return count
        }

        private static func fill(_ path: String) throws {
            let file = open(path, O_CREAT | O_WRONLY, 0o600)
            guard file >= 0 else { throw Program.Failure(description: "no filler: \(errno)") }
            defer { close(file) }
            for size in [65_536, 4_096, 1] {
                let part = [UInt8](repeating: 1, count: size)
                while write(file, part, size) == size {}
            }
        }
    }
}

func canMountFileSystems() -> Bool {
    guard let folder = try? temporaryFolder() else { return false }
    defer { removeTree(folder) }
    return system("/usr/bin/unshare -m /bin/mount -t tmpfs -o size=16k none \(folder) 2>/dev/null") == 0
}
