import Database
import Fediverse
import Privacy
import Recommender

extension Statuses {
    func keep(_ statuses: [KeptStatus], cursor: IngestCursor?, in tenant: TenantKey, at now: Instant) async throws -> Int {
        do {
            return try await pool.write(.process) { connection in
                let batch = KeepingBatch(connection: connection, tenant: tenant, now: now)
                let written: (inserted: Int, changed: Int)
                do {
                    written = try batch.keep(statuses)
                } catch let error as DatabaseError where error.isAboutValues {
                    throw StatusRefused()
                }
                if !room.take(written.inserted, of: tenant) {
                    room.set(candidateLimit - (try batch.enforce(candidateLimit)), of: tenant, limit: candidateLimit)
                }
                if let cursor { try connection.setCursor(cursor, in: tenant, at: now) }
                return written.inserted + written.changed
            }
        } catch {
            // What was counted may have been undone.
            room.forget(tenant)
            throw error
        }
    }
}

extension DatabaseError {
    /// Whether other values might have been taken: not a trouble of the disk, the file or the connection.
    fileprivate var isAboutValues: Bool {
        switch self {
        case .constraint(.check), .constraint(.notNull), .constraint(.other), .failed: true
        default: false
        }
    }
}

/// One batch of the ingest, inside its transaction. The same batch again changes nothing but the time of its confirmation.
private struct KeepingBatch {
    let connection: any Connection
    let tenant: TenantKey
    let now: Instant

    /// A post that is stored, with what a batch may change.
    private struct Known {
        var key: PostKey
        var author: AuthorKey
        var authorID: String
        var eligible: Bool
        var localID: String?
        var hasContent: Bool
        var language: String?
        var editedAt: Instant?
        var favourites: Int
        var reblogs: Int
        var replies: Int
        var tags: String?
        var checkedAt: Instant?
    }

    /// - Returns: posts that became candidates, and candidates that have changed.
    func keep(_ statuses: [KeptStatus]) throws -> (inserted: Int, changed: Int) {
        let statuses = try withoutOptedOut(newestOfEach(statuses.map(\.withoutNUL)))
        let known = try known(statuses.map(\.postID))
        var fresh: [KeptStatus] = []
        // Somebody acted on these before their author was known.
        var misnamed: [(KeptStatus, Known)] = []
        var promoted: [(KeptStatus, PostKey)] = []
        var changed: [(KeptStatus, Known)] = []
        var confirmed: [PostKey] = []
        for status in statuses {
            guard let stored = known[status.postID] else {
                fresh.append(status)
                continue
            }
            if status.authorID != stored.authorID { misnamed.append((status, stored)) }
            guard stored.eligible else {
                promoted.append((status, stored.key))
                continue
            }
            // A page from an older cache says nothing new.
            if let edited = stored.editedAt, status.editedAt.map({ $0 < edited }) ?? true { continue }
            if differs(status, from: stored) { changed.append((status, stored)) }
            if stored.checkedAt.map({ $0 < now }) ?? true { confirmed.append(stored.key) }
        }
        if !(fresh.isEmpty && misnamed.isEmpty && promoted.isEmpty && changed.isEmpty) {
            let version = try connection.nextSnapshotVersion(of: tenant)
            try insert(fresh, version: version)
            for (status, stored) in misnamed {
                try connection.giveAuthor(status.authorID, to: stored.key, insteadOf: stored.author, version: version, in: tenant)
            }
            try promote(promoted, version: version)
            try update(changed, version: version)
            try addGrowth(of: changed)
        }
        try confirm(confirmed)
        return (fresh.count + promoted.count, changed.count)
    }

    /// Beyond the limit the oldest go, or become stubs: half a percent more than must, so that not every batch has to count.
    /// - Returns: how many candidates there are now.
    func enforce(_ limit: Int) throws -> Int {
        // Candidates are exactly the posts with a time (post_metadata_eligible_check, post_metadata_stub_check): the index answers.
        let count = try connection.count("SELECT count(*) FROM post_metadata WHERE tenant_id = \(tenant) AND created_at IS NOT NULL")
        guard count > limit else { return count }
        let oldest = try connection.all("""
            SELECT post_key FROM post_metadata WHERE tenant_id = \(tenant) AND created_at IS NOT NULL
            ORDER BY created_at, post_key LIMIT \(count - limit + limit / 200)
            """) { $0.post(0) }
        return count - (try connection.withdraw(oldest, in: tenant, at: now))
    }

