import Database
import DemoInstance
import Fediverse
import Glibc
import Postgres
import TestSupport
import Testing

extension ServiceTests {
    /// Two processes on one database, of which one is killed, made to stand still for longer than its lease, or told a wrong
    /// time. Triggers of the test's own note who wrote what under which fence, and the server notes when it was committed.
    @Suite(.enabled(if: PostgresServer.address != nil, .init(rawValue: PostgresServer.isMissing)))
    struct OneActorTests {
        private static let lease = 2

        @Test func `whatever befalls one of two processes, each run has one actor, and none is left out twice`() async throws {
            let test = LargeTest("one-actor", seed: 34)
            try await Upstream.serving(people: 40, posts: 300) { upstream in
                // A run takes about half a second: what befalls a process often does so in the middle of one.
                upstream.server.faults.set("*") { $0.latency = .milliseconds(80) }
                let shared = try SharedPlace(upstream: upstream.address)
                try await shared.run(["db", "migrate"])
                let observer = try shared.connection()
                try observer.script(Self.witness)
                var random = SeededGenerator(seed: test.seed)
                var peers = try [Peer("one", shared), Peer("two", shared)]
                defer { for peer in peers { peer.program.send(SIGKILL) } }
                for peer in peers { _ = try await peer.program.port() }
                try await eventually("the first run") { try Self.runs(observer) > 0 }
                var befallen: [String: Int] = [:]
                for round in 0..<test.planned {
                    // In the middle of a run two times out of three, between two runs otherwise.
                    if random.next(3) > 0 {
                        try await eventually("a run that is under way") { try observer.first("SELECT 1 FROM job_runs WHERE job = 'ingest' AND outcome IS NULL") { _ in true } ?? false }
                    }
                    let holder = try observer.first("SELECT actor FROM witness ORDER BY seq DESC LIMIT 1") { $0.text(0) }
                    let acting = peers.firstIndex { $0.name == holder } ?? 0
                    let victim = random.next(4) > 0 ? acting : 1 - acting
                    let before = try Self.runs(observer)
                    let kind = ["kill", "pause", "clock"][round % 3]
                    switch kind {
                    case "kill":
                        peers[victim].program.send(SIGKILL)
                        _ = try await peers[victim].program.ended()
                        try await Self.nextRun(after: before, observer, "after a kill")
                        peers[victim] = try Peer(peers[victim].name, shared)
                        _ = try await peers[victim].program.port()
                    case "pause":
                        peers[victim].program.send(SIGSTOP)
                        try await Task.sleep(for: .milliseconds(Self.lease * 1_000 + 500 + random.next(1_000)))
                        peers[victim].program.send(SIGCONT)
                        try await Self.nextRun(after: before, observer, "after a pause")
                    default:
                        let step = [-31_622_400, -86_400, -3_600, -61, 61, 3_600, 86_400, 31_622_400][random.next(8)]
                        try peers[victim].clock.set(ahead: step)
                        try await Self.nextRun(after: before, observer, "under a clock that is wrong by \(step) s")
                        if random.next(2) == 0 { try peers[victim].clock.set(ahead: 0) }
                    }
                    befallen[kind, default: 0] += 1
                }
                for peer in peers {
                    try peer.clock.set(ahead: 0)
                    peer.program.send(SIGTERM)
                    #expect(try await peer.program.ended() == .init(code: 0))
                }
                let faults = try Self.faults(observer)
                #expect(faults.isEmpty, "\(faults.prefix(5))")
                let count: (SQL) throws -> Int64 = { try observer.first($0) { $0.integer(0) } ?? 0 }
                let (takeovers, interrupted) = try (
                    count("SELECT count(DISTINCT fence) FROM witness WHERE job = 'ingest'"), count("SELECT count(*) FROM job_runs WHERE outcome = 'interrupted'"))
                print("one-actor: \(befallen), \(try Self.runs(observer)) runs done, \(takeovers) holders, \(interrupted) runs interrupted")
                #expect(takeovers > test.planned / 2 && interrupted > 0, "too little has befallen them")
                test.finish(done: test.planned, failed: faults.count)
            }
        }

