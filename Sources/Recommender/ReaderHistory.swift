public import Fediverse
public import Privacy

/// What the database knows about one viewer, as far as their level lets the ranking use it. Empty at NONE.
public struct ReaderHistory: Sendable, Equatable {
    /// An author's pull on this reader, 0 to 1.
    public var authors: [AuthorKey: AuthorAffinity]
    public static let mostPlacements = 400

    /// How often this reader acted on a status with the tag; FULL only.
    public var tags: [String: Double]
    public var actedOn: Set<PostKey>
    /// What was shown by us, and when it was shown last.
    public var shown: [PostKey: Instant]
    /// Where wrappers stand in this reader's pages, newest first; at most `mostPlacements`.
    public var placements: [Placement]
    public var suppressedAuthors: Set<AuthorKey>
    public var suppressedReasons: Set<String>
    public var settings: [String: String]

    public struct AuthorAffinity: Sendable, Equatable {
        public var score: Double
        public var interactions: Int
        /// How many of them were favourites, reblogs or bookmarks; all of them where the store does not tell.
        public var positive: Int
        public var lastAt: Instant
        public init(score: Double, interactions: Int, positive: Int? = nil, lastAt: Instant) {
            self.score = score
            self.interactions = interactions
            self.positive = positive ?? interactions
            self.lastAt = lastAt
        }
    }

    public init(
        authors: [AuthorKey: AuthorAffinity] = [:], tags: [String: Double] = [:], actedOn: Set<PostKey> = [],
        shown: [PostKey: Instant] = [:], placements: [Placement] = [], suppressedAuthors: Set<AuthorKey> = [],
        suppressedReasons: Set<String> = [], settings: [String: String] = [:]
    ) {
        self.authors = authors
        self.tags = tags
        self.actedOn = actedOn
        self.shown = shown
        self.placements = placements
        self.suppressedAuthors = suppressedAuthors
        self.suppressedReasons = suppressedReasons
        self.settings = settings
    }
}

/// A recommendation's place in a reader's pages: asked again for the same range, it stands there again.
public struct Placement: Sendable, Equatable {
    /// The wrapper's id, and its neighbours' position ids when it was made.
    public var shownAs: String
    public var above: String
    public var below: String
    public var post: PostKey
    /// The status's id at the reader's own instance; nil when the post is no candidate any more.
    public var localID: String?
    public var reason: String
    /// The policy that recommended it; nil where the reader's level does not keep it.
    public var policy: String?
    public var at: Instant

    public init(
        shownAs: String, above: String, below: String, post: PostKey, localID: String?, reason: String, policy: String? = nil, at: Instant
    ) {
        self.shownAs = shownAs
        self.above = above
        self.below = below
        self.post = post
        self.localID = localID
        self.reason = reason
        self.policy = policy
        self.at = at
    }
}