    /// Where a batch names a status twice, the later edit counts; of two the same, the later one.
    private func newestOfEach(_ statuses: [KeptStatus]) -> [KeptStatus] {
        var places: [String: Int] = [:]
        var unique: [KeptStatus] = []
        for status in statuses {
            if let place = places[status.postID] {
                let stored = unique[place].editedAt ?? Instant(microseconds: .min)
                if status.editedAt ?? Instant(microseconds: .min) >= stored { unique[place] = status }
            } else {
                places[status.postID] = unique.count
                unique.append(status)
            }
        }
        return unique
    }

    /// Those whose authors let themselves be recommended; what is stored of the others goes.
    private func withoutOptedOut(_ statuses: [KeptStatus]) throws -> [KeptStatus] {
        try connection.hold(authors: statuses.lazy.map(\.authorID), in: tenant)
        let refused = try connection.optedOut(among: statuses.map(\.authorID), in: tenant)
        if refused.isEmpty { return statuses }
        try connection.forget(statuses.filter { refused.contains($0.authorID) }.map(\.postID), in: tenant, at: now)
        return statuses.filter { !refused.contains($0.authorID) }
    }

    private func known(_ postIDs: [String]) throws -> [String: Known] {
        var known: [String: Known] = [:]
        // What has grown is counted from here on: the re-check of another process must not count it, too.
        let unchanged: SQL = connection.dialect == .postgres ? "ORDER BY p.post_key \(sql: connection.dialect.forChange) OF p" : ""
        for part in inParts(postIDs) {
            try connection.rows("""
                SELECT p.post_id, p.post_key, p.eligible, p.local_id, p.content IS NOT NULL, p.language, p.edited_at, p.favorites, p.boosts,
                    p.replies, p.tags, p.checked_at, p.author_key, a.author_id
                FROM post_metadata p JOIN authors a ON a.tenant_id = p.tenant_id AND a.author_key = p.author_key
                WHERE p.tenant_id = \(tenant) AND p.post_id IN (\(sql: .list(part))) \(sql: unchanged)
                """) { row in
                known[row.text(0)] = Known(
                    key: row.post(1), author: row.author(12), authorID: row.text(13), eligible: row.bool(2), localID: row.textOrNil(3),
                    hasContent: row.bool(4), language: row.textOrNil(5), editedAt: row.instantOrNil(6), favourites: row.int(7),
                    reblogs: row.int(8), replies: row.int(9), tags: row.textOrNil(10), checkedAt: row.instantOrNil(11))
            }
        }
        return known
    }

    private func differs(_ status: KeptStatus, from stored: Known) -> Bool {
        status.favourites != stored.favourites || status.reblogs != stored.reblogs || status.replies != stored.replies
            || status.editedAt != stored.editedAt || status.localID.map { $0 != stored.localID } ?? false
            || (status.content == nil && stored.hasContent)
            || status.language != stored.language || status.tags != stored.tags.map { JSONText.tags($0) } ?? []
    }

    private func insert(_ statuses: [KeptStatus], version: Int64) throws {
        let authors = try authorKeys(Array(Set(statuses.map(\.authorID))).sorted())
        try connection.bulk("""
            INSERT INTO post_metadata (tenant_id, post_id, author_key, eligible, local_id, content, language, created_at, edited_at,
                favorites, boosts, replies, tags, source, checked_at, changed_version)
            VALUES ($1, $2, $3, TRUE, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
            """, statuses.map { [tenant.sqlValue, $0.postID.sqlValue, authors[$0.authorID].sqlValue] + columns(of: $0, version: version) })
    }

    private func promote(_ stubs: [(KeptStatus, PostKey)], version: Int64) throws {
        try connection.bulk("""
            UPDATE post_metadata SET eligible = TRUE, local_id = $3, content = $4, language = $5, created_at = $6, edited_at = $7,
                favorites = $8, boosts = $9, replies = $10, tags = $11, source = $12, checked_at = $13, changed_version = $14
            WHERE tenant_id = $1 AND post_key = $2
            """, stubs.map { [tenant.sqlValue, $1.sqlValue] + columns(of: $0, version: version) })
    }

