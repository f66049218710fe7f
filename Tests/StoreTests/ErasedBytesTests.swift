import Database
import Fediverse
import Postgres
import Privacy
import Recommender
import SQLite
import TestSupport
import Testing

@testable import Store

/// Of whom has gone nothing is left in the database's files: they are searched from outside, with the log and what is free in them.
struct ErasedBytesTests {
    @Test func `of erased people not a byte is left in a file and its log within a minute`() async throws {
        let test = LargeTest("erased-bytes-file", seed: 51)
        let folder = try TemporaryFolder()
        let path = folder.path + "/sheltie.db"
        let storage = try await Storage.open(.sqlite(path: path), role: .serve, now: noon)
        let leaving = try await Leaving(storage, files: { [folder.path] }, settle: {})
        var done = 0
        while done < test.planned {
            try await leaving.come(leaving.size)
            // Somebody else's reader, which nothing of ours can end.
            let reader = done == 0 ? try SQLiteConnection(path: path, access: .foreignReader) : nil
            try reader?.script("BEGIN")
            _ = try reader?.count("SELECT count(*) FROM user_aliases")
            try await leaving.go()
            if let reader {
                #expect(try await !storage.people.scrub())
                #expect(try leaving.isFound(leaving.aliasWord) && leaving.isFound(leaving.rowWord))
                #expect(try await storage.bytesLeaveBy(in: leaving.tenant) != nil, "it is told that something is left")
                try reader.script("COMMIT")
            }
            let begun = ContinuousClock.now
            while try await storage.scrubs.carryOut(in: leaving.tenant, at: noon + .minutes(1)).held.count > 0 {
                try #require(ContinuousClock.now - begun < .seconds(60))
            }
            #expect(try leaving.found(leaving.aliasWord, leaving.rowWord, leaving.cutWord) == [])
            #expect(try await storage.bytesLeaveBy(in: leaving.tenant) == nil)
            try await leaving.expectOthers()
            done += leaving.size
        }
        await storage.shutdown()
        test.finish(done: done, failed: 0)
    }

    @Test(.enabled(if: PostgresServer.address != nil, .init(rawValue: PostgresServer.isMissing)))
    func `of erased people no alias is left in a server's files within a minute, and no row after the night`() async throws {
        let test = LargeTest("erased-bytes-server", seed: 52)
        // Its own server: who reads in another test's database would hold the bytes, too.
        let cluster = try PostgresCluster("min_wal_size=32MB", "max_wal_size=48MB")
        let data = cluster.folder + "/data"
        let owner = try PostgresConnection(PostgresSettings(url: cluster.address()))
        let storage = try await Storage.open(.postgres(url: cluster.address()), role: .serve, now: noon)
        let leaving = try await Leaving(
            storage, files: { names(in: data).filter { $0 != "pg_wal" }.map { data + "/" + $0 } + [cluster.folder + "/log"] },
            settle: { try owner.run("CHECKPOINT") })
        var patience = PostgresSettings(url: cluster.address())
        patience.idleLimit = .seconds(600)
        var (done, longest) = (0, Duration.zero)
        while done < test.planned {
            try await leaving.come(leaving.size)
            // So that the planner's samples are of these people.
            try owner.run("ANALYZE")
            let reader = done == 0 ? try PostgresConnection(patience) : nil
            try reader?.beginRead(limit: .seconds(600))
            _ = try reader?.count("SELECT count(*) FROM user_aliases")
            try await leaving.go()
            if let reader {
                #expect(try await !storage.people.scrub(), "a reader that began before the erasure sees the rows")
                #expect(try leaving.isFound(leaving.aliasWord))
                reader.endRead()
            }
            let begun = ContinuousClock.now
            while try await !storage.people.scrub() { try #require(ContinuousClock.now - begun < .seconds(60)) }
            longest = max(longest, ContinuousClock.now - begun)
            #expect(try leaving.found(leaving.aliasWord) == [])

            // The rows' bytes are there until the night, and that is what is told.
            #expect(try leaving.isFound(leaving.rowWord))
            let night = try #require(try await storage.bytesLeaveBy(in: leaving.tenant))
            #expect(night > noon && night <= noon + .days(1))
            while try await storage.scrubs.carryOut(in: leaving.tenant, at: night).held.count > 0 {
                try #require(ContinuousClock.now - begun < .seconds(120))
            }
            let found = try leaving.found(leaving.aliasWord, leaving.rowWord, leaving.cutWord)
            #expect(found == [], "round \(done / leaving.size): \(found.map { tables(owner)[String($0.split(separator: "/").last ?? "")] ?? "no table" })")
            #expect(try await storage.bytesLeaveBy(in: leaving.tenant) == nil)
            try await leaving.expectOthers()
            done += leaving.size
        }
        // The write-ahead log loses them as its segments are used again.
        var switches = 0
        func logHolds() throws -> Bool {
            try files(under: [data + "/pg_wal"], holding: [leaving.aliasWord, leaving.rowWord, leaving.cutWord]).isEmpty == false
        }
        #expect(try logHolds())
        while try logHolds(), switches < 40 {
            try owner.run("SELECT pg_logical_emit_message(FALSE, 'test', repeat('x', 4000))")
            try owner.run("SELECT pg_switch_wal()")
            try owner.run("CHECKPOINT")
            switches += 1
        }
        #expect(try !logHolds(), "still in the log after \(switches) segments")
        await storage.shutdown()
        test.finish(done: done, failed: 0)
        print("erased-bytes-server: the slowest scrub of \(leaving.size) erasures took \(longest); the log was clean after \(switches) segments")
    }
}

/// Tables and indexes by the names of their files, to read a failure by.
private func tables(_ connection: PostgresConnection) -> [String: String] {
    let rows = try? connection.all("SELECT CAST(pg_relation_filenode(oid) AS text), relname FROM pg_class WHERE pg_relation_filenode(oid) IS NOT NULL") {
        ($0.text(0), $0.text(1))
    }
    return Dictionary(rows ?? []) { first, _ in first }
}

/// People whose every value is known by the word that it begins with.
private final class Leaving {
    /// Erasures between two searches.
    let size = 50
    let aliasWord = "a11a5e5ca1ab1e0ddba11ace"
    /// Of ids in rows: what was done, by whom it was written, what was shown.
    let rowWord = "0b5cede5ecafe5ca1ab1e5bad"
    /// Of what FULL keeps and LIMITED does not.
    let cutWord = "zwickelbartquaste"
    let storage: Storage
    let tenant: TenantKey
    private let files: () -> [String]
    private let settle: () throws -> Void
    private let policy = PrivacyPolicy()
    private var people: [Viewer] = []
    private var reduced: Viewer?
    private var born = 0

