public import Fediverse

/// The status that a personal record is about, by what outlives the status: its public id and its author's key.
///
/// Where the store does not know it yet, it becomes a stub.
public struct PostReference: Sendable, Hashable {
    /// At most 64 characters: hex SHA-256 of the tenant's host and the canonical uri, or an id given by a caller.
    public var postID: String
    /// 64 hex digits: the author's uri under the authors' key.
    public var authorID: String

    public init(postID: String, authorID: String) {
        self.postID = postID
        self.authorID = authorID
    }
}

/// One act of a person on a status: a `user_interactions` row.
public struct Interaction: Sendable, Equatable {
    public var post: PostReference
    public var kind: InteractionKind
    public var at: Instant
    public var weight: Double?
    public var context: Context?

    /// The only members of the documented context that are ever kept; what a caller sends beside them is dropped.
    public struct Context: Sendable, Equatable, Codable {
        public var source: String?
        public var position: Int?
        public var reason: String?

        public init(source: String? = nil, position: Int? = nil, reason: String? = nil) {
            self.source = source
            self.position = position
            self.reason = reason
        }
    }

    public init(post: PostReference, kind: InteractionKind, at: Instant, weight: Double? = nil, context: Context? = nil) {
        self.post = post
        self.kind = kind
        self.at = at
        self.weight = weight
        self.context = context
    }
}

/// One status shown to a person by us: a `recommendation_logs` row.
public struct Recommendation: Sendable, Equatable {
    public var post: PostKey
    public var at: Instant
    /// A reason's code, not a text: texts name authors and are made at display.
    public var reason: String
    public var modelVersion: String?
    /// The wrapper's id in the page, and its neighbours' ids: what a client may ask for later.
    public var shownAs: String?
    public var above: String?
    public var below: String?
    public var position: Int?

    public init(
        post: PostKey, at: Instant, reason: String, modelVersion: String? = nil, shownAs: String? = nil, above: String? = nil,
        below: String? = nil, position: Int? = nil
    ) {
        self.post = post
        self.at = at
        self.reason = reason
        self.modelVersion = modelVersion
        self.shownAs = shownAs
        self.above = above
        self.below = below
        self.position = position
    }
}
