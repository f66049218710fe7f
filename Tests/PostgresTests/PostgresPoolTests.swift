import Database
import Glibc
@testable import Postgres
import TestSupport
import Testing

@Suite(.serialized, .enabled(if: PostgresServer.address != nil, .init(rawValue: PostgresServer.isMissing)))
struct PostgresPoolTests {
    private static var groups: PoolState.Limits {
        var limits = PoolState.Limits()
        limits.groupTime = .seconds(600)
        limits.patience = .seconds(600)
        return limits
    }

    private func withPool(
        _ name: String, readers: Int = 2, sessions: PoolState.Sessions = .init(), readLimit: Duration = .seconds(60), options: String = "",
        _ body: (PostgresPool, PostgresSettings) async throws -> Void
    ) async throws {
        try await withSchema(name, options: options) { settings in
            let pool = try PostgresPool(settings, readers: readers, sessions: sessions, readLimit: readLimit, limits: Self.groups)
            do {
                try await pool.maintain { try $0.script("CREATE TABLE t (n bigint PRIMARY KEY, transaction bigint DEFAULT txid_current())") }
                try await body(pool, settings)
            } catch {
                await pool.shutdown()
                throw error
            }
            await pool.shutdown()
        }
    }

    /// Puts the writes in line one after the other, behind a held writer, and lets it go: the result of each, in order.
    private func together(
        _ pool: PostgresPool, _ writes: [@Sendable (any Connection) throws -> Int]
    ) async throws -> [Result<Int, any Error>] {
        let gate = Gate()
        let holder = Task { try await pool.maintain { _ in gate.pass() } }
        await gate.entered()
        var tasks: [Task<Int, any Error>] = []
        for body in writes {
            tasks.append(Task { try await pool.write(.process, body) })
            while pool.line.withLock({ $0.state.waiting }) < tasks.count { await Task.yield() }
        }
        gate.open()
        try await holder.value
        var results: [Result<Int, any Error>] = []
        for task in tasks { results.append(await task.result) }
        return results
    }

    @Test func `writes that wait at the same moment share one commit, and one that fails is undone alone`() async throws {
        try await withPool("pool_group") { pool, _ async throws in
            let results = try await together(pool, (1...40).map { n in
                { connection in
                    try connection.run("INSERT INTO t (n) VALUES (\(n))")
                    if n % 10 == 0 { try connection.run("INSERT INTO t (n) VALUES (1)") }
                    return n
                }
            })
            for (index, result) in results.enumerated() {
                if (index + 1) % 10 == 0 {
                    #expect(throws: DatabaseError.constraint(kind: .unique)) { try result.get() }
                } else {
                    #expect(try result.get() == index + 1)
                }
            }
            #expect(try await pool.read { try $0.integer("SELECT count(*) FROM t") } == 36)
            #expect(try await pool.read { try $0.integer("SELECT count(DISTINCT transaction) FROM t") } == 1)
        }
    }

    @Test func `a read that takes too long is ended on the server`() async throws {
        try await withPool("pool_limit", readers: 1, readLimit: .milliseconds(100)) { pool, _ async throws in
            await #expect(throws: DatabaseError.interrupted) { try await pool.read { try $0.integer("SELECT 1 FROM pg_sleep(30)") } }
            #expect(try await pool.read { try $0.integer("SELECT 1") } == 1)
        }
    }

    @Test func `a cancelled read is ended on the server, and its session goes on`() async throws {
        try await withPool("pool_cancel", readers: 1) { pool, _ async throws in
            let observer = try PostgresConnection(.test)
            let process = try await pool.read { try $0.integer("SELECT pg_backend_pid()") }
            for _ in 0..<5 {
                let read = Task { try await pool.read { try $0.integer("SELECT 1 FROM pg_sleep(300)") } }
                while try sessions(of: "pool_cancel", at: "pg_sleep", on: observer) == 0 { await Task.yield() }
                read.cancel()
                await #expect(throws: CancellationError.self) { try await read.value }
                #expect(try sessions(of: "pool_cancel", at: "pg_sleep", on: observer) == 0)
                #expect(try await pool.read { try $0.integer("SELECT pg_backend_pid()") } == process)
            }
        }
    }

    @Test func `cancelling at any moment never hits another read`() async throws {
        try await withPool("pool_race", readers: 1) { pool, _ async throws in
            for turn in 0..<200 {
                let cancelled = Task { try await pool.read { try $0.integer("SELECT 1 FROM pg_sleep(\(Double(turn % 5) / 5_000))") } }
                let kept = Task { try await pool.read { try $0.integer("SELECT 2 FROM pg_sleep(0.0005)") } }
                for _ in 0..<(turn % 17) { await Task.yield() }
                cancelled.cancel()
                #expect(try await kept.value == 2)
                _ = await cancelled.result
            }
        }
    }