    /// - Parameters:
    ///   - files: where to look.
    ///   - settle: brings what the engine has in memory into its files.
    init(_ storage: Storage, files: @escaping () -> [String], settle: @escaping () throws -> Void) async throws {
        (self.storage, self.files, self.settle) = (storage, files, settle)
        tenant = try await storage.tenant(domain: "social.example", at: noon)
        try await storage.registerKey(id: "key-1", in: tenant, at: noon)
        // Somebody who stays.
        let other = try await storage.people.setLevel(.full, of: alias(7), in: tenant, at: noon).viewer
        try await act(other, on: PostReference(postID: id(7), authorID: id(7)), source: "home")
    }

    private func value(_ word: String, _ number: Int) -> String {
        let digits = String(number, radix: 16)
        return word + String(repeating: "0", count: 64 - word.count - digits.count) + digits
    }

    private func act(_ viewer: Viewer, on post: PostReference, source: String) async throws {
        let act = Interaction(post: post, kind: .favourite, at: noon, weight: 1.5, context: Interaction.Context(source: source, position: 3))
        #expect(try await storage.interactions.record(try #require(policy.permit(act, visibility: .public, for: viewer))))
    }

    /// People at FULL, each with a row of every kind, and one who will step down.
    func come(_ count: Int) async throws {
        _ = try await storage.statuses.keep([.status(1), .status(2)], cursor: nil, in: tenant, at: noon)
        let shown = try await storage.pool.read { try $0.first("SELECT post_key FROM post_metadata WHERE eligible = TRUE") { $0.post(0) } }
        for _ in 0..<count {
            born += 1
            let name = try #require(AliasID(hex: value(aliasWord, born)))
            let viewer = try await storage.people.setLevel(.full, of: name, in: tenant, at: noon).viewer
            for post in 0..<3 {
                try await act(
                    viewer, on: PostReference(postID: value(rowWord, born * 4 + post), authorID: value(rowWord, born * 4 + post)), source: rowWord)
            }
            try await write(viewer, shown: try #require(shown), word: rowWord)
            people.append(viewer)
        }
        let stays = try await storage.people.setLevel(.full, of: alias(0x5000 + born), in: tenant, at: noon).viewer
        try await act(stays, on: PostReference(postID: id(1), authorID: id(1)), source: cutWord)
        let recommendation = Recommendation(
            post: try #require(shown), at: noon, reason: "tag-affinity:\(cutWord)", modelVersion: cutWord, shownAs: "s\(born)", above: "1", below: "2", position: 4)
        #expect(try await storage.recommendationLog.record([try #require(policy.permit(recommendation, for: stays))], while: { true }))
        reduced = stays
        try settle()
        #expect(try isFound(aliasWord) && isFound(rowWord) && isFound(cutWord), "a search that finds nothing proves nothing")
    }

    private func write(_ viewer: Viewer, shown post: PostKey, word: String) async throws {
        let recommendation = Recommendation(
            post: post, at: noon, reason: "popular", modelVersion: "blend-v1", shownAs: "\(word)\(born)", above: word, below: word, position: 2)
        #expect(try await storage.recommendationLog.record([try #require(policy.permit(recommendation, for: viewer))], while: { true }))
        _ = try await storage.preferences.set(try #require(policy.permit(setting: Setting(name: "mode", value: word), for: viewer)))
        let less = Suppression(subject: .author(id: value(word, born)), setAt: noon)
        try await storage.preferences.suppress(try #require(policy.permit(suppression: less, for: viewer)))
    }

    /// All of them are erased, and the one steps down.
    func go() async throws {
        for (number, viewer) in people.enumerated() {
            let receipt = try await storage.people.erase(viewer.alias, in: tenant, ledgerTag: id(born * 100 + number), at: noon)
            #expect(receipt.removed["user_interactions"] == 3 && receipt.removed["suppressions"] == 1)
        }
        people = []
        if let reduced { _ = try await storage.people.setLevel(.limited, of: reduced.alias, in: tenant, at: noon) }
    }

    /// Where any of the words stand.
    func found(_ words: String...) throws -> [String] {
        try settle()
        return try TestSupport.files(under: files(), holding: words)
    }

    func isFound(_ word: String) throws -> Bool { try !found(word).isEmpty }

    func expectOthers() async throws {
        #expect(try await storage.interactions(of: storage.people.viewer(alias(7), in: tenant), limit: 5).count == 1)
        let left = try await storage.pool.read { try $0.count("SELECT count(*) FROM user_aliases WHERE privacy_level = 'LIMITED'") }
        #expect(left == born / size, "who stepped down is still there")
    }
}
