import Fediverse
import Privacy
import Recommender
import Store

extension RecommenderService {
    /// Stores a post to recommend from, or brings a stored one up to date. That its author agrees is the caller's word;
    /// an author who has opted out here is obeyed all the same.
    ///
    /// - Returns: whether it may be recommended now. A sensitive post never may: it is not kept, and withdrawn where it was.
    @discardableResult
    public func storePostMetadata(_ post: PostMetadata) async throws -> Bool {
        let kept = try post.kept(author: storedAuthorID, contentDays: options.contentDays, at: clock())
        try await store(post.sensitive ? [] : [kept], withdrawing: post.sensitive ? [post.postID] : [])
        return try await storage.posts(ids: [post.postID], in: tenant).contains { $0.eligible }
    }

    /// Stores many posts, 500 to a transaction. A row that is wrong or sensitive is named in the result and hinders no other.
    public func bulkImportPosts(_ posts: [PostMetadata]) async throws -> BulkResult {
        var result = BulkResult()
        for start in stride(from: 0, to: posts.count, by: Self.postsAtOnce) {
            let part = start..<min(start + Self.postsAtOnce, posts.count)
            var kept: [(index: Int, status: KeptStatus)] = []
            var withdrawn: [String] = []
            for index in part {
                do throws(ServiceError) {
                    let status = try posts[index].kept(author: storedAuthorID, contentDays: options.contentDays, at: clock())
                    if posts[index].sensitive {
                        withdrawn.append(status.postID)
                        result.errors.append(.init(index: index, reason: "it is sensitive, so it is not kept"))
                    } else {
                        kept.append((index, status))
                    }
                } catch {
                    result.errors.append(.init(index: index, reason: error.description))
                }
            }
            try await store(kept.map(\.status), withdrawing: withdrawn)
            let stored = Set(try await storage.posts(ids: kept.map(\.status.postID), in: tenant).filter(\.eligible).map(\.postID))
            for (index, status) in kept {
                if stored.contains(status.postID) {
                    result.ok += 1
                } else {
                    result.errors.append(.init(index: index, reason: "its author does not want to be recommended, or it is too old to be kept"))
                }
            }
        }
        result.errors.sort { $0.index < $1.index }
        return result
    }

    /// Posts that may be recommended, newest first.
    /// - Parameters:
    ///   - language: a code, as `en`; nil for all.
    ///   - tag: with or without its sign; nil for all.
    public func getRecentPosts(limit: Int = 20, offset: Int = 0, language: String? = nil, tag: String? = nil) async throws -> [PostMetadata] {
        try await storage.recentPosts(
            limit: max(0, limit), offset: max(0, offset), language: language, tag: tag.map(PostMetadata.normalized(tag:)), in: tenant
        ).compactMap { PostMetadata($0) }
    }

    /// Posts that may be recommended and whose text, as long as it is kept, has every word of `words`, newest first.
    /// - Parameter words: in any case, separated by spaces; each may be part of a longer one. Without any nothing is found.
    public func searchPosts(_ words: String, limit: Int = 20) async throws -> [PostMetadata] {
        let words = words.split(whereSeparator: \.isWhitespace).map(String.init)
        if words.isEmpty { return [] }
        return try await storage.posts(containing: words, limit: max(0, limit), in: tenant).compactMap { PostMetadata($0) }
    }

    /// - Returns: nil for one that is not stored, or only as what somebody's act refers to.
    public func post(_ postID: String) async throws -> PostMetadata? {
        try await storage.posts(ids: [postID], in: tenant).first.flatMap { PostMetadata($0) }
    }

    private static let postsAtOnce = 500

    private func store(_ statuses: [KeptStatus], withdrawing withdrawn: [String]) async throws {
        let now = clock()
        let ids = Set(statuses.map(\.postID))
        let known = Dictionary(
            try await storage.posts(ids: ids.sorted(), in: tenant).map { ($0.postID, $0) }, uniquingKeysWith: { first, _ in first })
        let dated = statuses.map { status in
            var status = status
            // Text is replaced by a newer edit only, and a caller of this interface does not say when that was.
            if let stored = known[status.postID], stored.eligible {
                status.editedAt = stored.content == status.content ? stored.editedAt : now
            }
            return status
        }
        if !dated.isEmpty { _ = try await storage.statuses.keep(dated, cursor: nil, in: tenant, at: now) }
        if !withdrawn.isEmpty { _ = try await storage.statuses.withdraw(withdrawn, in: tenant, at: now) }
    }
}
