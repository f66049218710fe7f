import Database
import Fediverse
import Glibc
import Postgres
import Privacy
import Recommender
import TestSupport
import Testing

@testable import Store

/// 2026-06-01 12:00 UTC, a Monday.
let noon = Instant(seconds: 20_605 * 86_400 + 12 * 3_600)

/// A database of the test's own, with one tenant and its key.
struct TestStore: Sendable {
    let storage: Storage
    let tenant: TenantKey
    /// The file; empty on a server.
    let path: String
    let policy = PrivacyPolicy()

    /// Lends a fresh store to `body` and removes it afterwards.
    static func with(
        defaultLevel: PrivacyLevel = .none, candidateLimit: Int = 1_000, _ body: (TestStore) async throws -> Void
    ) async throws {
        try await StorePlace.with(.current) { place in
            let storage = try await Storage.open(
                place.location, role: .serve, defaultLevel: defaultLevel, candidateLimit: candidateLimit, now: noon)
            do {
                let tenant = try await storage.tenant(domain: "social.example", at: noon)
                try await storage.registerKey(id: "key-1", in: tenant, at: noon)
                try await body(TestStore(storage: storage, tenant: tenant, path: place.path))
            } catch {
                await storage.shutdown()
                throw error
            }
            await storage.shutdown()
        }
    }

    /// By the test's clock on both engines.
    var leases: Leases {
        var leases = storage.leases
        leases.goesByServer = false
        return leases
    }

    @discardableResult
    func viewer(_ level: PrivacyLevel, _ number: Int = 1, at now: Instant = noon) async throws -> Viewer {
        try await storage.people.setLevel(level, of: alias(number), in: tenant, at: now).viewer
    }

    @discardableResult
    func act(
        _ kind: InteractionKind = .favourite, on post: Int, by author: Int = 1, _ viewer: Viewer, at now: Instant = noon
    ) async throws -> Bool {
        let reference = PostReference(postID: id(post), authorID: id(author))
        let context = Interaction.Context(source: "timeline", position: 3)
        let interaction = Interaction(post: reference, kind: kind, at: now, weight: 2, context: context)
        let permitted = try #require(policy.permit(interaction, visibility: .public, for: viewer, keepingViews: true))
        return try await storage.interactions.record(permitted)
    }

    @discardableResult
    func show(_ posts: [PostKey], to viewer: Viewer, at now: Instant = noon) async throws -> Bool {
        let recommendations = try posts.enumerated().map { number, post in
            try #require(policy.permit(
                Recommendation(
                    post: post, at: now, reason: "popular", modelVersion: "blend-v1", shownAs: "w\(post.value)n\(number)t\(now.microseconds)", above: "a", below: "b", position: 2),
                for: viewer))
        }
        return try await storage.recommendationLog.record(recommendations, while: { true })
    }

    @discardableResult
    func keep(_ statuses: [KeptStatus], at now: Instant = noon) async throws -> Int {
        try await storage.statuses.keep(statuses, cursor: nil, in: tenant, at: now)
    }

    func changes(since version: Int64? = nil, at now: Instant = noon) async throws -> SnapshotChanges {
        try await storage.recommender.changes(in: tenant, since: version, at: now)
    }

    func history(_ viewer: Viewer, at now: Instant = noon) async throws -> ReaderHistory {
        try await storage.recommender.history(of: viewer, at: now)
    }

    /// What the test itself wants to know; on a server not as the user whose statements are the program's.
    func look<Result: Sendable>(_ body: @escaping @Sendable (any Connection) throws -> Result) async throws -> Result {
        guard case .postgres(let url) = storage.location else { return try await storage.pool.read(body) }
        let looker = PostgresServer.citus == nil ? url.replacing("://postgres@", with: "://looker@") : url
        let connection = try PostgresConnection(PostgresSettings(url: looker))
        return try connection.transaction { try body(connection) }
    }

    func rows(_ statement: SQL) async throws -> [[SQLValue]] {
        try await look { connection in
            try connection.all(statement) { row in (0..<row.columnCount).map { row.value($0) } }
        }
    }

    func count(_ table: String, where condition: String = "1 = 1") async throws -> Int {
        try await look { try $0.count("SELECT count(*) FROM \(raw: table) WHERE \(raw: condition)") }
    }

    func key(_ post: Int) async throws -> PostKey {
        let rows = try await rows("SELECT post_key FROM post_metadata WHERE post_id = \(id(post))")
        guard case .integer(let key) = try #require(rows.first)[0] else { throw DatabaseError.unavailable }
        return PostKey(key)
    }

    /// Every table with its rows, the numbering of keys included.
    func dump() async throws -> [String: [[SQLValue]]] {
        try await look { connection in
            var dump: [String: [[SQLValue]]] = [:]
            for table in try connection.all(connection.dialect.tableNames, { $0.text(0) }) + (connection.dialect == .sqlite ? ["sqlite_sequence"] : []) {
                let rows = try connection.all("SELECT * FROM \(raw: table)") { row in (0..<row.columnCount).map { row.value($0) } }
                dump[table] = rows.sorted { "\($0)" < "\($1)" }
            }
            return dump
        }
    }
}

/// A folder that goes with the last reference to it.
final class TemporaryFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/sheltie-store-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw DatabaseError.cannotOpen(reason: "no temporary folder") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for name in names(in: path) { unlink(path + "/" + name) }
        rmdir(path)
    }
}

/// 64 hex digits that end in the number.
func id(_ number: Int) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 64 - digits.count) + digits
}

func alias(_ number: Int) -> AliasID {
    guard let alias = AliasID(hex: id(number)) else { preconditionFailure("\(id(number)) is no alias") }
    return alias
}

extension KeptStatus {
    /// Post `number` by author `author`, an hour old.
    static func status(
        _ number: Int, by author: Int = 1, content: String? = "Hello", favourites: Int = 0, reblogs: Int = 0, replies: Int = 0,
        createdAt: Instant = noon - .hours(1), editedAt: Instant? = nil, tags: [String] = ["dogs"], localID: String? = ""
    ) -> KeptStatus {
        KeptStatus(
            postID: id(number), authorID: id(author), localID: localID == "" ? "local-\(number)" : localID, content: content, language: "en",
            createdAt: createdAt, editedAt: editedAt, favourites: favourites, reblogs: reblogs, replies: replies, tags: tags)
    }
}