    private func columns(of status: KeptStatus, version: Int64) -> [SQLValue] {
        [
            status.localID.sqlValue, status.content.sqlValue, status.language.sqlValue, status.createdAt.sqlValue,
            status.editedAt.sqlValue, status.favourites.sqlValue, status.reblogs.sqlValue, status.replies.sqlValue,
            JSONText.tags(status.tags).sqlValue, status.source.sqlValue, now.sqlValue, version.sqlValue,
        ]
    }

    private func update(_ changed: [(KeptStatus, Known)], version: Int64) throws {
        try connection.bulk("""
            UPDATE post_metadata SET favorites = $3, boosts = $4, replies = $5, local_id = coalesce($6, local_id), language = $7,
                tags = $8, edited_at = $9, changed_version = $10
            WHERE tenant_id = $1 AND post_key = $2
            """, changed.map { status, stored in
                [
                    tenant.sqlValue, stored.key.sqlValue, status.favourites.sqlValue, status.reblogs.sqlValue, status.replies.sqlValue,
                    status.localID.sqlValue, status.language.sqlValue, JSONText.tags(status.tags).sqlValue, status.editedAt.sqlValue,
                    version.sqlValue,
                ]
            })
        // Text comes in with a newer edit only: one that its retention has removed stays away.
        try connection.bulk(
            "UPDATE post_metadata SET content = $3 WHERE tenant_id = $1 AND post_key = $2",
            changed.filter { $0.editedAt != $1.editedAt || $0.content == nil && $1.hasContent }
                .map { [tenant.sqlValue, $1.key.sqlValue, $0.content.sqlValue] })
    }

    /// What the public counters gained since they were last seen counts for today.
    private func addGrowth(of changed: [(KeptStatus, Known)]) throws {
        let grown = changed.compactMap { status, stored -> [SQLValue]? in
            let growth = max(0, status.favourites - stored.favourites) + max(0, status.reblogs - stored.reblogs)
                + max(0, status.replies - stored.replies)
            return growth > 0 ? [tenant.sqlValue, now.dayNumber.sqlValue, stored.key.sqlValue, growth.sqlValue] : nil
        }
        try connection.bulk("""
            INSERT INTO item_popularity_daily (tenant_id, namespace, day, post_key, public_score) VALUES ($1, 'default', $2, $3, $4)
            ON CONFLICT (tenant_id, namespace, day, post_key) DO UPDATE
            SET public_score = item_popularity_daily.public_score + excluded.public_score
            """, grown)
    }

    private func confirm(_ posts: [PostKey]) throws {
        for part in inParts(posts) {
            try connection.run("""
                UPDATE post_metadata SET checked_at = \(now)
                WHERE tenant_id = \(tenant) AND eligible = TRUE AND post_key IN (\(sql: .list(part)))
                """)
        }
    }

    /// Known authors are looked up first: an INSERT that ends in a conflict would use up a key.
    private func authorKeys(_ ids: [String]) throws -> [String: AuthorKey] {
        var keys = try knownAuthors(ids)
        let unknown = ids.filter { keys[$0] == nil }
        if unknown.isEmpty { return keys }
        try connection.bulk(
            "INSERT INTO authors (tenant_id, author_id) VALUES ($1, $2) ON CONFLICT (tenant_id, author_id) DO NOTHING",
            unknown.map { [tenant.sqlValue, $0.sqlValue] })
        keys.merge(try knownAuthors(unknown)) { known, _ in known }
        return keys
    }

    private func knownAuthors(_ ids: [String]) throws -> [String: AuthorKey] {
        var keys: [String: AuthorKey] = [:]
        for part in inParts(ids) {
            try connection.rows("""
                SELECT author_id, author_key FROM authors WHERE tenant_id = \(tenant) AND author_id IN (\(sql: .list(part)))
                """) { keys[$0.text(0)] = $0.author(1) }
        }
        return keys
    }
}

extension KeptStatus {
    /// What another server wrote, without the one character that PostgreSQL cannot keep: one status must not stop a page.
    fileprivate var withoutNUL: KeptStatus {
        var status = self
        status.localID = localID.map(Self.withoutNUL)
        status.content = content.map(Self.withoutNUL)
        status.language = language.map(Self.withoutNUL)
        status.tags = tags.map(Self.withoutNUL)
        return status
    }

    private static func withoutNUL(_ text: String) -> String {
        text.utf8.contains(0) ? String(decoding: text.utf8.filter { $0 != 0 }, as: UTF8.self) : text
    }
}
