import Database
import Fediverse
import Migrations
import Postgres
import Privacy
import SQLite
import TestSupport
import Testing

@testable import Store

private let noon = Instant(microseconds: 1_790_000_000_000_000)

extension TransferTests {
    struct WholeTransferTests {
        @Test func `every row of every table arrives, under the schema that the migrations make`() async throws {
            let place = try Place()
            try place.fill(acts: 5_000)
            let before = bytes(of: place.path)
            let report = try await place.transfer.run(at: noon) { _ in }
            #expect(bytes(of: place.path) == before)
            #expect(report.unfit.isEmpty && report.rows > 5_000)
            #expect(try differences(place) == [])
            #expect(try place.target().first("SELECT count(*) FROM pg_namespace WHERE nspname = 'sheltie_transfer'") { $0.integer(0) } == 0)

            let moved = try shape(place.target())
            try place.emptyTarget()
            let fresh = try await Storage.open(.postgres(url: place.url), role: .command, now: noon)
            await fresh.shutdown()
            let difference = try Set(moved).symmetricDifference(shape(place.target()))
            #expect(difference == [])
        }

        @Test func `numbers that were given out are never used again`() async throws {
            let place = try Place()
            try place.fill(acts: 100)
            _ = try await place.transfer.run(at: noon) { _ in }
            let (source, target) = (try place.source(), try place.target())
            for (table, column) in [("post_metadata", "post_key"), ("user_aliases", "alias_key"), ("recommendation_logs", "log_key"), ("authors", "author_key")] {
                let given = try source.first("SELECT seq FROM sqlite_sequence WHERE name = \(table)") { $0.integer(0) } ?? 0
                let owner = table == "user_aliases" ? "alias_keys" : table
                let next = try target.first("SELECT nextval(pg_get_serial_sequence(\(owner), \(column)))") { $0.integer(0) }
                #expect(given > 0 && next == given + 1, "\(table)")
            }
        }

        @Test func `the service's own code reads what has arrived`() async throws {
            let place = try Place()
            try place.fill(acts: 200)
            _ = try await place.transfer.run(at: noon) { _ in }
            let storage = try await Storage.open(.postgres(url: place.url), role: .serve, now: noon)
            let tenant = try await storage.tenant(domain: "social.example")
            #expect(tenant == TenantKey(1))
            #expect(try await storage.info().tables.first { $0.name == "post_metadata" }?.rows == 40)
            await storage.shutdown()
        }

        @Test func `a used target is refused and stays as it is`() async throws {
            let place = try Place()
            try place.fill(acts: 50)
            try place.target().script("CREATE TABLE other (id bigint); INSERT INTO other VALUES (5)")
            await #expect(throws: TransferError.targetUsed) { try await place.transfer.run(at: noon) { _ in } }
            #expect(try place.target().first("SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('public', 'sheltie_transfer')") { $0.integer(0) } == 1)
        }

        @Test func `a user who may make nothing in the target is told so`() async throws {
            let place = try Place()
            try place.fill(acts: 50)
            let user = "guest_of_\(place.database)"
            try place.target().script("CREATE ROLE \(user) LOGIN")
            defer { try? place.target().script("DROP ROLE \(user)") }
            let transfer = Transfer(source: place.path, target: PostgresServer.address(user: user, database: place.database))
            await #expect(throws: TransferError.notAllowed) { try await transfer.run(at: noon) { _ in } }
        }

        @Test func `what was begun is gone on with only when that is said, and only from its own source`() async throws {
            let place = try Place()
            try place.fill(acts: 50)
            let staging = try Staging.open(place.url)
            try staging.make(source: "another", at: noon)
            await #expect(throws: TransferError.unfinished) { try await place.transfer.run(at: noon) { _ in } }
            var transfer = place.transfer
            transfer.resumes = true
            let resuming = transfer
            await #expect(throws: TransferError.otherSource) { try await resuming.run(at: noon) { _ in } }
        }

        @Test func `a finished transfer is found finished`() async throws {
            let place = try Place()
            try place.fill(acts: 50)
            _ = try await place.transfer.run(at: noon) { _ in }
            var transfer = place.transfer
            transfer.resumes = true
            #expect(try await transfer.run(at: noon) { _ in }.wasComplete)
        }

        @Test func `a source that is served is not read`() async throws {
            let place = try Place()
            try place.fill(acts: 50)
            let service = try await Storage.open(.sqlite(path: place.path), role: .serve, now: noon)
            await #expect(throws: DatabaseError.alreadyServed) { try await place.transfer.run(at: noon) { _ in } }
            await service.shutdown()
        }

        @Test func `a source that was written to meanwhile is noticed before anything is visible`() async throws {
            let place = try Place()
            try place.fill(acts: 50)
            let path = place.path
            let transfer = place.transfer
            await #expect(throws: TransferError.sourceChanged) {
                try await transfer.run(at: noon) { note in
                    guard case .began(.indexes) = note else { return }
                    _ = try? SQLiteConnection(path: path, access: .writer).run("DELETE FROM preferences")
                }
            }
            // What was copied before is compared with what the source says now.
            var again = transfer
            again.resumes = true
            let resuming = again
            await #expect(throws: TransferError.different(rows: 9)) { try await resuming.run(at: noon) { _ in } }
            #expect(try place.target().first("SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public'") { $0.integer(0) } == 0)
        }

        @Test(arguments: [
            ("UPDATE user_interactions SET score_weight = 0.25 WHERE ctid = (SELECT ctid FROM user_interactions LIMIT 1)", "other"),
            ("DELETE FROM recommendation_logs WHERE log_key = 3", "missing"),
            ("INSERT INTO preferences VALUES (1, 1, 'added', 'x')", "surplus"),
            ("UPDATE post_metadata SET tags = '[\"cats\"]' WHERE post_key = 4", "other"),
            ("UPDATE user_aliases SET last_seen = last_seen + interval '1 microsecond' WHERE alias_key = 2", "other"),
        ])
        func `one row that was changed on the way is named, and nothing is visible`(change: String, how: String) async throws {
            let place = try Place()
            try place.fill(acts: 100)
            let url = place.url
            let named = Monitor<[String]>([], lines: 1)
            await #expect(throws: TransferError.different(rows: 1)) {
                try await place.transfer.run(at: noon) { note in
                    switch note {
                    case .began(.verification):
                        let staging = try? Staging.open(url)
                        try? staging?.session.script(change)
                    case .different(let table, let key, let how): named.withLock { $0.append("\(table) \(key) \(how)") }
                    default: break
                    }
                }
            }
            let lines = named.withLock { $0 }
            #expect(lines.count == 1 && lines[0].hasSuffix(" " + how) && !lines[0].contains("  "))
            #expect(try place.target().first("SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public'") { $0.integer(0) } == 0)
        }

        @Test func `small parts and one builder give the same`() async throws {
            let place = try Place()
            try place.fill(acts: 500)
            var transfer = place.transfer
            transfer.chunkRows = 7
            transfer.builders = 1
            _ = try await transfer.run(at: noon) { _ in }
            #expect(try differences(place) == [])
        }

        @Test func `a file of another kind is refused`() async throws {
            let place = try Place()
            await #expect(throws: StoreError.noDatabase) { try await place.transfer.run(at: noon) { _ in } }
            try write("no database, whatever its name says, but long enough to be read".utf8, to: place.path)
            await #expect(throws: DatabaseError.self) { try await place.transfer.run(at: noon) { _ in } }
        }
    }
}
