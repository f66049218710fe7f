import Database
@testable import Store
import TestSupport
import Testing

@testable import Postgres
@testable import SQLite

/// What both engines' pools promise, on a database of the test's own.
@Suite(.onEveryEngine) struct PoolTests {
    private struct TestPool: Sendable {
        let pool: any ConnectionPool
        /// Jobs in line.
        let waiting: @Sendable () -> Int

        /// Comes back when so many jobs are in line.
        func until(waiting count: Int) async { while waiting() < count { await Task.yield() } }
    }

    /// Lends a pool with two readers and a table `t (n)`. Only the number of writes ends a group, however slow the machine is.
    private func withPool(_ body: (TestPool) async throws -> Void) async throws {
        var limits = PoolState.Limits()
        (limits.groupTime, limits.patience) = (.seconds(600), .seconds(600))
        try await StorePlace.with(.current) { place in
            let lent: TestPool
            switch place.location {
            case .sqlite(let path):
                let pool = try SQLitePool(path: path, readers: 2, role: .serve, readLimit: .seconds(600), limits: limits)
                lent = TestPool(pool: pool) { pool.line.withLock { $0.state.waiting } }
            case .postgres(let url):
                let pool = try PostgresPool(PostgresSettings(url: url), readers: 2, readLimit: .seconds(600), limits: limits)
                lent = TestPool(pool: pool) { pool.line.withLock { $0.state.waiting } }
            }
            do {
                try await lent.pool.maintain { try $0.script("CREATE TABLE t (n bigint PRIMARY KEY)") }
                try await body(lent)
            } catch {
                await lent.pool.shutdown()
                throw error
            }
            await lent.pool.shutdown()
        }
    }

    @Test func `what was written is read, and a read cannot write`() async throws {
        try await withPool { lent async throws in
            #expect(try await lent.pool.write(.process) { try $0.run("INSERT INTO t (n) VALUES (7)") } == 1)
            #expect(try await lent.pool.read { try $0.count("SELECT n FROM t") } == 7)
            await #expect(throws: DatabaseError.readOnly) { try await lent.pool.read { try $0.run("INSERT INTO t (n) VALUES (8)") } }
            #expect(try await lent.pool.write(.power) { try $0.run("DELETE FROM t") } == 1)
        }
    }

    @Test func `of writes that share a transaction one that fails is undone alone`() async throws {
        try await withPool { lent async throws in
            let gate = Gate()
            let holder = Task { try await lent.pool.maintain { _ in gate.pass() } }
            await gate.entered()
            var tasks: [Task<Int, any Error>] = []
            for n in 1...40 {
                tasks.append(Task { try await lent.pool.write(n % 3 == 0 ? .power : .process) { connection in
                    try connection.run("INSERT INTO t (n) VALUES (\(n))")
                    if n % 10 == 0 { try connection.run("INSERT INTO t (n) VALUES (1)") }
                    return n
                } })
                await lent.until(waiting: n)
            }
            gate.open()
            try await holder.value
            for (index, task) in tasks.enumerated() {
                if (index + 1) % 10 == 0 {
                    await #expect(throws: DatabaseError.constraint(kind: .unique)) { try await task.value }
                } else {
                    #expect(try await task.value == index + 1)
                }
            }
            #expect(try await lent.pool.read { try $0.count("SELECT count(*) FROM t") } == 36)
        }
    }

    @Test func `a read sees one state, whatever is written meanwhile`() async throws {
        try await withPool { lent async throws in
            let gate = Gate()
            // Also when something fails: the pool's end waits for the reader.
            defer { gate.open() }
            let counts = Task {
                try await lent.pool.read { connection in
                    let before = try connection.count("SELECT count(*) FROM t")
                    gate.pass()
                    return [before, try connection.count("SELECT count(*) FROM t")]
                }
            }
            await gate.entered()
            #expect(try await lent.pool.write(.process) { try $0.run("INSERT INTO t (n) VALUES (1)") } == 1)
            #expect(try await lent.pool.read { try $0.count("SELECT count(*) FROM t") } == 1)
            gate.open()
            #expect(try await counts.value == [0, 0])
        }
    }

    @Test func `a cancelled read leaves the line, a cancelled write happens`() async throws {
        try await withPool { lent async throws in
            let (gates, writerGate) = ([Gate(), Gate()], Gate())
            let readers = gates.map { gate in Task { try await lent.pool.read { _ in gate.pass() } } }
            for gate in gates { await gate.entered() }
            let holder = Task { try await lent.pool.maintain { _ in writerGate.pass() } }
            await writerGate.entered()
            let read = Task { try await lent.pool.read { try $0.count("SELECT 1") } }
            let write = Task { try await lent.pool.write(.process) { try $0.run("INSERT INTO t (n) VALUES (1)") } }
            await lent.until(waiting: 2)
            read.cancel()
            write.cancel()
            await #expect(throws: CancellationError.self) { try await read.value }
            for gate in gates + [writerGate] { gate.open() }
            #expect(try await write.value == 1)
            for reader in readers { try await reader.value }
            try await holder.value
        }
    }

    @Test func `shutting down finishes what waits and refuses what comes`() async throws {
        try await withPool { lent async throws in
            let gate = Gate()
            let holder = Task { try await lent.pool.maintain { _ in gate.pass() } }
            await gate.entered()
            let writes = (1...5).map { n in Task { try await lent.pool.write(.process) { try $0.run("INSERT INTO t (n) VALUES (\(n))") } } }
            await lent.until(waiting: 5)
            let first = Task { await lent.pool.shutdown() }
            while (try? await lent.pool.read { try $0.count("SELECT 1") }) != nil { await Task.yield() }
            await #expect(throws: DatabaseError.unavailable) { try await lent.pool.write(.process) { try $0.run("DELETE FROM t") } }
            gate.open()
            try await holder.value
            for write in writes { #expect(try await write.value == 1) }
            await first.value
        }
    }

    @Test func `what many callers were told is what the database holds`() async throws {
        struct Refused: Error {}
        try await withPool { lent async throws in
            let kept = await withTaskGroup(of: [Int].self) { group in
                for caller in 0..<16 {
                    group.addTask {
                        var kept: [Int] = []
                        for turn in 0..<40 {
                            let n = caller * 1000 + turn
                            let done = try? await lent.pool.write(turn % 8 == 0 ? .power : .process) { connection in
                                try connection.run("INSERT INTO t (n) VALUES (\(n))")
                                if turn % 3 == 0 { throw Refused() }
                                return n
                            }
                            if let done { kept.append(done) }
                            if turn % 5 == 0 { _ = try? await lent.pool.read { try $0.count("SELECT count(*) FROM t") } }
                        }
                        return kept
                    }
                }
                return await group.reduce(into: []) { $0 += $1 }
            }
            #expect(kept.count == 16 * 26)
            #expect(try await lent.pool.read { try $0.all("SELECT n FROM t ORDER BY n") { $0.int(0) } } == kept.sorted())
        }
    }
}
