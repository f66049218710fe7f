import Fediverse
import Glibc
import Postgres
import Store
import TestSupport
import Testing

/// What the store of a test stands on.
enum Engine: Sendable {
    case sqlite, postgres

    /// The engine of the test that runs.
    @TaskLocal static var current = Engine.sqlite

    static let all: [Engine] = PostgresServer.citus != nil ? [.postgres] : PostgresServer.address == nil ? [.sqlite] : [.sqlite, .postgres]
}

/// Runs each test of a suite on every engine that is there.
struct EveryEngine: SuiteTrait, TestTrait, TestScoping {
    var isRecursive: Bool { true }

    func provideScope(for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void) async throws {
        // The suite itself is passed through: its tests come here by themselves.
        guard testCase != nil else { return try await function() }
        for engine in Engine.all { try await Engine.$current.withValue(engine, operation: function) }
    }
}

extension Trait where Self == EveryEngine {
    /// On SQLite, and on PostgreSQL where `scripts/test` has started one.
    static var onEveryEngine: EveryEngine { EveryEngine() }
}

struct EngineTests {
    @Test(.enabled(if: PostgresServer.address != nil, .init(rawValue: PostgresServer.isMissing)))
    func `the repositories' tests run on PostgreSQL, too`() { #expect(Engine.all == [.sqlite, .postgres]) }
}

/// Where one test's store is: a file in a folder of its own, or a database of its own on the tests' server.
struct StorePlace: Sendable {
    let location: StoreLocation
    /// The file; empty on a server.
    let path: String

    /// Lends a fresh place and removes it afterwards.
    static func with(_ engine: Engine, _ body: (StorePlace) async throws -> Void) async throws {
        switch engine {
        case .sqlite:
            let folder = try TemporaryFolder()
            let path = folder.path + "/sheltie.db"
            try await body(StorePlace(location: .sqlite(path: path), path: path))
            withExtendedLifetime(folder) {}
        case .postgres:
            // Each store holds five sessions of the server's hundred.
            await Turns.shared.take()
            let result = if let citus = PostgresServer.citus { await withSchema(on: citus, body) } else { await withDatabase(body) }
            await Turns.shared.giveBack()
            try result.get()
        }
    }

    /// A schema of its own on a Citus cluster, distributed.
    private static func withSchema(on citus: String, _ body: (StorePlace) async throws -> Void) async -> Result<Void, any Error> {
        do {
            let name = await Turns.shared.name()
            let owner = try PostgresConnection(PostgresSettings(url: citus))
            try owner.script("CREATE SCHEMA \(name)")
            defer { try? owner.script("DROP SCHEMA \(name) CASCADE") }
            let url = citus + (citus.contains("?") ? "&" : "?") + "options=-csearch_path%3D\(name)"
            try await Storage.open(.postgres(url: url), role: .command, now: noon).shutdown()
            let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
            try runToEnd(["psql", "--no-psqlrc", "--quiet", "--output", "/dev/null", "--file", root + "/deploy/citus.sql", url])
            try await body(StorePlace(location: .postgres(url: url), path: ""))
            return .success(())
        } catch {
            return .failure(error)
        }
    }

    private static func withDatabase(_ body: (StorePlace) async throws -> Void) async -> Result<Void, any Error> {
        do {
            let name = await Turns.shared.name()
            let owner = try PostgresConnection(PostgresSettings(url: PostgresServer.address()))
            try owner.script("CREATE DATABASE \(name)")
            defer { try? owner.script("DROP DATABASE \(name) WITH (FORCE)") }
            try await body(StorePlace(location: .postgres(url: PostgresServer.address(database: name)), path: ""))
            return .success(())
        } catch {
            return .failure(error)
        }
    }
}

/// Removes bytes. On a server it is repeated as long as another test's session, in a database of its own, holds them back.
func untilDone(_ remove: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(60)
    while try await !remove() { try #require(Engine.current == .postgres && ContinuousClock.now < end) }
}

/// Who may use the server now, and under which name.
private actor Turns {
    static let shared = Turns()

    private var free = 8
    private var names = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func take() async {
        if free > 0 { free -= 1 } else { await withCheckedContinuation { waiting.append($0) } }
    }

    func giveBack() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }

    func name() -> String {
        names += 1
        return "store_\(getpid())_\(names)"
    }
}
