import Database
import Fediverse
import Postgres
import Privacy
import Recommender
import Synchronization
import TestSupport
import Testing

@testable import Store

/// A primary and a real hot standby beside it, made by pg_basebackup.
@Suite(.serialized, .enabled(if: PostgresServer.address != nil, .init(rawValue: PostgresServer.isMissing)))
struct StandbyTests {
    private let policy = PrivacyPolicy()

    @Test func `a standby is asked for candidates and for nothing about a person, and is believed only when it is up to date`() async throws {
        let machines = try PostgresMachines()
        try machines.primary("a")
        let primary = try PostgresConnection(PostgresSettings(url: machines.address("a")))
        try primary.script("CREATE EXTENSION pg_stat_statements")
        try machines.standby("b", of: "a")
        let standby = try PostgresConnection(PostgresSettings(url: machines.address("b")))
        try await with(machines.address("a"), replica: machines.address("b")) { storage, tenant in
            func candidates(since version: Int64? = nil) async throws -> SnapshotChanges {
                try await storage.recommender.changes(in: tenant, since: version, at: noon)
            }
            func asked(_ words: String) throws -> Int64 {
                try standby.first("SELECT count(*) FROM pg_stat_statements WHERE query LIKE \("%" + words + "%")") { $0.integer(0) } ?? 0
            }
            func replayed() async throws {
                let position = try primary.first("SELECT pg_current_wal_lsn()::text") { $0.text(0) } ?? ""
                try await eventually { try standby.first("SELECT pg_last_wal_replay_lsn() >= CAST(\(position) AS pg_lsn)") { $0.bool(0) } ?? false }
            }
            _ = try await storage.statuses.keep([.status(1), .status(2, by: 2)], cursor: nil, in: tenant, at: noon)
            try await replayed()
            // It is opened when it is first wanted; meanwhile the primary answers.
            try await eventually { try await candidates().changed.count == 2 && asked("FROM post_metadata") > 0 }

            // A standby that is behind: what was written a moment ago is seen all the same.
            try standby.script("SELECT pg_wal_replay_pause()")
            _ = try await storage.statuses.keep([.status(3, by: 3)], cursor: nil, in: tenant, at: noon)
            let changes = try await candidates()
            #expect(changes.changed.count == 3)
            let viewer = try await storage.people.setLevel(.full, of: alias(1), in: tenant, at: noon).viewer
            #expect(try await storage.people.viewer(alias(1), in: tenant).level == .full)
            for value in ["1", "2", "3"] {
                _ = try await storage.preferences.set(try #require(policy.permit(setting: Setting(name: "small-voices", value: value), for: viewer)))
                #expect(try await storage.preferences.settings(of: viewer) == ["small-voices": value])
            }
            let act = Interaction(post: PostReference(postID: id(1), authorID: id(1)), kind: .favourite, at: noon)
            #expect(try await storage.interactions.record(try #require(policy.permit(act, visibility: .public, for: viewer))))
            #expect(try await storage.recommender.reader(alias(1), in: tenant, at: noon).history.actedOn.count == 1)
            #expect(try await storage.interactions(of: viewer, limit: 5).count == 1)
            _ = try await storage.people.erase(alias(1), in: tenant, ledgerTag: id(9), at: noon)
            #expect(try await storage.people.viewer(alias(1), in: tenant).level == .none)
            try standby.script("SELECT pg_wal_replay_resume()")
            try await replayed()
            let before = try asked("post_removals")
            _ = try await storage.statuses.withdraw([id(3)], in: tenant, at: noon)
            try await replayed()
            let removed = try await candidates(since: changes.version)
            #expect(removed.removed.count == 1)
            // Whatever keeps it from answering once, the next question reaches it.
            try await eventually { try await candidates(since: changes.version).removed.count == 1 && asked("post_removals") > before }
            for table in personalTables + ["alias_keys", "leases", "job_runs", "author_opt_outs"] {
                #expect(try asked("FROM " + table) == 0, "\(table) was read from the standby")
            }

            // Gone in the middle: nobody notices.
            try machines.stop("b")
            for _ in 0..<3 { #expect(try await candidates().changed.count == 2) }
        }
    }

    @Test func `a server with another database is not believed, whatever it is called`() async throws {
        let machines = try PostgresMachines()
        try machines.primary("a")
        try machines.primary("other")
        try await with(machines.address("other"), replica: nil) { storage, tenant in
            for number in 1...9 { _ = try await storage.statuses.keep([.status(number)], cursor: nil, in: tenant, at: noon) }
        }
        try await with(machines.address("a"), replica: machines.address("other")) { storage, tenant in
            _ = try await storage.statuses.keep([.status(1)], cursor: nil, in: tenant, at: noon)
            for _ in 0..<20 {
                #expect(try await storage.recommender.changes(in: tenant, since: nil, at: noon).changed.count == 1)
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    @Test func `a promotion under load loses nothing that was acknowledged`() async throws {
        let test = LargeTest("promotions", seed: 35)
        var (longest, lost, acknowledged) = (Duration.zero, 0, 0)
        for _ in 0..<test.planned {
            let machines = try PostgresMachines()
            try machines.primary("a")
            try machines.standby("b", of: "a")
            let primary = try PostgresConnection(PostgresSettings(url: machines.address("a")))
            try primary.script("ALTER SYSTEM SET synchronous_standby_names = '*'")
            try primary.script("SELECT pg_reload_conf()")
            let both = machines.address("a", "b", options: "target_session_attrs=read-write", "connect_timeout=2")
            try await with(both, replica: nil) { storage, tenant in
                try await eventually { try primary.first("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'") { _ in true } ?? false }
                let viewer = try await storage.people.setLevel(.full, of: alias(1), in: tenant, at: noon).viewer
                let load = Load(storage, viewer)
                async let written = load.run(4)
                try await eventually { load.acknowledged > 200 }
                // The old primary is stopped first: that is the fence.
                try machines.stop("a")
                try machines.promote("b")
                let before = load.acknowledged
                try await eventually { load.acknowledged > before + 200 }
                load.end()
                let posts = await written
                let rows = try PostgresConnection(PostgresSettings(url: machines.address("b"))).all("SELECT post_id FROM UserInteraction") { $0.text(0) }
                #expect(Set(rows).count == rows.count, "twice")
                lost += posts.subtracting(rows).count
                acknowledged += posts.count
                longest = max(longest, load.longestPause)
            }
        }
        print("promotions: \(test.planned), \(acknowledged) acknowledged, \(lost) lost, longest pause \(longest)")
        #expect(lost == 0)
        #expect(longest < .seconds(10))
        test.finish(done: test.planned, failed: lost)
    }

    @Test func `a primary whose synchronous standby was promoted acknowledges nothing more`() async throws {
        let machines = try PostgresMachines()
        try machines.primary("a")
        try machines.standby("b", of: "a")
        var settings = PostgresSettings(url: machines.address("a"))
        (settings.statementTimeout, settings.grace) = (.milliseconds(500), .milliseconds(500))
        let old = try PostgresConnection(settings)
        try old.script("CREATE TABLE notes (n bigint)")
        try old.script("ALTER SYSTEM SET synchronous_standby_names = '*'")
        try old.script("SELECT pg_reload_conf()")
        try await eventually { try old.first("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'") { _ in true } ?? false }
        _ = try old.transaction { try old.run("INSERT INTO notes VALUES (1)") }
        // Promoted although the old one is still there, which nobody should do.
        try machines.promote("b")
        #expect(throws: DatabaseError.outcomeUnknown) { try old.transaction { try old.run("INSERT INTO notes VALUES (2)") } }
        let new = try PostgresConnection(PostgresSettings(url: machines.address("b")))
        #expect(try new.all("SELECT n FROM notes") { $0.integer(0) } == [1])
    }

    private func with(_ address: String, replica: String?, _ body: (Storage, TenantKey) async throws -> Void) async throws {
        let storage = try await Storage.open(.postgres(url: address), replica: replica, role: .serve, now: noon)
        let ended: Result<Void, any Error>
        do {
            let tenant = try await storage.tenant(domain: "social.example", at: noon)
            try await storage.registerKey(id: "key-1", in: tenant, at: noon)
            ended = .success(try await body(storage, tenant))
        } catch {
            ended = .failure(error)
        }
        await storage.shutdown()
        try ended.get()
    }

    private func eventually(_ isSo: () async throws -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(60)
        while try await !isSo() {
            try #require(ContinuousClock.now < end, "not in time")
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Writers who count what they were told, and for how long they were told nothing.
    private final class Load: Sendable {
        private struct State {
            var posts: Set<String> = []
            var next = 1
            var last = ContinuousClock.now
            var longestPause = Duration.zero
            var isOver = false
        }

        private let storage: Storage
        private let viewer: Viewer
        private let state = Mutex(State())

        init(_ storage: Storage, _ viewer: Viewer) { (self.storage, self.viewer) = (storage, viewer) }

        var acknowledged: Int { state.withLock { $0.posts.count } }
        var longestPause: Duration { state.withLock(\.longestPause) }
        func end() { state.withLock { $0.isOver = true } }

        /// - Returns: the posts whose act was acknowledged.
        func run(_ writers: Int) async -> Set<String> {
            await withTaskGroup(of: Void.self) { group in for _ in 0..<writers { group.addTask { await self.write() } } }
            return state.withLock(\.posts)
        }

        private func write() async {
            while let number = state.withLock({ state -> Int? in
                state.next += 1
                return state.isOver ? nil : state.next
            }) {
                let act = Interaction(post: PostReference(postID: id(number), authorID: id(1)), kind: .favourite, at: noon)
                guard let permitted = PrivacyPolicy().permit(act, visibility: .public, for: viewer) else { return }
                guard (try? await storage.interactions.record(permitted)) == true else {
                    // Unacknowledged: it may be there or not.
                    try? await Task.sleep(for: .milliseconds(5))
                    continue
                }
                state.withLock { state in
                    state.posts.insert(id(number))
                    state.longestPause = max(state.longestPause, .now - state.last)
                    state.last = .now
                }
            }
        }
    }
}
