public import Fediverse

/// The people we serve: one row an alias, and the level that decides everything else.
public protocol PeopleRepository: Sendable {
    /// The viewer behind an alias; without a row, at the default level and without a key.
    func viewer(_ alias: AliasID, in tenant: TenantKey) async throws -> Viewer

    /// Moves the person's row from an alias that an accepted key made to the active key's, in one transaction.
    ///
    /// The row keeps the ledger tag of the alias that it had, for a backup from before.
    func adopt(_ alias: AliasID, from former: [FormerAlias], in tenant: TenantKey, at now: Instant) async throws

    /// Changes nothing.
    /// - Returns: the alias under which the person has a row; the active key's where they have none.
    func standing(_ alias: AliasID, or former: [FormerAlias], in tenant: TenantKey) async throws -> AliasID

    /// Makes the row of somebody who comes for the first time where the operator's default level is above NONE. It never changes
    /// a row that is there, so a choice made at the same moment stands.
    func arrive(_ alias: AliasID, in tenant: TenantKey, at now: Instant) async throws -> Viewer

    /// Sets the level. Down cuts the past to the new level's form in the same transaction, NONE removes every row of the
    /// alias; up starts from now. Acknowledged after a commit that survives power loss.
    /// - Parameter expected: who the person was when the change was asked for; nil where that does not matter.
    /// - Throws: `RightsError.changedMeanwhile` where they are no longer as expected: an erasure in between is not undone by a step down.
    func setLevel(
        _ level: PrivacyLevel, of alias: AliasID, in tenant: TenantKey, at now: Instant, from expected: Viewer?
    ) async throws -> LevelChange

    /// Removes every row of the alias and writes the ledger tag, in one transaction. Where NONE is not the default a tombstone
    /// stays, or the next request would begin anew.
    /// - Parameter ledgerTag: 64 hex digits: HMAC of the alias under the ledger's key.
    func erase(_ alias: AliasID, in tenant: TenantKey, ledgerTag: String, at now: Instant) async throws -> ErasureReceipt

    /// Takes out at once the bytes of removed rows that may not wait: all of them from a file's log, the aliases from a server's files.
    /// - Returns: whether nothing of them is left. What a server keeps until the night: ``ScrubRepository``.
    func scrub() async throws -> Bool

    /// Notes that the person was here, cut to the week (LIMITED) or the day (FULL); writes only when that changes the row.
    func seen(_ visit: Permitted<Instant>) async throws
}

/// What a level change did: rows of the alias before and after, by table.
public struct LevelChange: Sendable, Equatable {
    public var viewer: Viewer
    public var before: [String: Int]
    public var after: [String: Int]
    public init(viewer: Viewer, before: [String: Int], after: [String: Int]) {
        self.viewer = viewer
        self.before = before
        self.after = after
    }
}

/// What an erasure removed, by table.
public struct ErasureReceipt: Sendable, Equatable {
    public var removed: [String: Int]
    public init(removed: [String: Int]) { self.removed = removed }
}

public protocol InteractionRepository: Sendable {
    /// Keeps the interaction and moves the author preference, in one transaction. A second one of the same kind on the
    /// same status only moves its time.
    /// - Parameter isWanted: asked in the transaction: an act that nobody waits for any more may have been taken back meanwhile.
    /// - Returns: false when nothing was written: the viewer's level or epoch has changed since, or `isWanted` said no.
    @discardableResult
    func record(_ interaction: Permitted<Interaction>, while isWanted: @escaping @Sendable () -> Bool) async throws -> Bool

    /// Takes an interaction back, and the author preference with it. Unknown ones are fine.
    func undo(_ kind: InteractionKind, on postID: String, by viewer: Viewer) async throws
}

extension PeopleRepository {
    /// Changes the level, whatever it is now.
    public func setLevel(_ level: PrivacyLevel, of alias: AliasID, in tenant: TenantKey, at now: Instant) async throws -> LevelChange {
        try await setLevel(level, of: alias, in: tenant, at: now, from: nil)
    }
}

extension InteractionRepository {
    /// Keeps the interaction, however long it takes.
    @discardableResult
    public func record(_ interaction: Permitted<Interaction>) async throws -> Bool { try await record(interaction, while: { true }) }
}

public protocol RecommendationLogRepository: Sendable {
    /// Writes all rows in one transaction, or none.
    /// - Parameter isWanted: asked last in the transaction: a page that has gone out without them needs no rows.
    /// - Returns: false when nothing was written: the viewer's level or epoch has changed since, another page of theirs has
    ///   given one of the wrapper ids to another status, or `isWanted` said no.
    func record(_ recommendations: [Permitted<Recommendation>], while isWanted: @escaping @Sendable () -> Bool) async throws -> Bool
}