    @Test func `sessions that the server ended are opened anew before the next work`() async throws {
        try await withPool("pool_reconnect") { pool, _ async throws in
            let observer = try PostgresConnection(.test)
            for turn in 1...3 {
                let ended = try observer.integer("""
                    SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE application_name = 'pool_reconnect'
                    """)
                #expect(ended >= 2, "the writer, and the readers that were used since")
                #expect(try await pool.write(.process) { try $0.run("INSERT INTO t (n) VALUES (\(turn))") } == 1)
                #expect(try await pool.read { try $0.integer("SELECT count(*) FROM t") } == Int64(turn))
                #expect(try await pool.read { try $0.integer("SELECT count(*) FROM t") } == Int64(turn))
            }
        }
    }

    @Test func `a write whose session is ended did not happen, and the next one does`() async throws {
        try await withPool("pool_lost") { pool, _ async throws in
            let results = try await together(pool, [
                { try $0.run("INSERT INTO t (n) VALUES (1)") },
                { connection in
                    try connection.run("INSERT INTO t (n) VALUES (2)")
                    return try connection.run("SELECT pg_terminate_backend(pg_backend_pid())")
                },
                { try $0.run("INSERT INTO t (n) VALUES (3)") },
            ])
            for result in results[0...1] { #expect(throws: DatabaseError.disconnected) { try result.get() } }
            #expect(try results[2].get() == 1)
            #expect(try await pool.read { try $0.all("SELECT n FROM t") { $0.integer(0) } } == [3])
        }
    }

    @Test func `a commit whose answer never comes is said to be unknown`() async throws {
        try await withPool("pool_unknown") { pool, _ async throws in
            try await pool.maintain { connection in
                // Ends the session while it commits: as from outside, nobody was told how it went.
                try connection.script(
                    """
                    CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
                    CREATE TABLE fragile (n bigint);
                    CREATE CONSTRAINT TRIGGER dies AFTER INSERT ON fragile DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die();
                    """)
            }
            await #expect(throws: DatabaseError.outcomeUnknown) {
                try await pool.write(.power) { try $0.run("INSERT INTO fragile VALUES (1)") }
            }
            #expect(try await pool.read { try $0.integer("SELECT count(*) FROM fragile") } == 0)
        }
    }

