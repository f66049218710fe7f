import Fediverse

/// A post as the documented record has it.
///
/// What is not kept: `authorName` (by principle, it comes back nil) and the author's id as given, which is stored and
/// comes back as 64 hex digits.
public struct PostMetadata: Sendable, Equatable {
    /// 1 to 64 characters.
    public var postID: String
    /// Any name of the author that is always the same, best their canonical uri.
    public var authorID: String
    public var authorName: String?
    /// Text or HTML; kept as text.
    public var content: String?
    /// A BCP 47 code; nil where it is not known. Unknown is not English.
    public var language: String?
    /// ISO 8601; UTC where it names no zone. A post without it is not kept.
    public var createdAt: String?
    public var favorites: Int
    public var boosts: Int
    public var replies: Int
    public var sensitive: Bool
    public var tags: [String]

    public init(
        postID: String, authorID: String, authorName: String? = nil, content: String? = nil, language: String? = nil,
        createdAt: String? = nil, favorites: Int = 0, boosts: Int = 0, replies: Int = 0, sensitive: Bool = false, tags: [String] = []
    ) {
        self.postID = postID
        self.authorID = authorID
        self.authorName = authorName
        self.content = content
        self.language = language
        self.createdAt = createdAt
        self.favorites = favorites
        self.boosts = boosts
        self.replies = replies
        self.sensitive = sensitive
        self.tags = tags
    }
}

/// A kept act as the documented record has it.
public struct UserInteraction: Sendable, Equatable {
    public var id: Int64
    public var aliasID: String
    public var postID: String
    public var authorID: String
    public var interactionType: String
    /// ISO 8601, UTC; cut to the hour at LIMITED.
    public var timestamp: String
    public var scoreWeight: Double
    /// A JSON object; nil for none.
    public var context: String?
}

/// One act to record, for `bulkRecordInteractions`.
public struct InteractionRecord: Sendable {
    public var userID: String
    public var postID: String
    public var interactionType: String
    public var instanceURL: String?
    public var context: [String: ContextValue]
    /// ISO 8601; nil for now.
    public var timestamp: String?

    public init(
        userID: String, postID: String, interactionType: String, instanceURL: String? = nil, context: [String: ContextValue] = [:],
        timestamp: String? = nil
    ) {
        self.userID = userID
        self.postID = postID
        self.interactionType = interactionType
        self.instanceURL = instanceURL
        self.context = context
        self.timestamp = timestamp
    }
}

/// A value in an interaction's context. Kept are `source`, `position` and `reason`, at FULL; the others are dropped.
public enum ContextValue: Sendable, Equatable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    case text(String)
    case number(Int)

    public init(stringLiteral value: String) { self = .text(value) }
    public init(integerLiteral value: Int) { self = .number(value) }

    var text: String? { if case .text(let text) = self { text } else { nil } }
    var number: Int? { if case .number(let number) = self { number } else { nil } }
}

/// A recommended post, and why.
public struct RecommendedPost: Sendable, Equatable {
    public var post: PostMetadata
    public var score: Double
    /// The reason's code, as `author-affinity`: the term that contributed most.
    public var reason: String
    /// The reason as a sentence; it names no author.
    public var reasonText: String
    /// What each term added to the score, largest first.
    public var contributions: [RecommendationTerm]
    /// The policy that really ran, with its version.
    public var modelVersion: String
}

public struct RecommendationTerm: Sendable, Equatable {
    public var name: String
    public var value: Double
}

/// What a bulk call did. Rows with errors are left out, the others are kept.
public struct BulkResult: Sendable, Equatable {
    /// Rows that are kept.
    public var ok = 0
    /// Rows that the person's own level let us not keep.
    public var notKept = 0
    public var errors: [RowError] = []

    public struct RowError: Sendable, Equatable {
        /// From 0, in the order given.
        public var index: Int
        /// Safe to show.
        public var reason: String
        public init(index: Int, reason: String) {
            self.index = index
            self.reason = reason
        }
    }

    public init(ok: Int = 0, notKept: Int = 0, errors: [RowError] = []) {
        self.ok = ok
        self.notKept = notKept
        self.errors = errors
    }
}
