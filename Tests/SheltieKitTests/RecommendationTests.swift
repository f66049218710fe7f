import Fediverse
import Privacy
import SheltieKit
import Store
import Testing

@Suite struct RecommendationTests {
    private static func filled(_ installed: Installed) async throws {
        try await installed.choose("FULL")
        _ = try await installed.service.bulkImportPosts((1...40).map { .post($0, author: "author_\($0 % 20)", tags: []) })
    }

    @Test func `what is given is logged first, and does not come again for a week`() async throws {
        try await Installed.with { installed in
            try await Self.filled(installed)
            let first = try await installed.service.getPersonalizedRecommendations(userID: "actual_user_123")
            #expect(try await installed.rows()["recommendation_logs"] == 10)
            let second = try await installed.service.getPersonalizedRecommendations(userID: "actual_user_123")
            #expect(Set(first.map(\.post.postID)).isDisjoint(with: second.map(\.post.postID)))
        }
    }

    @Test func `without logging nothing is written, and the same comes again`() async throws {
        try await Installed.with { installed in
            try await Self.filled(installed)
            let first = try await installed.service.getPersonalizedRecommendations(userID: "actual_user_123", logResults: false)
            let second = try await installed.service.getPersonalizedRecommendations(userID: "actual_user_123", logResults: false)
            #expect(first == second)
            #expect(try await installed.rows()["recommendation_logs"] == nil)
        }
    }

    @Test func `a liked author's post comes first, for that reason`() async throws {
        try await Installed.with { installed in
            try await Self.filled(installed)
            let service = installed.service
            for post in ["post_27", "other_1", "other_2"] {
                try await service.storePostMetadata(PostMetadata(postID: post, authorID: "author_7", createdAt: "2025-04-21T12:00:00Z"))
                try await service.recordInteraction(userID: "actual_user_123", postID: post, interactionType: "boost")
            }
            let given = try await service.getPersonalizedRecommendations(userID: "actual_user_123", logResults: false)
            #expect(given.first?.post.postID == "post_7")
            #expect(given.first?.reason == "author-affinity")
            #expect(given.first?.contributions.first?.name == "author-affinity")

            let alias = try service.alias(userID: "actual_user_123")
            let explanation = try await service.explain("post_7", for: alias)
            #expect(explanation.place == 1)
            #expect(explanation.recommended == given.first)
            let actedOn = try await service.explain("post_27", for: alias)
            #expect(actedOn.place == nil)
            #expect(actedOn.obstacle == "The person has acted on it already.")
            await #expect(throws: ServiceError.unknownPost) { try await service.explain("post_999", for: alias) }
        }
    }

    @Test func `a post that was shown is still explained, with when and why it was shown`() async throws {
        try await Installed.with { installed in
            try await Self.filled(installed)
            let given = try await installed.service.getPersonalizedRecommendations(userID: "actual_user_123", limit: 1)
            let post = try #require(given.first)
            let explanation = try await installed.service.explain(
                post.post.postID, for: installed.service.alias(userID: "actual_user_123"))
            #expect(explanation.place != nil)
            #expect(explanation.shown.map(\.reason) == [post.reason])
        }
    }

    @Test func `a reason that names somebody is refused`() async throws {
        try await Installed.with { installed in
            try await Self.filled(installed)
            for reason in ["", "you like @alice@social.example", "https://social.example/@alice", "for actual_user_123", String(repeating: "a", count: 256)] {
                await #expect(throws: ServiceError.badReason) {
                    try await installed.service.logRecommendation(userID: "actual_user_123", postID: "post_1", reason: reason)
                }
            }
            await #expect(throws: ServiceError.unknownPost) {
                try await installed.service.logRecommendation(userID: "actual_user_123", postID: "post_999", reason: "popular")
            }
        }
    }

    @Test func `what cannot be understood is refused before anything is written`() async throws {
        try await Installed.with { installed in
            let service = installed.service
            try await installed.choose("FULL")
            let before = try await installed.rows()
            await #expect(throws: ServiceError.unknownInteractionType) {
                try await service.recordInteraction(userID: "actual_user_123", postID: "post_1", interactionType: "poke")
            }
            await #expect(throws: ServiceError.badUserID) {
                try await service.recordInteraction(userID: "@alice@social.example", postID: "post_1", interactionType: "favorite")
            }
            await #expect(throws: ServiceError.badInstance) {
                try await service.recordInteraction(userID: "1", postID: "post_1", interactionType: "favorite", instanceURL: "no host/at all")
            }
            await #expect(throws: ServiceError.unknownPrivacyLevel) {
                try await service.updatePrivacySettings(userID: "actual_user_123", privacyLevel: "SOME")
            }
            let bulk = try await service.bulkRecordInteractions([
                InteractionRecord(userID: "actual_user_123", postID: "", interactionType: "favorite"),
                InteractionRecord(userID: "actual_user_123", postID: "post_1", interactionType: "favorite", timestamp: "2026-01-01T00:00:00Z"),
            ])
            #expect(bulk.errors.map(\.index) == [0, 1])
            #expect(try await installed.rows() == before)
        }
    }

    @Test func `looking makes nothing, and another key is refused`() async throws {
        try await Installed.with { installed in
            await #expect(throws: StoreError.noDatabase) {
                try await RecommenderService.open(database: installed.folder + "/none.db", keyFile: installed.folder + "/key", access: .look)
            }
            #expect(contents(of: installed.folder + "/none.db").isEmpty)
            _ = try KeyRing.create(at: installed.folder + "/other")
            await #expect(throws: StoreError.unknownKey) {
                try await RecommenderService.open(database: installed.folder + "/sheltie.db", keyFile: installed.folder + "/other")
            }
        }
    }
}
