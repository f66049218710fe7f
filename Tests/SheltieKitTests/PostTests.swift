import Fediverse
import Privacy
import Recommender
import SheltieKit
import Store
import Testing

@Suite struct PostTests {
    @Test func `a bulk import names what is wrong by its place and keeps the rest`() async throws {
        try await Installed.with { installed in
            var posts = (0..<1_203).map { PostMetadata.post($0, author: "author_\($0)") }
            posts[3].postID = ""
            posts[700].createdAt = nil
            posts[701].createdAt = "yesterday"
            posts[702].createdAt = "2025-04-23T12:00:00"
            posts[1_201].sensitive = true
            let result = try await installed.service.bulkImportPosts(posts)
            #expect(result.ok == 1_198)
            #expect(result.errors.map(\.index) == [3, 700, 701, 702, 1_201])
            #expect(result.errors.first?.reason == "post_id must be 1 to 64 printable characters without spaces")
            #expect(try await installed.rows()["post_metadata"] == 1_198)
        }
    }

    @Test func `a sensitive post is not kept, and withdrawn where it was`() async throws {
        try await Installed.with { installed in
            let plain = try await installed.service.storePostMetadata(.post(1))
            let sensitive = try await installed.service.storePostMetadata(.post(1, sensitive: true))
            #expect((plain, sensitive) == (true, false))
            #expect(try await installed.service.post("post_1") == nil)
            #expect(try await installed.service.getStarterRecommendations().isEmpty)
        }
    }

    @Test func `storing a post again changes what has changed, and the same again nothing`() async throws {
        try await Installed.with { installed in
            let service = installed.service
            try await service.storePostMetadata(.post(1))
            installed.time.move(by: .minutes(5))
            try await service.storePostMetadata(.post(1, content: "Hello again", favorites: 9))
            #expect(try await service.post("post_1")?.content == "Hello again")
            installed.time.move(by: .minutes(5))
            try await service.storePostMetadata(.post(1, content: "Hello again", favorites: 12))
            #expect(try await service.post("post_1")?.favorites == 12)
            let before = try await service.storage.posts(ids: ["post_1"], in: service.tenant)
            installed.time.move(by: .minutes(5))
            try await service.storePostMetadata(.post(1, content: "Hello again", favorites: 12))
            #expect(try await service.storage.posts(ids: ["post_1"], in: service.tenant) == before)
        }
    }

    @Test func `an author who opted out is neither kept nor liked`() async throws {
        try await Installed.with { installed in
            let service = installed.service
            try await installed.choose("FULL")
            try await service.recordInteraction(userID: "actual_user_123", postID: "post_1", interactionType: "favorite")
            _ = try await service.storage.statuses.optOut(
                authorID: service.storedAuthorID("author_789"), source: .request, in: service.tenant, at: noon)
            let result = try await service.bulkImportPosts([.post(1), .post(2, author: "other")])
            #expect(result.ok == 1)
            #expect(result.errors.map(\.index) == [0])
            #expect(try await service.getUserInteractionHistory(userID: "actual_user_123").isEmpty)
            #expect(try await service.getAuthorPreferenceScores(userID: "actual_user_123").isEmpty)
        }
    }

    @Test func `text older than its retention does not come in`() async throws {
        try await Installed.with { installed in
            let old = PostMetadata(postID: "old", authorID: "a", content: "long ago", createdAt: "2025-04-10T12:00:00Z")
            let isKept = try await installed.service.storePostMetadata(old)
            #expect(isKept)
            #expect(try await installed.service.post("old")?.content == nil)
        }
    }
}
