import Database
import Glibc
@testable import SQLite
import TestSupport
import Testing

@Suite struct SQLitePoolTests {
    let folder = TemporaryFolder()

    private func pool(_ limits: PoolState.Limits = groups(), readers: Int = 2, readLimit: Duration = .seconds(600)) async throws -> SQLitePool {
        let pool = try SQLitePool(path: folder.database, readers: readers, role: .serve, readLimit: readLimit, limits: limits)
        try await pool.maintain { try $0.script("CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT)") }
        return pool
    }

    @Test(arguments: [false, true]) func `what was written is read, and a read cannot write`(inMemory: Bool) async throws {
        let pool = try SQLitePool(path: inMemory ? ":memory:" : folder.database, role: .serve)
        try await pool.maintain { try $0.script("CREATE TABLE t (n INTEGER)") }
        #expect(try await pool.write(.process) { try $0.run("INSERT INTO t VALUES (7)") } == 1)
        #expect(try await pool.read { try $0.integer("SELECT n FROM t") } == 7)
        await #expect(throws: DatabaseError.readOnly) { try await pool.read { try $0.run("INSERT INTO t VALUES (8)") } }
        #expect(try await pool.write(.process) { try $0.run("DELETE FROM t") } == 1)
        await pool.shutdown()
        #expect(folder.files() == (inMemory ? [] : ["test.db", "test.db.lock"]))
    }

    @Test func `writes that wait at the same moment share one commit`() async throws {
        let pool = try await pool()
        let before = commits(inLogOf: folder.database)
        let results = try await pool.together((1...64).map { n in (.process, { Int64(try $0.run("INSERT INTO t (n) VALUES (\(n))")) }) })
        #expect(try results.map { try $0.get() } == Array(repeating: 1, count: 64))
        #expect(commits(inLogOf: folder.database) == before + 1)
        for n in 100..<103 { _ = try await pool.write(.process) { try $0.run("INSERT INTO t (n) VALUES (\(n))") } }
        #expect(commits(inLogOf: folder.database) == before + 4)
        #expect(try await pool.read { try $0.integer("SELECT count(*) FROM t") } == 67)
        await pool.shutdown()
    }

    @Test func `a group takes at most its number of writes`() async throws {
        let pool = try await pool(groups(of: 16))
        let before = commits(inLogOf: folder.database)
        _ = try await pool.together((1...64).map { n in (.process, { Int64(try $0.run("INSERT INTO t (n) VALUES (\(n))")) }) })
        #expect(commits(inLogOf: folder.database) == before + 4)
        await pool.shutdown()
    }

    @Test func `a write that fails is undone alone`() async throws {
        let pool = try await pool()
        let before = commits(inLogOf: folder.database)
        let results = try await pool.together(
            (1...3).map { n in
                (.process, { connection in
                    try connection.run("INSERT INTO t (n) VALUES (\(n * 10))")
                    if n == 2 { try connection.run("INSERT INTO t (n) VALUES (10)") }
                    return Int64(n)
                })
            })
        #expect(try results[0].get() == 1 && results[2].get() == 3)
        #expect(throws: DatabaseError.constraint(kind: .unique)) { try results[1].get() }
        #expect(try await pool.read { try $0.all("SELECT n FROM t ORDER BY n") { $0.integer(0) } } == [10, 30])
        #expect(commits(inLogOf: folder.database) == before + 1)
        await pool.shutdown()
    }

