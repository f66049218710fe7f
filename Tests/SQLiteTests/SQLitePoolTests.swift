import Database
@testable import SQLite
import Testing

@Suite struct SQLitePoolTests {
    @Test(arguments: [false, true]) func `what was written is read`(inMemory: Bool) async throws {
        let folder = TemporaryFolder()
        let pool = try SQLitePool(path: inMemory ? ":memory:" : folder.database, role: .serve)
        try await pool.maintain { try $0.script("CREATE TABLE t (n INTEGER)") }
        let changed = try await pool.write(.process) { try $0.run("INSERT INTO t VALUES (7)") }
        #expect(changed == 1)
        #expect(try await pool.read { try $0.integer("SELECT n FROM t") } == 7)
        await #expect(throws: DatabaseError.readOnly) { try await pool.read { try $0.run("INSERT INTO t VALUES (8)") } }
        await pool.shutdown()
        await #expect(throws: DatabaseError.unavailable) { try await pool.read { try $0.integer("SELECT 1") } }
        #expect(folder.files() == (inMemory ? [] : ["test.db", "test.db.lock"]))
    }
}
