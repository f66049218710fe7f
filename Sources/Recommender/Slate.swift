public import Privacy

/// Why a status is recommended: the term that contributed most to its score. The raw value is stored and sent.
public enum ReasonCode: String, Sendable, CaseIterable {
    /// You often like this author.
    case author = "author-affinity"
    /// You often like this hashtag; the argument is the tag.
    case tag = "tag-affinity"
    /// People here liked it (k-gated).
    case popularHere = "popular-here"
    /// Its public counters grew.
    case popular = "popular"
    /// Just posted.
    case fresh = "fresh"
}

/// One term of a score: its name and what it added.
public struct Contribution: Sendable, Equatable {
    public var term: String
    public var value: Double
    public init(term: String, value: Double) { self.term = term; self.value = value }
}

/// The ordered answer for one viewer.
public struct Slate: Sendable, Equatable {
    public struct Entry: Sendable, Equatable {
        public var post: PostKey
        public var author: AuthorKey
        public var localID: String
        public var score: Double
        public var reason: ReasonCode
        /// A hashtag for `tag`; nil otherwise (authors are named from the hydrated status, at display).
        public var argument: String?
        /// Largest first.
        public var contributions: [Contribution]

        public init(
            post: PostKey, author: AuthorKey, localID: String, score: Double, reason: ReasonCode, argument: String? = nil,
            contributions: [Contribution] = []
        ) {
            self.post = post
            self.author = author
            self.localID = localID
            self.score = score
            self.reason = reason
            self.argument = argument
            self.contributions = contributions
        }
    }

    /// The policy that really ran, with its version: `blend-v1`.
    public var policy: String
    public var entries: [Entry]

    public init(policy: String, entries: [Entry]) {
        self.policy = policy
        self.entries = entries
    }
}
