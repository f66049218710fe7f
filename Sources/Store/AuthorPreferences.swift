import Database
import Fediverse
import Privacy

/// What one reader's interactions say about authors, worked out anew from the rows, inside the transaction that changed them.
///
/// Rows decide, not increments: taking an interaction back and doing it again leaves what one interaction leaves.
struct AuthorPreferences {
    let connection: any Connection
    let tenant: TenantKey
    let alias: AliasKey

    /// One `author_preferences` row.
    struct Preference: Equatable {
        var author: AuthorKey
        var count: Int
        /// Cut to the day (FULL), or the hour as the rows are (LIMITED).
        var last: Instant
        var score: Double
        var carriedWeight: Double
        var carriedCount: Int
    }

    typealias Act = (kind: InteractionKind, at: Instant)

    /// Brings the preference for one author in line with the rows (FULL), or all of them (LIMITED: they share 50 places).
    func recompute(_ author: AuthorKey, at level: PrivacyLevel) throws {
        switch level {
        case .none: break
        case .limited: try rebuildLimited()
        case .full: if try recomputeFull(author) { try enforceFullLimit() }
        }
    }

    func rebuild(_ level: PrivacyLevel) throws {
        guard level == .full else { return try rebuildLimited() }
        try connection.run("DELETE FROM author_preferences WHERE tenant_id = \(tenant) AND alias_key = \(alias)")
        for author in try actsByAuthor().keys.sorted(by: { $0.value < $1.value }) { _ = try recomputeFull(author) }
        try enforceFullLimit()
    }

    func rebuildLimited() throws {
        var wanted: [Preference] = []
        for (author, acts) in try actsByAuthor() {
            let bucket = AuthorAffinity.bucket(count: acts.count)
            guard bucket > 0, let last = acts.map(\.at).max() else { continue }
            wanted.append(Preference(
                author: author, count: acts.count, last: last, score: AuthorAffinity.score(bucket: bucket), carriedWeight: 0, carriedCount: 0))
        }
        wanted.sort { ($1.score, $1.count, $1.last, $0.author.value) < ($0.score, $0.count, $0.last, $1.author.value) }
        wanted = Array(wanted.prefix(Self.limit(at: .limited)))
        let present = try preferences()
        for gone in Set(present.map(\.author)).subtracting(wanted.map(\.author)) { try remove(gone) }
        for preference in wanted where !present.contains(preference) { try store(preference) }
    }

    /// Lets what expired rows left with one author count for another.
    func moveCarried(from old: AuthorKey, to author: AuthorKey) throws {
        guard let gone = try preferences(old).first, gone.carriedCount > 0 else { return }
        var kept = try preferences(author).first
            ?? Preference(author: author, count: 0, last: gone.last, score: 0, carriedWeight: 0, carriedCount: 0)
        kept.carriedWeight += Self.moved(gone.carriedWeight, from: gone.last, to: kept.last)
        kept.carriedCount += gone.carriedCount
        try store(kept)
        try remove(old)
    }

    /// Takes a FULL score that was made elsewhere, as what acts without rows have left.
    /// - Returns: false where the rows here say something about the author already: they stand.
    func take(_ author: AuthorKey, score: Double, count: Int, at last: Instant) throws -> Bool {
        guard try preferences(author).isEmpty else { return false }
        try store(Preference(
            author: author, count: count, last: last, score: score, carriedWeight: AuthorAffinity.activity(score: score), carriedCount: count))
        return true
    }

    /// A FULL score that was true at `last`, as it is at `now`.
    static func score(_ score: Double, at last: Instant, now: Instant) -> Double {
        AuthorAffinity.score(activity: AuthorAffinity.faded(AuthorAffinity.activity(score: score), after: now - last))
    }

    /// The most authors of one reader.
    static func limit(at level: PrivacyLevel) -> Int {
        KeepingPolicy.standard.form(of: .authorPreference, at: level)?.limit ?? 0
    }

    /// Activity as of one day, as of another: less after it, more before it (when the newest interaction was taken back).
    private static func moved(_ activity: Double, from: Instant, to: Instant) -> Double {
        to >= from ? AuthorAffinity.faded(activity, after: to - from) : activity / AuthorAffinity.faded(1, after: from - to)
    }

    /// - Returns: whether the author is new among the preferences.
    private func recomputeFull(_ author: AuthorKey) throws -> Bool {
        let present = try preferences(author).first
        guard let wanted = Self.full(author, try acts(on: author), present) else {
            try remove(author)
            return false
        }
        if wanted != present { try store(wanted) }
        return present == nil
    }

