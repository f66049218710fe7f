import Database

public import Fediverse
public import Privacy

/// An invented person at FULL, who does what people do, and leaves: so that a search can show that it would see them, and that nothing stays.
public struct Canary: Sendable {
    public let alias: AliasID
    /// A word for each thing that is written about them, and the table in which it must be found.
    public let words: [(table: String, word: String)]
    private let post: PostReference

    /// - Parameters:
    ///   - alias: of an account id that no instance gave to anybody.
    ///   - random: 64 hex digits from which the other words are made.
    public init(alias: AliasID, random: String) {
        self.alias = alias
        func word(_ use: String) -> String { Pseudonymizer.postID(host: "canary.invalid", uri: "\(random) \(use)") }
        post = PostReference(postID: word("status"), authorID: word("author"))
        words = [
            ("user_aliases", alias.hex), ("post_metadata", post.postID), ("authors", post.authorID), ("user_interactions", word("context")),
            ("recommendation_logs", String(word("shown"))), ("preferences", word("setting")), ("suppressions", word("suppression")),
        ]
    }

    private func word(of table: String) -> String { words.first { $0.table == table }?.word ?? "" }

    /// Writes a row of every personal table that anything writes in this version, by the ordinary ways.
    /// - Throws: `DatabaseError.constraint` where a write was refused.
    public func live(in storage: Storage, tenant: TenantKey, at now: Instant) async throws {
        let policy = PrivacyPolicy()
        let viewer = try await storage.people.setLevel(.full, of: alias, in: tenant, at: now).viewer
        let context = Interaction.Context(source: word(of: "user_interactions"), position: 1, reason: "canary")
        for kind in [InteractionKind.favourite, .bookmark] {
            let act = Interaction(post: post, kind: kind, at: now, weight: 1, context: context)
            guard let permitted = policy.permit(act, visibility: .public, for: viewer), try await storage.interactions.record(permitted) else { throw Refused() }
        }
        let key = try await storage.pool.read { [post] connection in
            try connection.first("SELECT post_key FROM post_metadata WHERE tenant_id = \(tenant) AND post_id = \(post.postID)") { $0.post(0) }
        }
        guard let key,
            let shown = policy.permit(
                Recommendation(
                    post: key, at: now, reason: "tag-affinity:canary", modelVersion: "canary", shownAs: word(of: "recommendation_logs"), above: "1", below: "2",
                    position: 1), for: viewer),
            try await storage.recommendationLog.record([shown], while: { true }),
            let setting = policy.permit(setting: Setting(name: "canary", value: word(of: "preferences")), for: viewer),
            try await storage.preferences.set(setting),
            let suppression = policy.permit(suppression: Suppression(subject: .reason(code: word(of: "suppressions")), setAt: now), for: viewer)
        else { throw Refused() }
        try await storage.preferences.suppress(suppression)
    }

    /// Rows about them by table.
    public func rows(in storage: Storage, tenant: TenantKey) async throws -> [String: Int] {
        try await storage.pool.read { [alias] connection in
            try connection.personalCounts(of: connection.aliasRow(alias, in: tenant)?.key, in: tenant)
        }
    }

    /// Erases them as anybody is erased, and then what only an invented person may lose: the ledger's entry, and the NONE that
    /// another default would have remembered.
    /// - Parameter ledgerTag: HMAC of the alias under the ledger's key.
    public func leave(_ storage: Storage, tenant: TenantKey, ledgerTag: String, at now: Instant) async throws {
        _ = try await storage.people.erase(alias, in: tenant, ledgerTag: ledgerTag, at: now)
        try await storage.pool.write(.power) { [alias] connection in
            if let row = try connection.aliasRow(alias, in: tenant) { _ = try connection.removePersonalRows(of: row.key, in: tenant, at: now) }
            try connection.run("DELETE FROM erasure_ledger WHERE tenant_id = \(tenant) AND tag = \(ledgerTag)")
        }
    }

    /// A write that the invented person was not permitted, though they are at FULL.
    struct Refused: Error, CustomStringConvertible {
        var description: String { "a write was refused" }
    }
}
