import Database
import Fediverse
import Migrations
import Glibc
import Postgres
import Privacy
import Recommender
import Store
import TestSupport
import Testing

struct StorageTests {
    @Test(arguments: [
        ("./sheltie.db", StoreLocation.sqlite(path: "./sheltie.db")),
        ("sqlite:///data/sheltie.db", .sqlite(path: "data/sheltie.db")),
        ("sqlite:////var/lib/sheltie.db", .sqlite(path: "/var/lib/sheltie.db")),
        ("postgres://localhost/sheltie", .postgres(url: "postgres://localhost/sheltie")),
        ("postgresql://localhost/sheltie", .postgres(url: "postgresql://localhost/sheltie")),
    ])
    func `a location is a path or an address`(text: String, location: StoreLocation) throws {
        #expect(try StoreLocation(parsing: text) == location)
    }

    @Test(arguments: ["", "sqlite:///", "sqlite://", "sqlite:x.db", "mysql://localhost/x", ":memory:", "a\0b"])
    func `anything else is refused`(text: String) {
        #expect(throws: StoreError.unknownLocation) { try StoreLocation(parsing: text) }
    }

    @Test func `looking neither makes nor migrates a database`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/none.db"
        await #expect(throws: StoreError.noDatabase) { _ = try await Storage.open(.sqlite(path: path), role: .inspect, now: noon) }
        let empty = open(path, O_CREAT | O_WRONLY, 0o600)
        close(empty)
        await #expect(throws: StoreError.migrationsPending(pending: Migration.all.count)) {
            _ = try await Storage.open(.sqlite(path: path), role: .inspect, now: noon)
        }
    }

    @Test func `the data outlives the process`() async throws {
        let folder = try TemporaryFolder()
        let location = StoreLocation.sqlite(path: folder.path + "/a.db")
        let first = try await Storage.open(location, role: .serve, now: noon)
        let tenant = try await first.tenant(domain: "social.example", at: noon)
        await first.shutdown()
        let second = try await Storage.open(location, role: .inspect, now: noon)
        #expect(try await second.tenant(domain: "social.example") == tenant)
        #expect(try await second.tenant(domain: "other.example") == nil)
        await second.shutdown()
    }

    @Test func `asking whether the database takes writes changes nothing, and a closed one says no`() async throws {
        try await TestStore.with { store in
            let before = try await store.storage.info()
            for _ in 0..<200 { try await store.storage.checkWritable(in: store.tenant) }
            #expect(try await store.storage.info() == before)
            await store.storage.shutdown()
            await #expect(throws: DatabaseError.unavailable) { try await store.storage.checkWritable(in: store.tenant) }
        }
    }

    @Test(.onEveryEngine) func `another master key is refused`() async throws {
        try await TestStore.with { store in
            try await store.storage.registerKey(id: "key-1", in: store.tenant, at: noon)
            await #expect(throws: StoreError.unknownKey) {
                try await store.storage.registerKey(id: "key-2", in: store.tenant, at: noon)
            }
        }
    }

    @Test func `of two processes that bring the first key at once one is refused`() async throws {
        try await TestStore.with { store in
            let other = try await store.storage.tenant(domain: "other.example", at: noon)
            let second = try await Storage.open(.sqlite(path: store.path), role: .command, now: noon)
            let accepted = await withTaskGroup(of: Bool.self) { group in
                for (number, storage) in [store.storage, second, store.storage, second].enumerated() {
                    group.addTask { (try? await storage.registerKey(id: "key-\(number)", in: other, at: noon)) != nil }
                }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            await second.shutdown()
            #expect(accepted == 1)
            #expect(try await store.count("key_ids", where: "tenant_id <> \(store.tenant.value)") == 1)
        }
    }

    @Test(.onEveryEngine) func `no alias is kept before a key is known`() async throws {
        try await TestStore.with { store in
            let other = try await store.storage.tenant(domain: "other.example", at: noon)
            await #expect(throws: StoreError.noActiveKey) {
                _ = try await store.storage.people.setLevel(.full, of: alias(1), in: other, at: noon)
            }
        }
    }

    @Test(.onEveryEngine) func `the info counts the rows of each table`() async throws {
        try await TestStore.with { store in
            try await store.keep([.status(1), .status(2)])
            let info = try await store.storage.info()
            #expect(info.schemaVersion == Migration.all.last?.number)
            #expect(info.engine.hasPrefix(Engine.current == .sqlite ? "SQLite 3." : "PostgreSQL 1"))
            #expect(info.bytes > 4_096)
            #expect(info.tables.first { $0.name == "post_metadata" }?.rows == 2)
            #expect(info.tables.first { $0.name == "user_interactions" }?.rows == 0)
        }
    }

    @Test(.enabled(if: PostgresServer.address != nil, .init(rawValue: PostgresServer.isMissing)))
    func `a server's database is opened by several, outlives them, and is not copied to a file`() async throws {
        try await StorePlace.with(.postgres) { place in
            await #expect(throws: StoreError.migrationsPending(pending: Migration.all.count)) {
                _ = try await Storage.open(place.location, role: .inspect, now: noon)
            }
            // At the same moment: one of them migrates, the others wait for it.
            let opened = try await withThrowingTaskGroup(of: Storage.self) { group in
                for _ in 0..<4 { group.addTask { try await Storage.open(place.location, role: .serve, now: noon) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let tenants = try await withThrowingTaskGroup(of: Int64.self) { group in
                for storage in opened { group.addTask { try await storage.tenant(domain: "social.example", at: noon).value } }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(tenants.count == 1)
            for storage in opened { await storage.shutdown() }
            let later = try await Storage.open(place.location, role: .inspect, now: noon)
            #expect(try await later.tenant(domain: "social.example")?.value == tenants.first)
            await #expect(throws: StoreError.noFile) { try await later.backup(to: "/tmp/never") }
            await later.shutdown()
        }
    }

    @Test(.enabled(if: PostgresServer.address != nil, .init(rawValue: PostgresServer.isMissing)))
    func `a server that takes no writes is no place to work on, one whose rows another holds is`() async throws {
        try await StorePlace.with(.postgres) { place in
            guard case .postgres(let url) = place.location else { return }
            let storage = try await Storage.open(place.location, role: .serve, now: noon)
            let tenant = try await storage.tenant(domain: "social.example", at: noon)
            let other = try PostgresConnection(PostgresSettings(url: url))
            try await storage.checkWritable(in: tenant)
            try other.script("BEGIN; UPDATE tenants SET window_day = 1")
            // Had it to wait for the row, its lock would run out, and this throw.
            try await storage.checkWritable(in: tenant)
            try other.script("ROLLBACK")
            await storage.shutdown()
            await #expect(throws: DatabaseError.readOnly) {
                _ = try await Storage.open(.postgres(url: url + "&options=-cdefault_transaction_read_only%3Don"), role: .serve, now: noon)
            }
        }
    }

    @Test func `a backup is a database with the same rows, for its owner only`() async throws {
        try await TestStore.with { store in
            try await store.keep([.status(1)])
            let copy = store.path + ".backup"
            try await store.storage.backup(to: copy)
            var facts = stat()
            #expect(stat(copy, &facts) == 0 && facts.st_mode & 0o777 == 0o600)
            let opened = try await Storage.open(.sqlite(path: copy), role: .inspect, now: noon)
            #expect(try await opened.recommender.changes(in: store.tenant, since: nil, at: noon).changed.count == 1)
            await opened.shutdown()
            await #expect(throws: (any Error).self) { try await store.storage.backup(to: copy) }
        }
    }

    @Test(.onEveryEngine) func `a sound database has nothing to say, and a wiped one no rows`() async throws {
        try await TestStore.with { store in
            let viewer = try await store.viewer(.full)
            try await store.act(on: 1, viewer)
            if Engine.current == .sqlite {
                #expect(try await store.storage.checkIntegrity().isEmpty)
            } else {
                await #expect(throws: StoreError.noFile) { try await store.storage.checkIntegrity() }
            }
            try await untilDone { try await store.storage.wipe() }
            let info = try await store.storage.info()
            #expect(info.tables.filter { $0.rows > 0 }.map(\.name) == ["schema_migrations"])
        }
    }
}