        /// Runs that were done to their end.
        private static func runs(_ observer: PostgresConnection) throws -> Int64 {
            try observer.first("SELECT count(*) FROM job_runs WHERE job = 'ingest' AND outcome = 'done'") { $0.integer(0) } ?? 0
        }

        /// Due every second, with a lease of two: one that is left out is made up for by the other process at once.
        private static func nextRun(after before: Int64, _ observer: PostgresConnection, _ what: String) async throws {
            try await eventually("two runs \(what)", within: .seconds(30)) { try runs(observer) >= before + 2 }
        }

        /// What a job writes, with the actor and the fence that holds at this moment for that writer's eyes.
        private static let witness = """
            CREATE TABLE witness (seq bigint GENERATED ALWAYS AS IDENTITY, job text, what text, actor text, fence bigint);
            CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
            DECLARE fenced text;
            BEGIN
                fenced := CASE WHEN TG_TABLE_NAME = 'job_runs' THEN coalesce(to_jsonb(NEW)->>'job', to_jsonb(OLD)->>'job') ELSE 'ingest' END;
                INSERT INTO witness (job, what, actor, fence) SELECT fenced, TG_TABLE_NAME || ' ' || TG_OP, current_setting('application_name'),
                    (SELECT fence FROM leases WHERE name = 'job:' || fenced);
                RETURN NULL;
            END $$;
            CREATE FUNCTION note_taker() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF TG_OP = 'INSERT' OR NEW.fence <> OLD.fence THEN
                    INSERT INTO witness (job, what, actor, fence)
                    VALUES (substr(NEW.name, 5), 'takes', current_setting('application_name'), NEW.fence);
                END IF;
                RETURN NULL;
            END $$;
            CREATE TRIGGER runs AFTER INSERT OR UPDATE ON job_runs FOR EACH ROW EXECUTE FUNCTION note();
            CREATE TRIGGER cursors AFTER INSERT OR UPDATE ON ingest_cursors FOR EACH ROW EXECUTE FUNCTION note();
            CREATE TRIGGER takers AFTER INSERT OR UPDATE ON leases FOR EACH ROW EXECUTE FUNCTION note_taker();
            """

        private static func faults(_ observer: PostgresConnection) throws -> [String] {
            // Who has taken the lease is the only one who writes under its fence.
            try observer.all("""
                SELECT w.job || ' fence ' || w.fence || ' is ' || t.actor || '''s, and ' || w.actor || ' did ' || w.what FROM witness w
                LEFT JOIN witness t ON t.job = w.job AND t.fence = w.fence AND t.what = 'takes'
                WHERE w.what <> 'takes' AND w.actor IS DISTINCT FROM t.actor
                """) { $0.textOrNil(0) ?? "a write without a holder" }
                // And has committed before the next one took it.
                + observer.all("""
                    SELECT w.job || ' fence ' || w.fence || ': ' || w.what || ' came after the next holder' FROM witness w
                    JOIN witness t ON t.job = w.job AND t.fence > w.fence AND t.what = 'takes'
                    WHERE w.what <> 'takes' AND pg_xact_commit_timestamp(w.xmin) > pg_xact_commit_timestamp(t.xmin)
                    """) { $0.text(0) }
                // Runs of a job do not overlap; one that was interrupted is closed by whoever came after it.
                + observer.all("""
                    SELECT a.job || ' run ' || a.run_key || ' overlaps ' || b.run_key FROM job_runs a JOIN job_runs b ON a.job = b.job
                    AND a.run_key < b.run_key AND a.started_at < b.finished_at AND b.started_at < a.finished_at
                    """) { $0.text(0) }
        }

        /// A process with a clock of its own.
        private struct Peer {
            let name: String
            let program: Program
            let clock: WrongClock

            init(_ name: String, _ shared: SharedPlace) throws {
                self.name = name
                clock = try WrongClock(in: shared.place.folder, for: name)
                program = try shared.start(
                    as: name, ["--listen", "127.0.0.1:0", "--ingest-interval", "1", "--lease-seconds", "\(OneActorTests.lease)"],
                    environment: clock.environment)
            }
        }
    }
}
