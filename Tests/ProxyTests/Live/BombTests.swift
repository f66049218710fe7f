import Curl
import DemoInstance
import Dispatch
import Fediverse
import Glibc
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

/// The program itself before an instance that sends a page which unpacks to two gibibytes, or that fails in other ways many times at once.
@Suite(.serialized) struct BombTests {
    /// The most that an instance may add to the program's memory.
    private static let growth = 32 << 20
    private static let home = "/api/v1/timelines/home"
    private static let headers = [("Authorization", "Bearer a-token"), ("User-Agent", "Mozilla/5.0"), ("Accept-Encoding", "gzip, br")]

    /// Pages of gzip members, each of a mebibyte that is mostly zeros.
    enum Bomb: CaseIterable {
        /// Two gibibytes in two megabytes, which is refused for how well it is packed.
        case zeros
        /// 500 MiB in seven megabytes, packed a little less well, which is taken up to the limit.
        case belowTheRatio

        var bytes: [UInt8] {
            var random = SeededGenerator(seed: 17)
            let noise = (0..<(self == .zeros ? 0 : 12_000)).map { _ in UInt8.random(in: 0...255, using: &random) }
            let member = gzip(noise + [UInt8](repeating: 0, count: (1 << 20) - noise.count), level: 9)
            return Array(repeatElement(member, count: self == .zeros ? 2_048 : 500).joined())
        }
    }

    @Test(arguments: Bomb.allCases)
    func `a page that unpacks to far more than it is is tried and passed on as it is, in little memory`(kind: Bomb) async throws {
        let bomb = kind.bytes
        // Within what is taken to be edited.
        #expect(bomb.count < 8 << 20)
        let small = gzip(Array("[]".utf8))
        let instance = ScriptedInstance { request, connection in
            let fields = ScriptedInstance.json + [("Content-Encoding", "gzip")]
            connection.answer(200, fields, request.target.contains("bomb") ? bomb : small)
        }
        try await Self.serving(before: instance) { program in
            let grown = try await Self.peakGrowth(of: program) {
                for _ in 0..<5 {
                    let reply = try await send(port: program.port, Self.home + "?bomb", headers: Self.headers)
                    #expect(reply.status == 200 && reply["Content-Encoding"] == "gzip")
                    #expect(reply.body == bomb, "other bytes")
                }
            }
            #expect(grown < Self.growth, "grew by \(grown >> 20) MiB")
            print("a bomb of \(kind) grows the program by \(grown >> 10) KiB at its peak")
            Self.expectEdited(instance, "?bomb", pages: 5)
        }
    }

    enum Fault: String, Sendable, CaseIterable {
        case hangsBeforeHead, hangsInBody, drips, truncates, answersHTML, answers503, floodsTheHead, resets, isNoPage

        /// As an instance plays it; what hangs would hang on, but ends after two seconds, when all the others have come.
        func play(_ connection: ScriptedConnection) {
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2000000\r\n\r\n"
            switch self {
            case .hangsBeforeHead: usleep(2_000_000)
            case .hangsInBody:
                connection.write(Array(head.utf8) + Self.part)
                usleep(2_000_000)
            case .drips:
                connection.write(head)
                connection.drip(Array(repeating: UInt8(ascii: "["), count: 100), pause: 20, limit: 100)
            case .truncates: connection.write(Array(head.utf8) + Self.part)
            case .answersHTML: return connection.answer(200, [("Content-Type", "text/html")], Self.part)
            case .answers503: return connection.answer(503, [("Content-Type", "text/html"), ("Retry-After", "30")], Self.part)
            case .floodsTheHead:
                connection.write("HTTP/1.1 200 OK\r\n" + String(repeating: "X-Flood: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", count: 5_000))
            case .resets: break
            case .isNoPage: return connection.answer(200, ScriptedInstance.json, Self.part)
            }
            connection.close()
        }

        var isPassedOn: Bool { [.answersHTML, .answers503, .isNoPage].contains(self) }

        /// What the client has of it.
        var statuses: Set<Int> { self == .answers503 ? [503] : isPassedOn ? [200] : [502, 504] }

        /// A quarter of a mebibyte of a page that does not end.
        static let part = Array("[".utf8) + [UInt8](repeating: UInt8(ascii: " "), count: 256 << 10)
    }

    @Test(arguments: Fault.allCases)
    func `sixteen requests at once to an instance in trouble cost little memory`(fault: Fault) async throws {
        let instance = ScriptedInstance { request, connection in
            if request.target.contains("fault") { fault.play(connection) } else { connection.answer(200, ScriptedInstance.json, "[]") }
        }
        try await Self.serving(before: instance) { program in
            let grown = try await Self.peakGrowth(of: program) {
                for _ in 0..<3 {
                    for reply in try await Self.atOnce(program, Self.home + "?fault") {
                        #expect(fault.statuses.contains(reply.status), "answered \(reply.status)")
                        if fault.isPassedOn { #expect(reply.body == Fault.part, "other bytes") }
                    }
                }
            }
            #expect(grown < Self.growth, "grew by \(grown >> 20) MiB")
            print("\(fault), 16 at once, grows the program by \(grown >> 10) KiB at its peak")
            Self.expectEdited(instance, "?fault", pages: 48)
        }
    }

    /// The program before this instance, whose one person has chosen FULL.
    private static func serving(before instance: ScriptedInstance, _ body: (RunningProgram) async throws -> Void) async throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        try await prepare(folder.path, authority: instance.server.authority)
        let program = try await RunningProgram(arguments: [
            "serve", "--upstream", "http://" + instance.server.authority, "--allow-loopback-upstream", "--database", folder.path + "/sheltie.db",
            "--key-file", folder.path + "/sheltie.key", "--listen", "127.0.0.1:0", "--robots", "own", "--log-level", "error",
            // A busy machine must not make a stranger of the reader.
            "--decision-milliseconds", "10000",
        ])
        defer { program.end() }
        // What memory ordinary pages take, as many at once.
        for _ in 0..<20 { _ = try await send(port: program.port, home, headers: headers) }
        for _ in 0..<2 { _ = try await atOnce(program, home) }
        try await body(program)
    }