    /// What FULL keeps of an author; nil for nothing.
    /// - Parameters:
    ///   - acts: those whose rows are there.
    ///   - present: what is kept now.
    static func full(_ author: AuthorKey, _ acts: [Act], _ present: Preference?) -> Preference? {
        guard let last = acts.map(\.at).max()?.floored(to: .days(1)) ?? present?.last, !acts.isEmpty || present.map({ $0.carriedCount > 0 }) == true
        else { return nil }
        let carried = present.map { Self.moved($0.carriedWeight, from: $0.last, to: last) } ?? 0
        let score = AuthorAffinity.score(activity: carried + AuthorAffinity.activity(of: acts, at: last))
        guard score >= AuthorAffinity.fadedScore else { return nil }
        return Preference(
            author: author, count: acts.count + (present?.carriedCount ?? 0), last: last, score: score, carriedWeight: carried,
            carriedCount: present?.carriedCount ?? 0)
    }

    /// Beyond the limit the weakest go, as they stand at the newest interaction's day.
    func enforceFullLimit() throws {
        let kept = try connection.count("SELECT count(*) FROM author_preferences WHERE tenant_id = \(tenant) AND alias_key = \(alias)")
        let limit = Self.limit(at: .full)
        guard kept > limit else { return }
        let all = try preferences()
        let newest = all.map(\.last).max() ?? Instant(seconds: 0)
        let weakest = all.sorted {
            (Self.score($0.score, at: $0.last, now: newest), $0.last, $0.author.value)
                < (Self.score($1.score, at: $1.last, now: newest), $1.last, $1.author.value)
        }
        for preference in weakest.prefix(kept - limit) { try remove(preference.author) }
    }

    private func acts(on author: AuthorKey) throws -> [Act] {
        // CROSS JOIN keeps SQLite at this order: the author's posts, then one look into the alias's rows for each.
        try connection.all("""
            SELECT i.kind, i.occurred_at FROM post_metadata p CROSS JOIN user_interactions i
            WHERE p.tenant_id = \(tenant) AND p.author_key = \(author)
            AND i.tenant_id = p.tenant_id AND i.alias_key = \(alias) AND i.post_key = p.post_key
            ORDER BY i.post_key, i.kind
            """) { (InteractionKind(code: $0.integer(0)), $0.instant(1)) }
    }

    private func actsByAuthor() throws -> [AuthorKey: [Act]] {
        var acts: [AuthorKey: [Act]] = [:]
        try connection.rows("""
            SELECT p.author_key, i.kind, i.occurred_at FROM user_interactions i CROSS JOIN post_metadata p
            WHERE i.tenant_id = \(tenant) AND i.alias_key = \(alias)
            AND p.tenant_id = i.tenant_id AND p.post_key = i.post_key
            ORDER BY i.post_key, i.kind
            """) { acts[$0.author(0), default: []].append((InteractionKind(code: $0.integer(1)), $0.instant(2))) }
        return acts
    }

    private func preferences(_ author: AuthorKey? = nil) throws -> [Preference] {
        let one: SQL = author.map { "AND author_key = \($0)" } ?? ""
        return try connection.all("""
            SELECT author_key, interaction_count, last_interaction_at, preference_score, carried_weight, carried_count
            FROM author_preferences WHERE tenant_id = \(tenant) AND alias_key = \(alias) \(sql: one)
            """) { Preference($0) }
    }

    private func store(_ preference: Preference) throws { try connection.bulk(Self.upsert, [row(preference)]) }

    func row(_ preference: Preference) -> [SQLValue] {
        [
            tenant.sqlValue, alias.sqlValue, preference.author.sqlValue, preference.count.sqlValue, preference.last.sqlValue,
            preference.score.sqlValue, preference.carriedWeight.sqlValue, preference.carriedCount.sqlValue,
        ]
    }

    static let upsert = """
        INSERT INTO author_preferences (tenant_id, alias_key, author_key, interaction_count, last_interaction_at,
            preference_score, carried_weight, carried_count)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (tenant_id, alias_key, author_key) DO UPDATE SET
            interaction_count = excluded.interaction_count, last_interaction_at = excluded.last_interaction_at,
            preference_score = excluded.preference_score, carried_weight = excluded.carried_weight,
            carried_count = excluded.carried_count
        """

    func remove(_ author: AuthorKey) throws {
        try connection.run("""
            DELETE FROM author_preferences
            WHERE tenant_id = \(tenant) AND alias_key = \(alias) AND author_key = \(author)
            """)
    }
}

extension AuthorPreferences.Preference {
    /// - Parameter row: author, count, last, score, carried weight, carried count.
    init(_ row: any Row) {
        self.init(
            author: row.author(0), count: row.int(1), last: row.instant(2), score: row.real(3), carriedWeight: row.real(4),
            carriedCount: row.int(5))
    }
}