/// A person's own settings and the "less of this" that they have said.
public protocol PreferenceRepository: Sendable {
    func settings(of viewer: Viewer) async throws -> [String: String]
    /// nil removes the setting.
    /// - Returns: false when the viewer's level or epoch has changed since: then nothing was written.
    @discardableResult
    func set(_ setting: Permitted<Setting>) async throws -> Bool
    /// - Returns: false when the viewer's level or epoch has changed since: then nothing was written.
    @discardableResult
    func suppress(_ suppression: Permitted<Suppression>) async throws -> Bool
    func release(_ subject: Suppression.Subject, by viewer: Viewer) async throws
    /// Keeps what a person has brought along, all of it in one transaction. A setting and a suppression take the place of one of the same
    /// name; an author of whom the person's own acts here say something already is left as they say.
    /// - Returns: rows written by table; nil when the viewer's level or epoch has changed since: then nothing was written.
    func take(_ brought: Permitted<BroughtPreferences>) async throws -> [String: Int]?
}

public struct Setting: Sendable, Equatable {
    public var name: String
    public var value: String?
    public init(name: String, value: String?) { self.name = name; self.value = value }
}

/// Something that a person wants less of.
public struct Suppression: Sendable, Equatable {
    public enum Subject: Sendable, Hashable { case author(id: String), reason(code: String) }
    public var subject: Subject
    public var setAt: Instant
    public var until: Instant?
    public init(subject: Subject, setAt: Instant, until: Instant? = nil) {
        self.subject = subject
        self.setAt = setAt
        self.until = until
    }
}

/// Everything that is stored about one alias, row by row: to be shown, and to be taken back. Taking back is allowed at every level.
public protocol PersonalDataRepository: Sendable {
    /// - Returns: tables by name, each with its column names and rows as text, NULL as nil; empty for an unknown alias.
    func everything(about alias: AliasID, in tenant: TenantKey) async throws -> [PersonalTable]
    /// Removes one row, and mends what was derived from it, in one transaction.
    /// - Returns: rows removed by table; empty where there was none.
    func remove(_ row: PersonalRow, of alias: AliasID, in tenant: TenantKey, at now: Instant) async throws -> [String: Int]
    /// Removes acts, recommendations and evidence that may be from `start` or later, mends what was derived from them, and refuses what is
    /// under way, in one transaction.
    ///
    /// A time that was kept as its hour or day goes when any moment of it is.
    /// - Returns: rows removed by table; empty where there was none.
    func forget(since start: Instant, of alias: AliasID, in tenant: TenantKey, at now: Instant) async throws -> [String: Int]
}

public struct PersonalTable: Sendable, Equatable, Codable {
    public var name: String
    public var columns: [String]
    public var rows: [[String?]]
    public init(name: String, columns: [String], rows: [[String?]]) {
        self.name = name
        self.columns = columns
        self.rows = rows
    }
}

/// Bytes of removed rows that the database's files still have, and when they leave them.
public protocol ScrubRepository: Sendable {
    /// Sees to it that what ends by itself leaves the files within a week (a server's; a file has no such need).
    func plan(in tenant: TenantKey, at now: Instant) async throws

    /// What waits, the soonest first.
    func waiting(in tenant: TenantKey) async throws -> [WaitingRewrite]

    /// Takes out what is due. It waits some seconds for those who can still see it, and is repeated where that is not enough.
    func carryOut(in tenant: TenantKey, at now: Instant) async throws -> ScrubReport
}

/// A part of the database's files in which bytes of removed rows stand.
public struct WaitingRewrite: Sendable, Equatable {
    public var key: Int64
    /// A table or a part of one; a file's `log`.
    public var relation: String
    public var removedAt: Instant
    public var dueAt: Instant

    public init(key: Int64, relation: String, removedAt: Instant, dueAt: Instant) {
        self.key = key
        self.relation = relation
        self.removedAt = removedAt
        self.dueAt = dueAt
    }
}

/// What one scrub did.
public struct ScrubReport: Sendable, Equatable {
    public var ended: [WaitingRewrite]
    /// What somebody still needs: a reader of older rows, or a session that uses the table.
    public var held: [WaitingRewrite]
    /// From a removal to its end, the longest.
    public var longest = Instant.Span.seconds(0)

    public init(ended: [WaitingRewrite] = [], held: [WaitingRewrite] = []) {
        self.ended = ended
        self.held = held
    }
}

/// What the anonymizer and the retention need: how much is due, and a bounded part of removing it.
public protocol RetentionRepository: Sendable {
    /// Rows that the step would remove or cut now.
    func due(_ step: RetentionStep, in tenant: TenantKey, at now: Instant) async throws -> Int
    /// Removes at most `limit` rows, and mends what was derived from them, in transactions that hold the database for some milliseconds each.
    /// - Returns: rows removed; fewer than `limit` when the step is finished.
    /// - Throws: `CancellationError` between two of them.
    func carryOut(_ step: RetentionStep, in tenant: TenantKey, at now: Instant, limit: Int) async throws -> Int
}
