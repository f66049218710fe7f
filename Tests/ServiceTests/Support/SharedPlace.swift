import Database
import Glibc
import Postgres
import Store
import Synchronization
import TestSupport

/// An installation that several processes serve: its database is one of the tests' PostgreSQL server.
final class SharedPlace: Sendable {
    let place: Place
    private let database: String
    private static let made = Mutex(0)

    init(upstream: String) throws {
        place = try Place(upstream: upstream)
        let number = Self.made.withLock { made in
            made += 1
            return made
        }
        database = "instances_\(getpid())_\(number)"
        try PostgresConnection(PostgresSettings(url: PostgresServer.address())).script("CREATE DATABASE \(database)")
    }

    deinit { try? PostgresConnection(PostgresSettings(url: PostgresServer.address())).script("DROP DATABASE \(database) WITH (FORCE)") }

    /// - Parameter name: what the server calls the sessions.
    func address(for name: String = "test") -> String { PostgresServer.address(database: database, "application_name=\(name)") }

    /// For the test's own looks, which are not the program's statements.
    func connection() throws -> PostgresConnection {
        try PostgresConnection(PostgresSettings(url: PostgresServer.address(user: "looker", database: database)))
    }

    func start(
        _ command: [String] = ["serve"], as name: String = "command", _ more: [String] = [], input: String = "", environment: [String: String] = [:]
    ) throws -> Program {
        let flags = ["--upstream", place.upstream, "--allow-loopback-upstream", "--database", address(for: name), "--key-file", place.key]
        return try Program(command + flags + more, input: input, environment: environment, folder: place.folder)
    }

    func run(_ command: [String], _ more: [String] = [], input: String = "") async throws {
        let program = try start(command, more, input: input)
        let ending = try await program.ended()
        guard ending == .init(code: 0) else { throw Program.Failure(description: "\(command): \(ending), \(program.errors)") }
    }

    /// Serves by so many processes for the length of `body`, then ends each with SIGTERM.
    func serving<Result>(_ count: Int, _ more: [String] = Place.quiet, _ body: ([(program: Program, port: Int)]) async throws -> Result) async throws -> Result {
        let programs = try (1...count).map { try start(as: "serve\($0)", more) }
        do {
            var peers: [(program: Program, port: Int)] = []
            for program in programs { peers.append((program, try await program.port())) }
            let result = try await body(peers)
            for program in programs {
                program.send(SIGTERM)
                let ending = try await program.ended()
                guard ending == .init(code: 0) else { throw Program.Failure(description: "serve: \(ending), \(program.errors)") }
            }
            return result
        } catch {
            for program in programs { program.send(SIGKILL) }
            throw error
        }
    }

    func storage() async throws -> Storage { try await Storage.open(.postgres(url: address()), role: .command, now: now()) }

    func texts(_ statement: SQL) throws -> [String] { try connection().all(statement) { $0.text(0) } }

    func count(_ statement: SQL) throws -> Int { Int(try connection().first(statement) { $0.integer(0) } ?? 0) }

    /// Every table with all its rows.
    func dump(without left: Set<String> = []) throws -> [String: [String]] {
        let connection = try connection()
        var dump: [String: [String]] = [:]
        let tables = try connection.all("""
            SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
            """) { $0.text(0) }
        for table in tables where !left.contains(table) {
            dump[table] = try connection.all("SELECT t::text FROM \(raw: table) t") { $0.text(0) }.sorted()
        }
        return dump
    }

    /// Until the first run of each job has ended.
    func jobsRested() async throws {
        try await eventually("the first run of each job") {
            try count("SELECT count(DISTINCT job) FROM job_runs WHERE outcome IS NOT NULL") >= 4
                && count("SELECT count(*) FROM job_runs WHERE outcome IS NULL") == 0
        }
    }
}
