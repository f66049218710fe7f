import Fediverse
import Privacy
import SheltieKit
import Store
import Testing

/// The example of the documented interface, line for line, and its defaults.
@Suite struct DocumentedExampleTests {
    @Test func `the documented example runs as it is written`() async throws {
        try await Installed.with(instance: "mastodon.social") { installed in
            let service = installed.service
            try await service.updatePrivacySettings(userID: "actual_user_123", privacyLevel: "FULL", instanceURL: "mastodon.social")

            try await service.recordInteraction(
                userID: "actual_user_123", postID: "post_456", interactionType: "favorite", instanceURL: "mastodon.social",
                context: ["source": "timeline", "position": 3])
            let recommendations = try await service.getPersonalizedRecommendations(
                userID: "actual_user_123", instanceURL: "mastodon.social", limit: 10)
            #expect(recommendations.isEmpty)

            try await service.storePostMetadata(PostMetadata(
                postID: "post_456", authorID: "author_789", authorName: "Jane Smith", content: "This is a sample post", language: "en",
                createdAt: "2025-04-22T10:30:00", tags: ["corgi", "recommendations"]))

            let history = try await service.getUserInteractionHistory(userID: "actual_user_123", instanceURL: "mastodon.social")
            #expect(history.map(\.interactionType) == ["FAVORITE"])
            #expect(history.first?.context == #"{"source":"timeline","position":3}"#)
            #expect(history.first?.scoreWeight == 1)
            #expect(history.first?.timestamp == "2025-04-22T12:00:00.000Z")

            let report = try await service.getPrivacyReport(userID: "actual_user_123", instanceURL: "mastodon.social")
            #expect(report.json.contains("post_456"))

            let change = try await service.updatePrivacySettings(
                userID: "actual_user_123", privacyLevel: "LIMITED", instanceURL: "mastodon.social")
            #expect(change.viewer.level == .limited)
            let limited = try await service.getUserInteractionHistory(userID: "actual_user_123", instanceURL: "mastodon.social")
            #expect(limited.first?.context == nil)
        }
    }

    @Test func `a stored post comes back with the documented members, but for its author's names`() async throws {
        try await Installed.with { installed in
            try await installed.service.storePostMetadata(PostMetadata(
                postID: "post_456", authorID: "author_789", authorName: "Jane Smith", content: "<p>This is a <b>sample</b> post</p>",
                language: "en", createdAt: "2025-04-22T10:30:00", favorites: 4, boosts: 2, replies: 1, tags: ["Corgi", "#recommendations", "corgi"]))
            let post = try #require(await installed.service.post("post_456"))
            #expect(post == PostMetadata(
                postID: "post_456", authorID: installed.service.storedAuthorID("author_789"), content: "This is a sample post", language: "en",
                createdAt: "2025-04-22T10:30:00.000Z", favorites: 4, boosts: 2, replies: 1, tags: ["corgi", "recommendations"]))
        }
    }

    @Test func `an act on a post that is stored later counts for its real author`() async throws {
        try await Installed.with { installed in
            try await installed.choose("FULL")
            let service = installed.service
            for number in 1...3 {
                try await service.recordInteraction(userID: "actual_user_123", postID: "post_\(number)", interactionType: "favorite")
            }
            for number in 1...3 { try await service.storePostMetadata(.post(number)) }
            let scores = try await service.getAuthorPreferenceScores(userID: "actual_user_123")
            #expect(Set(scores.keys) == [service.storedAuthorID("author_789")])
            let rows = try await installed.rows()
            #expect(rows["authors"] == 1)
            #expect(rows["author_preferences"] == 1)
        }
    }

    @Test(arguments: [
        ("favorite", "FAVORITE"), ("FAVORITE", "FAVORITE"), ("favourite", "FAVORITE"), ("boost", "BOOST"), ("reblog", "BOOST"),
        ("Reply", "REPLY"), ("bookmark", "BOOKMARK"),
    ])
    func `each documented word for an act is understood`(word: String, kept: String) async throws {
        try await Installed.with { installed in
            try await installed.choose("FULL")
            let recorded = try await installed.service.recordInteraction(userID: "actual_user_123", postID: "post_1", interactionType: word)
            #expect(recorded)
            #expect(try await installed.service.getUserInteractionHistory(userID: "actual_user_123").map(\.interactionType) == [kept])
        }
    }

    @Test func `a view is understood, and kept only of those who turned that on`() async throws {
        try await Installed.with { installed in
            try await installed.choose("FULL")
            let recorded = try await installed.service.recordInteraction(userID: "actual_user_123", postID: "post_1", interactionType: "view")
            #expect(!recorded)
        }
    }

    @Test func `defaults are 50 acts, 20 posts, 10 recommendations and English`() async throws {
        try await Installed.with { installed in
            let service = installed.service
            try await installed.choose("FULL")
            _ = try await service.bulkImportPosts((1...60).map { .post($0, author: "author_\($0)", language: $0 % 2 == 0 ? "en" : "de", tags: []) })
            _ = try await service.bulkRecordInteractions(
                (100..<160).map { InteractionRecord(userID: "actual_user_123", postID: "old_\($0)", interactionType: "favorite") })
            #expect(try await service.getUserInteractionHistory(userID: "actual_user_123").count == 50)
            #expect(try await service.getRecentPosts().map(\.postID) == (1...20).map { "post_\($0)" })
            #expect(try await service.getPersonalizedRecommendations(userID: "actual_user_123").count == 10)
            let starter = try await service.getStarterRecommendations()
            #expect(starter.count == 10)
            #expect(starter.allSatisfy { $0.post.language == "en" })
            try await service.logRecommendation(userID: "actual_user_123", postID: "post_60", reason: "popular")
            let viewer = try await service.storage.people.viewer(service.alias(userID: "actual_user_123"), in: service.tenant)
            #expect(try await service.storage.shown(to: viewer, postID: "post_60", limit: 5).map(\.modelVersion) == ["1.0.0"])
        }
    }

    @Test func `recent posts are chosen by language, tag and offset`() async throws {
        try await Installed.with { installed in
            let service = installed.service
            _ = try await service.bulkImportPosts([
                .post(1, tags: ["dogs"]), .post(2, language: "de", tags: ["dogs", "a_b"]), .post(3, tags: ["dog"]), .post(4, tags: ["axb"]),
                .post(5, language: nil, tags: []),
            ])
            #expect(try await service.getRecentPosts(language: "en").map(\.postID) == ["post_1", "post_3", "post_4"])
            #expect(try await service.getRecentPosts(tag: "#Dogs").map(\.postID) == ["post_1", "post_2"])
            #expect(try await service.getRecentPosts(tag: "a_b").map(\.postID) == ["post_2"])
            #expect(try await service.getRecentPosts(tag: "%").isEmpty)
            #expect(try await service.getRecentPosts(limit: 2, offset: 1).map(\.postID) == ["post_2", "post_3"])
        }
    }

    @Test func `starter recommendations of an empty database are none`() async throws {
        try await Installed.with { installed in
            let given = try await installed.service.getStarterRecommendations()
            #expect(given.isEmpty)
        }
    }
}
