import Fediverse
import Privacy
import Testing

@testable import Recommender

struct LevelTests {
    @Test func `NONE uses nothing of a history, even if one is there`() {
        for seed in 0..<300 {
            var world = World(seed: UInt64(40_000 + seed))
            world.level = .none
            let slate = world.ranked()
            world.history = ReaderHistory()
            #expect(world.ranked() == slate)
            #expect(slate.trace.policy != .blend)
            #expect(slate.slate.entries.allSatisfy { $0.reason != .tag })
        }
    }

    @Test func `LIMITED uses no tags, even if they are there`() {
        var personal = 0
        for seed in 0..<300 {
            var world = World(seed: UInt64(50_000 + seed))
            world.level = .limited
            let slate = world.ranked()
            world.history.tags = [:]
            #expect(world.ranked() == slate)
            #expect(slate.slate.entries.allSatisfy { entry in entry.contributions.allSatisfy { $0.term != "tag-affinity" } })
            personal += slate.slate.entries.contains { $0.reason == .author } ? 1 : 0
        }
        #expect(personal > 50)
    }

    @Test func `FULL uses tags, and names the tag that says most`() {
        let filler = (10..<40).map { StoredPost.status(Int64($0), author: Int64($0), hours: 100, tags: ["common"]) }
        let index = CandidateIndex(filler + [.status(1, author: 1, hours: 160, tags: ["common", "rare"])])
        let history = ReaderHistory(tags: ["common": 1, "rare": 1])
        let slate = TimelineRecommender().slate(for: history, level: .full, from: index, size: 1, at: now, seed: 0)
        #expect(slate.policy == "blend-v1")
        #expect(slate.keys == [1])
        #expect(slate.entries.first?.reason == .tag)
        #expect(slate.entries.first?.argument == "rare")
    }

    @Test func `a person of whom nothing is known gets the starter, with their own filters`() {
        let index = CandidateIndex([.status(1, author: 1, growth: 9), .status(2, author: 2, growth: 3), .status(3, author: 3)])
        let history = ReaderHistory(actedOn: [PostKey(1)], suppressedAuthors: [AuthorKey(3)])
        let own = TimelineRecommender().slate(for: history, level: .full, from: index, size: 9, at: now, seed: 0)
        #expect(own.policy == "starter-v1")
        #expect(own.keys == [2])
        let nobody = TimelineRecommender().slate(for: history, level: .none, from: index, size: 9, at: now, seed: 0)
        #expect(nobody.policy == "starter-v1")
        #expect(nobody.keys == [1, 2, 3])
    }

    @Test func `an empty index gives an empty slate`() {
        for policy in RankingPolicy.allCases {
            let slate = TimelineRecommender(policy: policy).slate(
                for: ReaderHistory(authors: [AuthorKey(1): .pull(1)]), level: .full, from: CandidateIndex(), size: 4, at: now, seed: 0)
            #expect(slate == Slate(policy: policy.rawValue, entries: []))
        }
    }
}
