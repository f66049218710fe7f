/// Why a call of the documented interface was refused, in words that are safe to show: no id, no name.
public enum ServiceError: Error, Equatable {
    /// Not favorite, boost, reblog, reply, bookmark or view.
    case unknownInteractionType
    /// Not NONE, LIMITED or FULL.
    case unknownPrivacyLevel
    /// Not an instance's host, as `social.example`.
    case badInstance
    /// Not 1 to 64 letters, digits, `_` or `-`.
    case badUserID
    /// A post that cannot be kept as it is: `member` names what is wrong.
    case badPost(member: PostMember)
    case unknownPost
    /// Empty, longer than 255 bytes, or naming somebody.
    case badReason
    /// Longer than 50 bytes.
    case badModelVersion
    /// Not ISO 8601, or in the future.
    case badTime
    /// Several instances share the database, and none was named.
    case severalInstances
    /// The database was never set up for the instance.
    case unknownInstance

    public enum PostMember: String, Sendable { case postID = "post_id", authorID = "author_id", createdAt = "created_at", language, tags }
}

extension ServiceError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unknownInteractionType: "an interaction is favorite, boost (or reblog), reply, bookmark or view"
        case .unknownPrivacyLevel: "a level is NONE, LIMITED or FULL"
        case .badInstance: "an instance is named by its host, as social.example"
        case .badUserID: "a user id is 1 to 64 letters, digits, _ or -"
        case .badPost(.postID): "post_id must be 1 to 64 printable characters without spaces"
        case .badPost(.authorID): "author_id must be 1 to 2048 bytes"
        case .badPost(.createdAt): "created_at must be a past time as 2026-01-31T10:30:00Z"
        case .badPost(.language): "language must be a code of 1 to 10 characters, as en"
        case .badPost(.tags): "tags must be at most 100, of at most 500 bytes each"
        case .unknownPost: "no such post is stored"
        case .badReason: "a reason is 1 to 255 printable characters and names nobody"
        case .badModelVersion: "a model version has at most 50 characters"
        case .badTime: "a time must lie in the past and read as 2026-01-31T10:30:00Z"
        case .severalInstances: "the database serves several instances; name the one that is meant"
        case .unknownInstance: "the database was not set up for this instance; run 'sheltie setup'"
        }
    }
}