    /// The most that the program's memory grew by while `body` ran, in bytes.
    private static func peakGrowth(of program: RunningProgram, _ body: () async throws -> Void) async throws -> Int {
        try program.forgetPeak()
        let before = try program.peak()
        try await body()
        return try program.peak() - before
    }

    private static func atOnce(_ program: RunningProgram, _ target: String) async throws -> [Reply] {
        try await withThrowingTaskGroup(of: Reply.self) { group in
            for _ in 0..<16 { group.addTask { try await send(port: program.port, target, headers: headers) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    /// The pages were tried: upstream was asked who it is, and for each page only for the encoding that can be edited, though the client
    /// takes another. At NONE, or for a stranger, the client's own words go on, as they do where a body is larger than we take to edit it
    /// and is asked for once more.
    private static func expectEdited(_ instance: ScriptedInstance, _ mark: String, pages: Int) {
        #expect(instance.server.requests.contains { $0.path == "/api/v1/accounts/verify_credentials" })
        let asked = instance.requests.filter { $0.path == home && $0.target.hasSuffix(mark) }.map { $0["Accept-Encoding"] }
        #expect(asked.count { $0 == "gzip" } >= pages)
        #expect(!asked.contains { $0 != "gzip" })
    }

    /// A database in which the instance's one person has chosen FULL.
    private static func prepare(_ folder: String, authority: String) async throws {
        let now = LiveWorld.noon
        _ = try KeyRing.create(at: folder + "/sheltie.key")
        let pseudonymizer = Pseudonymizer(try KeyRing.load(path: folder + "/sheltie.key"))
        let storage = try await Storage.open(.sqlite(path: folder + "/sheltie.db"), role: .serve, now: now)
        let tenant = try await storage.tenant(domain: authority, at: now)
        try await storage.registerKey(id: pseudonymizer.keyID, in: tenant, at: now)
        let alias = try pseudonymizer.alias(domain: authority, accountID: "1")
        let change = try await storage.people.setLevel(.full, of: alias, in: tenant, at: now)
        await storage.shutdown()
        try #require(change.viewer.level == .full)
    }
}

/// The built program, run until the test ends it.
private final class RunningProgram: Sendable {
    let port: Int
    private let process: pid_t

    init(arguments: [String]) async throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
        posix_spawn_file_actions_addclose(&actions, ends[0])
        var words: [UnsafeMutablePointer<CChar>?] = ([BuiltProgram.path] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var environment: [UnsafeMutablePointer<CChar>?] = [nil]
        var process: pid_t = 0
        let code = posix_spawn(&process, BuiltProgram.path, &actions, nil, &words, &environment)
        close(ends[1])
        try #require(code == 0, "the program is not built: \(BuiltProgram.path)")
        self.process = process
        guard let port = await Self.port(from: ends[0]) else {
            kill(process, SIGKILL)
            throw LoopbackError.malformedAnswer("the program did not become ready")
        }
        self.port = port
    }

    /// Reads the program's words until it says where it listens; what comes later is read and left.
    private static func port(from descriptor: Int32) async -> Int? {
        await withCheckedContinuation { continuation in
            DispatchQueue(label: "program.words").async {
                var said = ""
                var isReady = false
                var buffer = [UInt8](repeating: 0, count: 4_096)
                while case let count = read(descriptor, &buffer, buffer.count), count > 0 {
                    said += String(decoding: buffer[..<count], as: UTF8.self)
                    guard !isReady, let start = said.firstRange(of: "READY http://127.0.0.1:"), said[start.upperBound...].contains("\n") else {
                        continue
                    }
                    isReady = true
                    continuation.resume(returning: Int(said[start.upperBound...].prefix { $0.isNumber }))
                }
                close(descriptor)
                if !isReady { continuation.resume(returning: nil) }
            }
        }
    }

    /// Begins a new measurement of the most memory (proc(5), clear_refs).
    func forgetPeak() throws {
        let file = open("/proc/\(process)/clear_refs", O_WRONLY)
        try #require(file >= 0)
        defer { close(file) }
        try #require(write(file, "5", 1) == 1)
    }

    /// The most resident memory since then, in bytes.
    func peak() throws -> Int {
        let file = try #require(fopen("/proc/\(process)/status", "r"))
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, Int32(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if text.hasPrefix("VmHWM:") { return (Int(text.filter(\.isNumber)) ?? 0) << 10 }
        }
        throw LoopbackError.malformedAnswer("no VmHWM")
    }

    func end() {
        kill(process, SIGTERM)
        var status: Int32 = 0
        waitpid(process, &status, 0)
    }
}