    @Test func `a commit that fails fails every write of its group, and only of this one`() async throws {
        let pool = try await pool(groups(of: 2))
        try await pool.maintain { try $0.script("CREATE TABLE c (t INTEGER REFERENCES t (n) DEFERRABLE INITIALLY DEFERRED)") }
        let results = try await pool.together([
            (.process, { Int64(try $0.run("INSERT INTO t (n) VALUES (1)")) }),
            (.process, { Int64(try $0.run("INSERT INTO c VALUES (99)")) }),
            (.process, { Int64(try $0.run("INSERT INTO t (n) VALUES (2)")) }),
        ])
        for result in results[0...1] { #expect(throws: DatabaseError.constraint(kind: .foreignKey)) { try result.get() } }
        #expect(try results[2].get() == 1)
        #expect(try await pool.read { try $0.all("SELECT n FROM t") { $0.integer(0) } } == [2])
        await pool.shutdown()
    }

    @Test func `when the whole transaction is lost, nobody is told that it went well`() async throws {
        let pool = try await pool()
        let results = try await pool.together([
            (.process, { Int64(try $0.run("INSERT INTO t (n) VALUES (1)")) }),
            (.process, { connection in
                // What SQLite does by itself after an input/output error.
                try connection.run("ROLLBACK")
                // A closure that goes on regardless must not write outside the transaction.
                _ = try? connection.run("INSERT INTO t (n) VALUES (2)")
                return 2
            }),
            (.process, { Int64(try $0.run("INSERT INTO t (n) VALUES (3)")) }),
        ])
        for result in results[0...1] { #expect(throws: DatabaseError.self) { try result.get() } }
        #expect(try results[2].get() == 1)
        #expect(try await pool.read { try $0.all("SELECT n FROM t") { $0.integer(0) } } == [3])
        await pool.shutdown()
    }

    @Test func `one write that must outlive a power loss makes its group wait for the disk`() async throws {
        let pool = try await pool()
        let synchronous: @Sendable (any Connection) throws -> Int64 = { try $0.integer("PRAGMA synchronous") }
        let mixed = try await pool.together([(.process, synchronous), (.power, synchronous)])
        #expect(try mixed.map { try $0.get() } == [2, 2])
        #expect(try await pool.write(.process, synchronous) == 1)
        #expect(try await pool.write(.power, synchronous) == 2)
        await pool.shutdown()
    }

    private static let endless: SQL = "WITH RECURSIVE e (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM e) SELECT count(*) FROM e"

    @Test(arguments: [false, true]) func `a read that takes too long is ended, and its thread goes on`(inMemory: Bool) async throws {
        let pool = try SQLitePool(path: inMemory ? ":memory:" : folder.database, readers: 1, role: .command, readLimit: .milliseconds(50))
        await #expect(throws: DatabaseError.interrupted) { try await pool.read { try $0.integer(Self.endless) } }
        await #expect(throws: DatabaseError.interrupted) {
            try await pool.read { connection in
                _ = try? connection.integer(Self.endless)
                return try connection.integer("SELECT 1")
            }
        }
        #expect(try await pool.read { try $0.integer("SELECT 1") } == 1)
        #expect(try await pool.truncateLog())
        await pool.shutdown()
    }

    @Test func `shutting down finishes what waits and refuses what comes`() async throws {
        let pool = try await pool()
        let gate = Gate()
        let holder = await pool.held(by: gate)
        let writes = (1...5).map { n in Task { try await pool.write(.process) { try $0.run("INSERT INTO t (n) VALUES (\(n))") } } }
        await pool.until(waiting: 5)
        let first = Task { await pool.shutdown() }
        while !pool.line.withLock(\.state.isShuttingDown) { await Task.yield() }
        await #expect(throws: DatabaseError.unavailable) { try await pool.write(.process) { try $0.run("DELETE FROM t") } }
        await #expect(throws: DatabaseError.unavailable) { try await pool.read { try $0.integer("SELECT 1") } }
        gate.open()
        try await holder.value
        for write in writes { #expect(try await write.value == 1) }
        await first.value
        await pool.shutdown()
        #expect(folder.files() == ["test.db", "test.db.lock"], "the last connection empties the log and removes it")
        let again = try SQLitePool(path: folder.database, role: .serve)
        #expect(try await again.read { try $0.integer("SELECT count(*) FROM t") } == 5)
        await again.shutdown()
    }

    @Test func `maintenance that leaves a transaction open does not leave it to the next one`() async throws {
        let pool = try await pool()
        try await pool.maintain { try $0.script("BEGIN; INSERT INTO t (n) VALUES (1)") }
        _ = try await pool.write(.process) { try $0.run("INSERT INTO t (n) VALUES (2)") }
        #expect(try await pool.read { try $0.all("SELECT n FROM t") { $0.integer(0) } } == [2])
        await pool.shutdown()
    }

}
