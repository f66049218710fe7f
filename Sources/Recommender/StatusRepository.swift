public import Fediverse
public import Privacy

/// A status that its author's own signals allow to recommend, in the form in which it is stored.
public struct KeptStatus: Sendable, Equatable {
    public var postID: String
    public var authorID: String
    public var localID: String?
    /// Plain text, nil where `content-days` is 0.
    public var content: String?
    public var language: String?
    public var createdAt: Instant
    public var editedAt: Instant?
    public var favourites: Int
    public var reblogs: Int
    public var replies: Int
    public var tags: [String]
    public var source: String

    public init(
        postID: String, authorID: String, localID: String?, content: String? = nil, language: String? = nil, createdAt: Instant,
        editedAt: Instant? = nil, favourites: Int = 0, reblogs: Int = 0, replies: Int = 0, tags: [String] = [], source: String = "public"
    ) {
        self.postID = postID
        self.authorID = authorID
        self.localID = localID
        self.content = content
        self.language = language
        self.createdAt = createdAt
        self.editedAt = editedAt
        self.favourites = favourites
        self.reblogs = reblogs
        self.replies = replies
        self.tags = tags
        self.source = source
    }
}

/// Where a source of statuses stands.
public struct IngestCursor: Sendable, Equatable {
    /// `public`, `local`, `trends`, `tag:swift`.
    public var source: String
    /// The newest status id seen; the next page asks from here.
    public var newestID: String?
    /// Not asked before this moment.
    public var notBefore: Instant?
    /// Why not: `rate-limit`, `unauthorized`, `robots`, `unreachable`.
    public var refusal: String?

    public init(source: String, newestID: String? = nil, notBefore: Instant? = nil, refusal: String? = nil) {
        self.source = source
        self.newestID = newestID
        self.notBefore = notBefore
        self.refusal = refusal
    }
}

/// The database does not take a status as it is: a text or number of it does not fit.
public struct StatusRefused: Error, Equatable, CustomStringConvertible {
    public init() {}
    public var description: String { "the database does not take a status as it is" }
}

/// Why an author is left alone. The raw value is the word in the database.
public enum OptOutSource: String, Sendable, CaseIterable {
    /// A refusing tag was seen in their profile. It counts for ever.
    case profile
    /// They asked for it, and proved the account.
    case request
    /// The operator's list.
    case listing = "operator"
}

/// The reasons for which an author is left alone.
public struct AuthorOptOut: Sendable, Equatable {
    public var hasTag: Bool
    public var requestedAt: Instant?
    public var listedAt: Instant?

    public init(hasTag: Bool, requestedAt: Instant?, listedAt: Instant?) {
        self.hasTag = hasTag
        self.requestedAt = requestedAt
        self.listedAt = listedAt
    }
}

/// The statuses that may be recommended.
public protocol StatusRepository: Sendable {
    /// Inserts or brings up to date by post id, and moves the cursor, in one transaction: no cursor is ahead of what it came with.
    /// Opted-out authors are left out. The growth of public counters goes into the daily table.
    /// - Returns: how many statuses were written.
    /// - Throws: `StatusRefused` when one of them cannot be stored as it is; then nothing was written.
    func keep(_ statuses: [KeptStatus], cursor: IngestCursor?, in tenant: TenantKey, at now: Instant) async throws -> Int
    /// What is no longer to be recommended: deleted, refused on re-check, edited into refusal. Referred rows become stubs.
    func withdraw(_ postIDs: [String], in tenant: TenantKey, at now: Instant) async throws -> Int
    /// The same by local ids, as streams and re-checks name them.
    func withdraw(localIDs: [String], in tenant: TenantKey, at now: Instant) async throws -> Int
    /// All candidates of these authors: what one of their statuses told of the author counts for the others at once.
    func withdraw(authors authorIDs: [String], in tenant: TenantKey, at now: Instant) async throws -> Int
    /// Removes all posts, stubs, interactions and preferences of the authors, who stand on no list.
    /// - Returns: posts removed.
    func remove(authors authorIDs: [String], in tenant: TenantKey, at now: Instant) async throws -> Int
    /// Confirms that the instance still shows them.
    func confirm(_ postIDs: [String], in tenant: TenantKey, at now: Instant) async throws
    /// Local ids of candidates not confirmed since `before`, oldest first.
    func unconfirmed(since before: Instant, limit: Int, in tenant: TenantKey) async throws -> [String]
    /// Those of the local ids that are candidates' now.
    func candidates(among localIDs: [String], in tenant: TenantKey) async throws -> Set<String>
    func cursor(of source: String, in tenant: TenantKey) async throws -> IngestCursor?
    func setCursor(_ cursor: IngestCursor, in tenant: TenantKey, at now: Instant) async throws
    /// Removes all posts, stubs, interactions and preferences of the author, and refuses them from now on.
    /// - Returns: posts removed.
    func optOut(authorID: String, source: OptOutSource, in tenant: TenantKey, at now: Instant) async throws -> Int
    /// Takes a request or an entry of the operator's back; of a tag that was seen nothing is taken back.
    /// - Returns: whether the author may be recommended from now on, no other reason being left.
    func optIn(authorID: String, source: OptOutSource, in tenant: TenantKey, at now: Instant) async throws -> Bool
    /// Why the author is left alone; nil when they are not.
    func optOut(of authorID: String, in tenant: TenantKey) async throws -> AuthorOptOut?
    /// How many authors are left alone, by each reason; who has several counts under each.
    func optOutCounts(in tenant: TenantKey) async throws -> [OptOutSource: Int]
    /// Removes posts, stubs among them, of which a status tells that their author opted out, whoever stood in for the author.
    /// - Returns: posts removed.
    func forget(_ postIDs: [String], in tenant: TenantKey, at now: Instant) async throws -> Int
    /// Those of the authors who have opted out.
    func optedOut(among authorIDs: [String], in tenant: TenantKey) async throws -> Set<String>
    /// Counts a day's own acts into the daily table, as the policy lets them be shared.
    /// - Returns: cells that have changed.
    func closeDay(_ day: Instant, sharing: SharingPolicy, in tenant: TenantKey, at now: Instant) async throws -> Int
}