    @Test func `a session that stands still is given up in time, and another takes its place`() async throws {
        try await withSchema("pool_still") { settings in
            let hurried = settings.with { ($0.statementTimeout, $0.grace) = (.milliseconds(300), .milliseconds(300)) }
            let pool = try PostgresPool(hurried, readers: 1, readLimit: .milliseconds(300))
            await #expect(throws: DatabaseError.disconnected) {
                try await pool.read { connection in
                    let session = pid_t(try connection.integer("SELECT pg_backend_pid()"))
                    kill(session, SIGSTOP)
                    defer { kill(session, SIGCONT) }
                    return try connection.integer("SELECT 1")
                }
            }
            #expect(try await pool.read { try $0.integer("SELECT 1") } == 1)
            await pool.shutdown()
        }
    }

    @Test func `a commit that stands still is asked to end, and said to be unknown`() async throws {
        try await withSchema("pool_commit") { settings in
            let hurried = settings.with { ($0.statementTimeout, $0.grace) = (.seconds(3), .milliseconds(300)) }
            let pool = try PostgresPool(hurried, readers: 1)
            try await pool.maintain { connection in
                try connection.script(
                    """
                    CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(2); RETURN NULL; END $$;
                    CREATE TABLE slow (n bigint);
                    CREATE CONSTRAINT TRIGGER lingers AFTER INSERT ON slow DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION linger();
                    """)
            }
            let session = Monitor(pid_t(0), lines: 0)
            let write = Task {
                try await pool.write(.power) { connection in
                    try connection.run("INSERT INTO slow VALUES (1)")
                    let own = pid_t(try connection.integer("SELECT pg_backend_pid()"))
                    session.withLock { $0 = own }
                }
            }
            let observer = try PostgresConnection(.test)
            while try sessions(of: "pool_commit", at: "COMMIT", on: observer) == 0 { await Task.yield() }
            let stopped = session.withLock { $0 }
            kill(stopped, SIGSTOP)
            await #expect(throws: DatabaseError.outcomeUnknown) { try await write.value }
            kill(stopped, SIGCONT)
            #expect(try await pool.read { try $0.integer("SELECT 1") } == 1)
            await pool.shutdown()
        }
    }

    @Test func `a write that loses a deadlock is done again after its group has let go, once`() async throws {
        // The pool's session looks for a deadlock first, and so loses it.
        try await withPool("pool_deadlock", options: "%20-cdeadlock_timeout%3D20ms") { pool, settings in
            let other = try PostgresConnection(settings.with { ($0.url, $0.lockTimeout) = ($0.url.replacing("20ms", with: "60s"), .seconds(30)) })
            try await pool.maintain { try $0.script("CREATE TABLE d (n bigint PRIMARY KEY, times bigint); INSERT INTO d VALUES (1, 0), (2, 0)") }
            let (mine, theirs) = (Gate(), Gate())
            let holder = Handed(other)
            NamedThread.start("other") {
                holder.use { other in
                    try other.transaction {
                        try other.run("UPDATE d SET times = times + 10 WHERE n = 2")
                        theirs.open()
                        mine.pass()
                        try other.run("UPDATE d SET times = times + 10 WHERE n = 1")
                    }
                }
            }
            let results = try await together(pool, [
                // Held by the group when the second write waits for the other session, which waits for this.
                { try $0.run("UPDATE d SET times = times + 1 WHERE n = 1") },
                { connection in
                    theirs.pass()
                    mine.open()
                    return try connection.run("UPDATE d SET times = times + 1 WHERE n = 2")
                },
            ])
            #expect(try results.map { try $0.get() } == [1, 1])
            await holder.used()
            #expect(try await pool.read { try $0.all("SELECT times FROM d ORDER BY n") { $0.integer(0) } } == [11, 11])
        }
    }

    @Test func `a wait for another session's lock ends in time`() async throws {
        try await withSchema("pool_lock") { settings in
            let pool = try PostgresPool(settings.with { $0.lockTimeout = .milliseconds(50) })
            try await pool.maintain { try $0.script("CREATE TABLE t (n bigint); INSERT INTO t VALUES (1)") }
            let other = try PostgresConnection(settings)
            try other.script("BEGIN; UPDATE t SET n = 2")
            await #expect(throws: DatabaseError.busy) { try await pool.write(.process) { try $0.run("UPDATE t SET n = 3") } }
            let limits = try await pool.write(.process) { connection in
                ["statement_timeout", "lock_timeout"].map { name in (try? connection.text("SELECT current_setting(\(name))")) ?? "" }
            }
            #expect(limits == ["10s", "50ms"])
            await pool.shutdown()
        }
    }

    @Test func `sessions open when they are needed, and rest when they are not`() async throws {
        var sessions = PoolState.Sessions()
        sessions.idle = .milliseconds(300)
        try await withPool("pool_rest", readers: 3, sessions: sessions) { pool, _ async throws in
            let observer = try PostgresConnection(.test)
            func open() throws -> Int64 { try observer.integer("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pool_rest'") }
            #expect(try open() == 2, "the writer and the one reader that is always there")
            let gate = Gate()
            let reads = (0..<3).map { _ in Task { try await pool.read { connection in
                gate.pass()
                return try connection.integer("SELECT 1")
            } } }
            while try open() < 4 { await Task.yield() }
            gate.open()
            for read in reads { #expect(try await read.value == 1) }
            while try open() > 2 { try await Task.sleep(for: .milliseconds(10)) }
            #expect(try await pool.read { try $0.integer("SELECT 1") } == 1)
        }
    }

    @Test func `an old session is replaced before its next use, the writer's too`() async throws {
        var sessions = PoolState.Sessions()
        sessions.lifetime = .milliseconds(100)
        try await withPool("pool_old", readers: 1, sessions: sessions) { pool, _ async throws in
            func processes() async throws -> [Int64] {
                [try await pool.read { try $0.integer("SELECT pg_backend_pid()") }, try await pool.write(.process) { try $0.integer("SELECT pg_backend_pid()") }]
            }
            let before = try await processes()
            try await Task.sleep(for: .milliseconds(150))
            let after = try await processes()
            #expect(Set(before).isDisjoint(with: after))
            let observer = try PostgresConnection(.test)
            while try observer.integer("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pool_old'") > 2 { await Task.yield() }
        }
    }

    @Test func `a session that died without a word is found by the probe, before any work is given to it`() async throws {
        try await withSchema("pool_probe") { settings in
            let relay = try Relay()
            var sessions = PoolState.Sessions()
            sessions.silence = .zero
            let pool = try PostgresPool(relay.settings(settings).with { $0.probeTime = .milliseconds(100) }, readers: 1, sessions: sessions)
            #expect(try await pool.read { try $0.integer("SELECT 1") } == 1)
            // Neither side hears of the other any more, and nothing tells them.
            relay.silence()
            #expect(try await pool.read { try $0.integer("SELECT 1") } == 1)
            #expect(try await pool.write(.process) { try $0.integer("SELECT 1") } == 1)
            await pool.shutdown()
        }
    }

    @Test func `a cancellation that never arrives holds nobody up for long, and its session is not used again`() async throws {
        try await withSchema("pool_deaf") { settings in
            let relay = try Relay()
            let hurried = relay.settings(settings).with { ($0.cancelTime, $0.grace) = (.milliseconds(200), .milliseconds(200)) }
            let pool = try PostgresPool(hurried, readers: 1, readLimit: .seconds(1))
            let process = try await pool.read { try $0.integer("SELECT pg_backend_pid()") }
            let observer = try PostgresConnection(.test)
            let read = Task { try await pool.read { try $0.integer("SELECT 1 FROM pg_sleep(300)") } }
            while try sessions(of: "pool_deaf", at: "pg_sleep", on: observer) == 0 { await Task.yield() }
            relay.isDeaf = true
            read.cancel()
            await #expect(throws: CancellationError.self) { try await read.value }
            relay.isDeaf = false
            #expect(try await pool.read { try $0.integer("SELECT pg_backend_pid()") } != process)
            await pool.shutdown()
        }
    }

    @Test func `shutting down finishes what waits, refuses what comes and leaves no session`() async throws {
        try await withSchema("pool_end") { settings in
            let pool = try PostgresPool(settings.named("pool_end_pool"), readers: 2)
            let reads = (0..<20).map { n in Task { try await pool.read { try $0.integer("SELECT \(n)::bigint FROM pg_sleep(0.01)") } } }
            while pool.line.withLock({ $0.state.waiting }) < 10 { await Task.yield() }
            await pool.shutdown()
            for (n, read) in reads.enumerated() { if let value = try? await read.value { #expect(value == Int64(n)) } }
            await #expect(throws: DatabaseError.unavailable) { try await pool.read { try $0.integer("SELECT 1") } }
            let observer = try PostgresConnection(.test)
            var left: Int64 = 1
            while left > 0 { left = try observer.integer("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pool_end_pool'") }
        }
    }

    @Test func `what many callers were told is what the tables hold, whatever is ended meanwhile`() async throws {
        struct Refused: Error {}
        try await withPool("pool_many") { pool, settings in
            let observer = try PostgresConnection(.test)
            let told = await withTaskGroup(of: (kept: [Int64], unknown: [Int64]).self) { group in
                for caller in 0..<12 {
                    group.addTask {
                        var (kept, unknown): ([Int64], [Int64]) = ([], [])
                        for turn in 0..<60 {
                            let n = Int64(caller * 1000 + turn)
                            do {
                                kept.append(try await pool.write(.process) { connection in
                                    try connection.run("INSERT INTO t (n) VALUES (\(n))")
                                    if turn % 7 == 0 { throw Refused() }
                                    return n
                                })
                            } catch DatabaseError.outcomeUnknown {
                                unknown.append(n)
                            } catch {}
                            if turn % 5 == 0 { _ = try? await pool.read { try $0.integer("SELECT count(*) FROM t") } }
                        }
                        return (kept, unknown)
                    }
                }
                for _ in 0..<8 {
                    try? await Task.sleep(for: .milliseconds(30))
                    _ = try? observer.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pool_many'")
                }
                return await group.reduce(into: (kept: [Int64](), unknown: [Int64]())) {
                    $0.kept += $1.kept
                    $0.unknown += $1.unknown
                }
            }
            let held = Set(try await retried { try await pool.read { try $0.all("SELECT n FROM t") { $0.integer(0) } } })
            #expect(held.isSuperset(of: told.kept))
            #expect(held.subtracting(told.kept).isSubset(of: told.unknown))
            #expect(told.kept.count > 300)
        }
    }

    /// Again while sessions are being opened anew.
    private func retried<Value>(_ body: () async throws -> Value) async throws -> Value {
        for _ in 0..<100 {
            do { return try await body() } catch DatabaseError.disconnected { try await Task.sleep(for: .milliseconds(20)) }
        }
        return try await body()
    }
}

extension PostgresSettings {
    fileprivate func named(_ application: String) -> PostgresSettings { with { $0.url += "&application_name=\(application)" } }
}

/// A connection that another thread uses, once.
private final class Handed: @unchecked Sendable {
    // Unchecked: one thread is given it, and only that one touches it.
    private let connection: PostgresConnection
    private let state = Monitor(false, lines: 0)

    init(_ connection: PostgresConnection) { self.connection = connection }

    func use(_ body: (PostgresConnection) throws -> Void) {
        try? body(connection)
        state.withLock { $0 = true }
    }

    func used() async { while !state.withLock({ $0 }) { await Task.yield() } }
}
