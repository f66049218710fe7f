import Database
import Fediverse
import Glibc
import Postgres
import Privacy
import Recommender
import Store
import TestSupport
import Testing

extension ServiceTests {
    /// `sheltie privacy prove` over a server's database: rows, the planner's samples, and the server's own files where they can be read.
    @Suite(.enabled(if: PostgresServer.address != nil, .init(rawValue: PostgresServer.isMissing)))
    struct ProveOnServerTests {
        private let word = "Quastenflosser???@meadow.example"

        private func prove(_ shared: SharedPlace, _ more: [String] = [], words: [String] = []) async throws -> (code: Int32?, text: String) {
            let flags = words.isEmpty ? [] : ["--words-stdin"]
            let program = try shared.start(["privacy", "prove"], flags + more, input: words.joined(separator: "\n"))
            let ending = try await program.ended()
            return (ending.code, program.output + program.errors)
        }

        @Test func `words in rows and samples, and a row that its level does not keep, are found; an invented person leaves nothing`() async throws {
            let shared = try SharedPlace(upstream: "http://127.0.0.1:9")
            let (place, moment) = (shared.place, now())
            let storage = try await Storage.open(.postgres(url: shared.address()), role: .command, now: moment)
            let tenant = try await storage.tenant(domain: place.domain, at: moment)
            let names = try place.pseudonymizer()
            try await storage.registerKey(id: names.keyID, in: tenant, at: moment)
            let alias = try names.alias(domain: place.domain, accountID: "4711")
            let viewer = try await storage.people.setLevel(.limited, of: alias, in: tenant, at: moment).viewer
            for number in 1...3 {
                let post = PostReference(postID: Pseudonymizer.postID(host: "a.example", uri: "\(number)"), authorID: names.authorID(uri: "b"))
                let act = try #require(PrivacyPolicy().permit(Interaction(post: post, kind: .favourite, at: moment), visibility: .public, for: viewer))
                try await storage.interactions.record(act)
            }
            await storage.shutdown()

            let clean = try await prove(shared, ["--canary"], words: [word, alias.hex])
            #expect(clean.code == 0 && clean.text.contains("7 of 7 traces") && clean.text.contains("word 2 is the alias of somebody who is here"), "\(clean.text)")
            let connection = try shared.connection()
            #expect(try connection.first("SELECT count(*) FROM user_aliases") { $0.integer(0) } == 1)
            #expect(try connection.first("SELECT count(*) FROM erasure_ledger") { $0.integer(0) } == 0)

            let base64 = ByteSearch([word]).needles.first { $0.form == "base64url" }.map { String(decoding: $0.bytes, as: UTF8.self) } ?? ""
            try connection.run("INSERT INTO ingest_cursors (tenant_id, source, newest_id, updated_at) VALUES (\(tenant), 'a', \(base64), \(moment))")
            try connection.run("UPDATE user_interactions SET context = CAST('{\"position\": 1}' AS jsonb) WHERE post_key = 1")
            // Sampled, and then gone from its table.
            for number in 0..<20 { try connection.run("INSERT INTO ingest_cursors (tenant_id, source, refusal, updated_at) VALUES (\(tenant), \("\(number)"), \(word), \(moment))") }
            try connection.script("ANALYZE ingest_cursors")
            try connection.run("DELETE FROM ingest_cursors WHERE refusal IS NOT NULL")
            let found = try await prove(shared, words: [word])
            #expect(found.code == 65, "\(found.text)")
            for line in ["ingest_cursors", "newest_id", "word 1, base64url", "pg_stats", "ingest_cursors.refusal", "a part that the level does not keep"] {
                #expect(found.text.contains(line), "\(line): \(found.text)")
            }
            #expect(!found.text.contains(word) && !found.text.contains(base64))
            // Deleted rows stay in the server's files until it writes them anew.
            try connection.run("DELETE FROM ingest_cursors")
            try connection.script("CHECKPOINT")
            let folder = try #require(try connection.first("SELECT setting FROM pg_settings WHERE name = 'data_directory'") { $0.text(0) })
            guard access(folder + "/base", R_OK | X_OK) == 0 else { return }
            let inFiles = try await prove(shared, ["--data-directory", folder], words: [word])
            #expect(inFiles.code == 65 && inFiles.text.contains(folder + "/base/") && inFiles.text.contains("offset"), "\(inFiles.text.suffix(500))")
        }
    }
}
