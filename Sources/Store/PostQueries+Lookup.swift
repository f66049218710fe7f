public import Privacy
public import Recommender

extension Storage: PostLookup {
    public func post(_ id: String, in tenant: TenantKey) async throws -> KnownPost? {
        guard let found = try await posts(ids: [id], in: tenant).first, found.eligible, let localID = found.localID else { return nil }
        return KnownPost(postID: found.postID, authorID: found.authorID, localID: localID)
    }
}
