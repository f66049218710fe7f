public import Fediverse
public import Privacy

/// One status that may be recommended, as the ranking sees it: numbers and keys, no text, no name.
public struct StoredPost: Sendable, Equatable {
    public var key: PostKey
    public var author: AuthorKey
    /// Its id at the tenant's own instance.
    public var localID: String
    public var createdAt: Instant
    public var language: String?
    public var favourites: Int
    public var reblogs: Int
    public var replies: Int
    public var tags: [String]
    /// Own people's acts of the last 7 days, from the k-gated daily table; 0 where too few acted.
    public var ownScore: Double
    /// Growth of the public counters over the last 7 days.
    public var publicScore: Double
    /// Where it came from: public, local, trends, tag.
    public var source: String

    public init(
        key: PostKey, author: AuthorKey, localID: String, createdAt: Instant, language: String? = nil, favourites: Int = 0,
        reblogs: Int = 0, replies: Int = 0, tags: [String] = [], ownScore: Double = 0, publicScore: Double = 0, source: String = "public"
    ) {
        self.key = key
        self.author = author
        self.localID = localID
        self.createdAt = createdAt
        self.language = language
        self.favourites = favourites
        self.reblogs = reblogs
        self.replies = replies
        self.tags = tags
        self.ownScore = ownScore
        self.publicScore = publicScore
        self.source = source
    }
}

/// What has changed since a version: the way a snapshot is brought up to date.
public struct SnapshotChanges: Sendable {
    public var version: Int64
    public var changed: [StoredPost]
    /// Statuses that are no longer candidates.
    public var removed: [PostKey]
    /// `changed` is every candidate there is: what a snapshot holds beside them goes.
    public var complete: Bool
    public init(version: Int64, changed: [StoredPost], removed: [PostKey], complete: Bool = false) {
        self.version = version
        self.changed = changed
        self.removed = removed
        self.complete = complete
    }
}

/// Where snapshots and the readers' histories come from.
public protocol RecommenderRepository: Sendable {
    /// Every candidate (version nil), or what changed after `version`. Statuses without a local id are never candidates.
    func changes(in tenant: TenantKey, since version: Int64?, at now: Instant) async throws -> SnapshotChanges
    /// What is known about a viewer; empty at NONE.
    func history(of viewer: Viewer, at now: Instant) async throws -> ReaderHistory
    /// The viewer behind an alias and what is known about them, as they stand at one moment.
    func reader(_ alias: AliasID, in tenant: TenantKey, at now: Instant) async throws -> (viewer: Viewer, history: ReaderHistory)
    /// Those of the ids that are wrappers in this viewer's pages, however old.
    func placements(_ wrapperIDs: [String], of viewer: Viewer) async throws -> [Placement]
    /// What stood in this viewer's lists of ours since a moment, the newest first: entries without neighbours.
    func listed(of viewer: Viewer, since start: Instant) async throws -> [Placement]
}
