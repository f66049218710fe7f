import Database
import Fediverse
import Glibc
import Privacy
import SQLite
import TestSupport

/// An installation of its own: a folder with a key and, once the program has run, a database.
final class Place: Sendable {
    let folder: String
    /// Where the database lives with its log and lock: what an operator backs up.
    let data: String
    let upstream: String
    /// A file, or a server's address.
    let database: String

    var log: String { database + "-wal" }
    var key: String { folder + "/key" }

    /// - Parameters:
    ///   - upstream: the instance's address; the standard one answers nothing.
    ///   - server: a PostgreSQL database instead of a file.
    init(upstream: String = "http://127.0.0.1:9", server: String? = nil) throws {
        folder = try temporaryFolder()
        data = folder + "/data"
        database = server ?? data + "/sheltie.db"
        self.upstream = upstream
        mkdir(data, 0o700)
        _ = try KeyRing.create(at: folder + "/key")
    }

    deinit { removeTree(folder) }

    /// The tenant's domain.
    var domain: String { String(upstream.dropFirst("http://".count)) }

    func pseudonymizer() throws -> Pseudonymizer { Pseudonymizer(try KeyRing.load(path: key)) }

    /// What every command needs to know.
    var flags: [String] {
        ["--upstream", upstream, "--allow-loopback-upstream", "--database", database, "--key-file", key]
    }

    /// Settings of a quiet service: it reads the instance once, and nothing limits the tests' requests.
    static let quiet = ["--listen", "127.0.0.1:0", "--ingest-interval", "86400", "--request-budget", "100000"]

    func start(_ command: [String], _ more: [String] = [], input: String = "") throws -> Program {
        try Program(command + flags + more, input: input, folder: folder)
    }

    /// Runs a command to its end.
    /// - Throws: unless it ends with 0.
    @discardableResult
    func run(_ command: [String], _ more: [String] = [], input: String = "") async throws -> Program {
        let program = try start(command, more, input: input)
        let ending = try await program.ended()
        guard ending == .init(code: 0) else { throw Program.Failure(description: "\(command): \(ending), \(program.errors)") }
        return program
    }

    /// The dead process's right to be alone at its job holds for some seconds; here they pass at once.
    func outwaitLeases() throws {
        guard try StoredRows(leftAt: self).count("SELECT count(*) FROM sqlite_schema WHERE name = 'leases'") == 1 else { return }
        try SQLiteConnection(path: database, access: .writer).run("UPDATE leases SET expires_at = 0")
    }

    /// Serves for the length of `body`, then ends with SIGTERM.
    func serving<Result>(_ more: [String] = Place.quiet, _ body: (Program, Int) async throws -> Result) async throws -> Result {
        let program = try start(["serve"], more)
        do {
            let result = try await body(program, program.port())
            program.send(SIGTERM)
            let ending = try await program.ended()
            guard ending == .init(code: 0) else { throw Program.Failure(description: "serve: \(ending), \(program.errors)") }
            return result
        } catch {
            program.send(SIGKILL)
            _ = try await program.ended()
            throw error
        }
    }
}

func now() -> Instant {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Instant(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
}
