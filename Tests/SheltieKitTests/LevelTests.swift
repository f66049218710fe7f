import Fediverse
import Privacy
import SheltieKit
import Testing

/// The level is obeyed through every entry, and no raw id is ever at rest.
@Suite struct LevelTests {
    @Test(arguments: [PrivacyLevel.none, .full])
    func `at NONE nothing about a person is written, whatever is called`(byDefault: PrivacyLevel) async throws {
        try await Installed.with(defaultLevel: byDefault) { installed in
            let service = installed.service
            if byDefault != .none { try await installed.choose("NONE") }
            _ = try await service.bulkImportPosts((1...30).map { .post($0, author: "author_\($0)", tags: []) })
            let before = try await installed.rows()

            for type in ["favorite", "boost", "reply", "bookmark", "view"] {
                let kept = try await service.recordInteraction(userID: "actual_user_123", postID: "post_1", interactionType: type)
                #expect(!kept)
            }
            let unknown = try await service.recordInteraction(userID: "actual_user_123", postID: "post_999", interactionType: "favorite")
            #expect(!unknown)
            let bulk = try await service.bulkRecordInteractions(
                (1...20).map { InteractionRecord(userID: "actual_user_123", postID: "post_\($0)", interactionType: "boost") })
            #expect(bulk == BulkResult(ok: 0, notKept: 20))
            let logged = try await service.logRecommendation(userID: "actual_user_123", postID: "post_1", reason: "popular")
            #expect(!logged)
            let given = try await service.getPersonalizedRecommendations(userID: "actual_user_123")
            #expect(given.count == 10)
            #expect(given.allSatisfy { $0.modelVersion == "starter-v1" })

            #expect(try await installed.rows() == before)
        }
    }

    @Test func `going to NONE removes every row of the person and nobody else's`() async throws {
        try await Installed.with { installed in
            let service = installed.service
            try await installed.choose("FULL")
            try await installed.choose("FULL", "another")
            _ = try await service.bulkImportPosts((1...30).map { .post($0, author: "author_\($0)", tags: []) })
            for user in ["actual_user_123", "another"] {
                try await service.recordInteraction(userID: user, postID: "post_1", interactionType: "favorite")
                _ = try await service.getPersonalizedRecommendations(userID: user, limit: 5)
            }
            #expect(try await installed.rows()["recommendation_logs"] == 10)
            try await installed.choose("NONE")
            #expect(try await service.getUserInteractionHistory(userID: "actual_user_123").isEmpty)
            let rows = try await installed.rows()
            #expect(rows["user_aliases"] == 1)
            #expect(rows["user_interactions"] == 1)
            #expect(rows["recommendation_logs"] == 5)
        }
    }

    @Test func `no raw id is found in the database's files, nor anybody's alias after NONE`() async throws {
        try await Installed.with { installed in
            let service = installed.service
            let userID = "rawuser7311"
            try await installed.choose("FULL", userID)
            try await service.storePostMetadata(.post(1, author: "https://social.example/users/rawauthor9173"))
            try await service.recordInteraction(
                userID: userID, postID: "post_1", interactionType: "favorite", context: ["source": "from rawuser7311", "reason": "x", "handle": "rawuser7311"])
            _ = try await service.bulkRecordInteractions([
                InteractionRecord(userID: userID, postID: "post_2", interactionType: "boost", context: ["source": "@rawuser7311"])
            ])
            try await service.logRecommendation(userID: userID, postID: "post_1", reason: "popular")
            _ = try await service.getPersonalizedRecommendations(userID: userID)
            let alias = try service.alias(userID: userID).hex
            let kept = installed.bytesAtRest()
            #expect(kept.contains(alias.utf8), "the search finds what is there")
            #expect(!kept.contains("rawuser7311".utf8))
            #expect(!kept.contains("rawauthor9173".utf8))
            try await installed.choose("NONE", userID)
            #expect(!installed.bytesAtRest().contains(alias.utf8))
        }
    }

    @Test func `the same id at two instances is two people`() async throws {
        try await Installed.with(instance: "social.example") { installed in
            let service = installed.service
            let aliases = try ["social.example", "mastodon.social"].map { try service.alias(userID: "1", instanceURL: $0) }
            #expect(aliases[0] != aliases[1])
            #expect(try service.alias(userID: "1") == aliases[0])
            #expect(try service.alias(userID: "1", instanceURL: "https://Mastodon.Social/") == aliases[1])
        }
    }

    @Test func `at LIMITED a log row has the day and no model version`() async throws {
        try await Installed.with { installed in
            try await installed.choose("LIMITED")
            try await installed.service.storePostMetadata(.post(1))
            let logged = try await installed.service.logRecommendation(userID: "actual_user_123", postID: "post_1", reason: "popular")
            #expect(logged)
            let report = try await installed.service.getPrivacyReport(userID: "actual_user_123")
            #expect(!report.json.contains("1.0.0"))
            #expect(report.json.contains("post_1"))
        }
    }
}

extension [UInt8] {
    /// Whether the bytes of `text` stand somewhere in these.
    func contains(_ text: String.UTF8View) -> Bool {
        let wanted = Array(text)
        guard let first = wanted.first, count >= wanted.count else { return false }
        return withUnsafeBufferPointer { bytes in
            (0...(count - wanted.count)).contains { start in
                bytes[start] == first && wanted.indices.allSatisfy { bytes[start + $0] == wanted[$0] }
            }
        }
    }
}
