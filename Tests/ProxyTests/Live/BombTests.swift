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

/// The program itself before an instance that sends a page which unpacks to a gibibyte.
struct BombTests {
    /// The most that one such page may add to the program's memory.
    private static let growth = 32 << 20

    @Test func `a page that unpacks to a gibibyte is passed on as it is, in little memory`() async throws {
        // A megabyte on the wire: 1,024 members of gzip, each a mebibyte of zeros.
        let member = gzip([UInt8](repeating: 0, count: 1 << 20), level: 9)
        let bomb = Array(repeatElement(member, count: 1_024).joined())
        #expect(bomb.count < 2 << 20)
        let small = gzip(Array("[]".utf8))
        let instance = ScriptedInstance { request, connection in
            let fields = ScriptedInstance.json + [("Content-Encoding", "gzip")]
            connection.answer(200, fields, request.target.contains("bomb") ? bomb : small)
        }
        let folder = try TemporaryFolder()
        try await Self.prepare(folder.path, authority: instance.server.authority)
        let program = try await RunningProgram(arguments: [
            "serve", "--upstream", "http://" + instance.server.authority, "--allow-loopback-upstream", "--database", folder.path + "/sheltie.db",
            "--key-file", folder.path + "/sheltie.key", "--listen", "127.0.0.1:0", "--robots", "own", "--log-level", "error",
        ])
        let headers = [("Authorization", "Bearer a-token"), ("User-Agent", "Mozilla/5.0"), ("Accept-Encoding", "gzip")]
        for _ in 0..<20 { _ = try await send(port: program.port, "/api/v1/timelines/home", headers: headers) }
        try program.forgetPeak()
        let before = try program.peak()
        for _ in 0..<5 {
            let reply = try await send(port: program.port, "/api/v1/timelines/home?bomb", headers: headers)
            #expect(reply.status == 200 && reply["Content-Encoding"] == "gzip")
            #expect(reply.body == bomb, "other bytes")
        }
        let grown = try program.peak() - before
        #expect(grown < Self.growth, "grew by \(grown >> 20) MiB")
        print("a gzip bomb of 1 GiB grows the program by \(grown >> 10) KiB at its peak")
        program.end()
        withExtendedLifetime(folder) {}
    }

    /// A database in which the instance's one person has chosen LIMITED.
    private static func prepare(_ folder: String, authority: String) async throws {
        let now = LiveWorld.noon
        let pseudonymizer = Pseudonymizer(try MasterKey.create(at: folder + "/sheltie.key"))
        let storage = try await Storage.open(.sqlite(path: folder + "/sheltie.db"), role: .serve, now: now)
        let tenant = try await storage.tenant(domain: authority, at: now)
        try await storage.registerKey(id: pseudonymizer.keyID, in: tenant, at: now)
        let alias = try pseudonymizer.alias(domain: authority, accountID: "1")
        _ = try await storage.people.setLevel(.limited, of: alias, in: tenant, at: now)
        await storage.shutdown()
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
