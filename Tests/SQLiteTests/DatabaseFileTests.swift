import CSQLite
import Database
import Glibc
@testable import SQLite
import TestSupport
import Testing

@Suite struct DatabaseFileTests {
    let folder = TemporaryFolder()

    @Test func `the file and what stands beside it are for their owner only`() async throws {
        let pool = try SQLitePool(path: folder.database, role: .serve)
        try await pool.maintain { try $0.script("CREATE TABLE t (n INTEGER)") }
        #expect(folder.files() == ["test.db", "test.db-shm", "test.db-wal", "test.db.lock"])
        for file in folder.files() { #expect(TemporaryFolder.mode(of: folder.path + "/" + file) == 0o600, "\(file)") }
        await pool.shutdown()
    }

    @Test(arguments: [SQLiteConnection.Access.writer, .reader]) func `a connection has the settings that we rely on`(access: SQLiteConnection.Access) throws {
        _ = try SQLiteConnection(path: folder.database, access: .writer)
        let connection = try SQLiteConnection(path: folder.database, access: access)
        let settings: [(String, SQLValue)] = [
            ("journal_mode", .text("wal")), ("foreign_keys", .integer(1)), ("secure_delete", .integer(1)), ("synchronous", .integer(1)),
            ("temp_store", .integer(2)), ("busy_timeout", .integer(5000)), ("trusted_schema", .integer(0)), ("application_id", .integer(0x53484C54)),
            ("cache_size", .integer(access == .writer ? -32768 : -16384)),
        ]
        for (name, value) in settings { #expect(try connection.pragma("PRAGMA \(name)") == value, "\(name)") }
    }

    @Test func `one process at a time serves a file`() async throws {
        let first = try SQLitePool(path: folder.database, role: .serve)
        #expect(throws: DatabaseError.alreadyServed) { try SQLitePool(path: folder.database, role: .serve) }
        let command = try SQLitePool(path: folder.database, role: .command)
        await command.shutdown()
        #expect(try otherProcessGetsLock() == false)
        await first.shutdown()
        #expect(try otherProcessGetsLock() == true)
        await (try SQLitePool(path: folder.database, role: .serve)).shutdown()
    }

    /// Asks `flock`, of util-linux: a process of its own, with a lock of its own.
    private func otherProcessGetsLock() throws -> Bool {
        let words: [String] = ["flock", "-n", folder.database + ".lock", "true"]
        let arguments = words.map { word in strdup(word) } + [nil]
        defer { for argument in arguments { free(argument) } }
        let environment: [UnsafeMutablePointer<CChar>?] = [nil]
        var process = pid_t()
        try #require(posix_spawn(&process, "/usr/bin/flock", nil, nil, arguments, environment) == 0)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
        return status == 0
    }

    @Test func `a pool that could not open leaves the file free for the next one`() async throws {
        TemporaryFolder.write(Array("not a database, but long enough to look like one".utf8), to: folder.database)
        for _ in 1...2 {
            #expect(throws: DatabaseError.corrupt(reason: "file is not a database")) { try SQLitePool(path: folder.database, role: .serve) }
        }
        #expect(TemporaryFolder.bytes(of: folder.database).count(of: "not a database") == 1, "it is left as it was")
    }

    @Test func `another program's database is refused and left alone`() throws {
        do {
            let other = try SQLiteHandle(path: folder.database, mode: .readWrite)
            #expect(sqlite3_exec(other.pointer, "CREATE TABLE theirs (n)", nil, nil, nil) == SQLITE_OK)
        }
        let before = TemporaryFolder.bytes(of: folder.database)
        for access in [SQLiteConnection.Access.writer, .reader] {
            #expect(throws: DatabaseError.cannotOpen(reason: "the file is another program's SQLite database")) {
                try SQLiteConnection(path: folder.database, access: access)
            }
        }
        #expect(TemporaryFolder.bytes(of: folder.database) == before)
    }

    @Test(arguments: ["", "/nowhere/at/all.db", "/tmp", "a\0b"]) func `a path that cannot be is refused`(path: String) {
        let error = #expect(throws: DatabaseError.self) { try SQLiteConnection(path: path, access: .writer) }
        switch error {
        case .cannotOpen, .cannotCreate: #expect(access("a", F_OK) != 0, "a part of the path was taken for all of it")
            return
        default: break
        }
        Issue.record("\(String(describing: error))")
    }

    @Test func `a damaged page is found by the integrity check`() async throws {
        do {
            let connection = try SQLiteConnection(path: folder.database, access: .writer)
            try connection.script("CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT)")
            try connection.bulk("INSERT INTO t VALUES ($1, $2)", (1...2000).map { [.integer($0), .text("some text of row \($0)")] })
            try connection.checkIntegrity()
        }
        var bytes = TemporaryFolder.bytes(of: folder.database)
        #expect(bytes.count > 5 * 4096)
        for index in 3 * 4096..<4 * 4096 { bytes[index] = 0xA5 }
        TemporaryFolder.write(bytes, to: folder.database)
        let pool = try SQLitePool(path: folder.database, role: .serve)
        let error = await #expect(throws: DatabaseError.self) { try await pool.checkIntegrity() }
        await pool.shutdown()
        if case .corrupt = error { return }
        Issue.record("\(String(describing: error))")
    }

    @Test func `a lock that another connection holds is waited for, then reported`() throws {
        let holder = try SQLiteConnection(path: folder.database, access: .writer)
        let other = try SQLiteConnection(path: folder.database, access: .writer, busyTimeout: .milliseconds(20))
        try holder.script("CREATE TABLE t (n INTEGER)")
        try holder.transaction {
            try holder.run("INSERT INTO t VALUES (1)")
            #expect(throws: DatabaseError.busy) { try other.transaction { try other.run("INSERT INTO t VALUES (2)") } }
            #expect(try other.integer("SELECT count(*) FROM t") == 0)
        }
        #expect(try other.run("INSERT INTO t VALUES (3)") == 1)
    }

    @Test func `a full disk fails the write and nothing else`() async throws {
        let pool = try SQLitePool(path: folder.database, role: .serve, limits: groups())
        try await pool.maintain { try $0.script("CREATE TABLE t (n INTEGER, text TEXT); PRAGMA max_page_count = 20") }
        let results = try await pool.together([
            (.process, { Int64(try $0.run("INSERT INTO t VALUES (1, 'small')")) }),
            (.process, { Int64(try $0.run("INSERT INTO t VALUES (2, \(String(repeating: "x", count: 200_000)))")) }),
            (.process, { Int64(try $0.run("INSERT INTO t VALUES (3, 'small')")) }),
        ])
        #expect(throws: DatabaseError.diskFull) { try results[1].get() }
        let told = results.enumerated().compactMap { (try? $0.element.get()) == 1 ? Int64($0.offset + 1) : nil }
        #expect(told.contains(3))
        #expect(try await pool.read { try $0.all("SELECT n FROM t ORDER BY n") { $0.integer(0) } } == told)
        try await pool.checkIntegrity()
        await pool.shutdown()
    }

    @Test func `what was deleted is gone from every byte once the log is emptied`() async throws {
        let marker = "marker-of-an-erased-person"
        func found() -> Int { folder.files().reduce(0) { $0 + TemporaryFolder.bytes(of: folder.path + "/" + $1).count(of: marker) } }
        let pool = try SQLitePool(path: folder.database, role: .serve)
        try await pool.maintain { try $0.script("CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT); CREATE INDEX t_text_idx ON t (text)") }
        try await pool.write(.process) { connection in
            // Long rows as well: with a half-hearted secure_delete it is their overflow pages that stay.
            let rows = (1...200).map { [SQLValue.integer($0), .text(marker + String(repeating: "-", count: Int($0) * 30))] }
            try connection.bulk("INSERT INTO t VALUES ($1, $2)", rows)
        }
        #expect(try await pool.truncateLog())
        #expect(found() >= 400)
        _ = try await pool.write(.process) { try $0.run("DELETE FROM t") }
        #expect(found() >= 400, "before the log is emptied, the bytes are still in the file")

        let gate = Gate()
        let reader = Task { try await pool.read { connection in
            _ = try connection.integer("SELECT count(*) FROM t")
            gate.pass()
        } }
        await gate.entered()
        _ = try await pool.write(.process) { try $0.run("INSERT INTO t VALUES (1, 'new')") }
        #expect(try await pool.truncateLog() == false, "a reader stands in the log")
        gate.open()
        try await reader.value
        #expect(try await pool.truncateLog())
        #expect(found() == 0)
        #expect(TemporaryFolder.bytes(of: folder.database + "-wal").isEmpty)
        await pool.shutdown()
    }

    @Test(arguments: [false, true]) func `a backup is a whole database under its name`(inMemory: Bool) async throws {
        let pool = try SQLitePool(path: inMemory ? ":memory:" : folder.database, role: .serve)
        try await pool.maintain { try $0.script("CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1), (2)") }
        let copy = folder.path + "/copy.db"
        TemporaryFolder.write([1, 2, 3], to: copy + ".partial")
        try await pool.backup(to: copy)
        _ = try await pool.write(.process) { try $0.run("DELETE FROM t") }
        #expect(TemporaryFolder.mode(of: copy) == 0o600)
        await #expect(throws: DatabaseError.cannotOpen(reason: "there is a file of the backup's name")) { try await pool.backup(to: copy) }
        #expect(!folder.files().contains { $0.contains("partial") })
        let restored = try SQLitePool(path: copy, role: .command)
        try await restored.checkIntegrity()
        #expect(try await restored.read { try $0.integer("SELECT count(*) FROM t") } == 2)
        await restored.shutdown()
        await pool.shutdown()
    }
}
