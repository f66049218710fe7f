public import Privacy

/// A post that may be recommended, found by its public id.
public struct KnownPost: Sendable, Equatable {
    public var postID: String
    public var authorID: String
    /// Its id at the tenant's instance.
    public var localID: String

    public init(postID: String, authorID: String, localID: String) {
        self.postID = postID
        self.authorID = authorID
        self.localID = localID
    }
}

public protocol PostLookup: Sendable {
    /// - Returns: nil also for a stub, of which only somebody's act tells that it is there.
    func post(_ id: String, in tenant: TenantKey) async throws -> KnownPost?
}
