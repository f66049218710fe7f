/// A status as an instance shows it: the members that recommending needs, in memory only.
public struct Status: Sendable, Equatable {
    /// The instance's own id: opaque, the cursor of its timelines.
    public var id: String
    /// The canonical address, the same on every instance.
    public var uri: String
    public var createdAt: Instant
    public var editedAt: Instant?
    public var account: Account
    /// As HTML.
    public var content: String
    public var spoilerText: String
    public var visibility: Visibility
    public var sensitive: Bool
    /// A BCP 47 code; nil where the server does not say. Unknown is not English.
    public var language: String?
    /// Hashtags, lower case, without the sign, in the order of the server.
    public var tags: [String]
    /// How many accounts the status mentions, the author not counted.
    public var mentions: Int
    public var favourites: Int
    public var reblogs: Int
    public var replies: Int
    public var inReplyToID: String?
    /// Whether the status carries a filter result for the viewer who asked.
    public var filtered: Bool
    /// FEP-268d on the status itself; beats the author's.
    public var searchableBy: [String]?
    /// What this status passes on. A reblog's own content is empty.
    public var reblog: Boxed?
    /// What this status quotes, where the server shows it.
    public var quote: Quote?

    /// A status inside a status.
    public final class Boxed: Sendable, Equatable {
        public let status: Status
        public init(_ status: Status) { self.status = status }
        public static func == (left: Boxed, right: Boxed) -> Bool { left.status == right.status }
    }

    /// A quoted status, or the bare fact that one is quoted which the server does not show.
    public enum Quote: Sendable, Equatable {
        case shown(Boxed)
        case hidden
    }

    public init(
        id: String, uri: String, createdAt: Instant, editedAt: Instant? = nil, account: Account, content: String = "",
        spoilerText: String = "", visibility: Visibility = .public, sensitive: Bool = false, language: String? = nil,
        tags: [String] = [], mentions: Int = 0, favourites: Int = 0, reblogs: Int = 0, replies: Int = 0,
        inReplyToID: String? = nil, filtered: Bool = false, searchableBy: [String]? = nil, reblog: Boxed? = nil, quote: Quote? = nil
    ) {
        self.id = id
        self.uri = uri
        self.createdAt = createdAt
        self.editedAt = editedAt
        self.account = account
        self.content = content
        self.spoilerText = spoilerText
        self.visibility = visibility
        self.sensitive = sensitive
        self.language = language
        self.tags = tags
        self.mentions = mentions
        self.favourites = favourites
        self.reblogs = reblogs
        self.replies = replies
        self.inReplyToID = inReplyToID
        self.filtered = filtered
        self.searchableBy = searchableBy
        self.reblog = reblog
        self.quote = quote
    }
}
