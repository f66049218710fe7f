import Fediverse
import Privacy
import Testing

@testable import Recommender

struct RankingTests {
    private let known = ReaderHistory(authors: [AuthorKey(99): .pull(1)])

    private func slate(
        _ posts: [StoredPost], history: ReaderHistory, policy: RankingPolicy = .blend, lambda: Double = 0.7, caps: Caps = .none, size: Int = 50
    ) -> RankedSlate {
        TimelineRecommender(policy: policy, lambda: lambda, caps: caps).ranked(
            for: history, level: .full, from: CandidateIndex(posts), size: size, at: now, seed: 3)
    }

    @Test func `chronological is newest first, and says only fresh`() {
        let posts = [StoredPost.status(1, hours: 5, growth: 50), .status(2, hours: 0.5), .status(3, hours: 30), .status(4, hours: 5)]
        let ranked = slate(posts, history: known, policy: .chronological)
        #expect(ranked.slate.policy == "chronological")
        #expect(ranked.slate.keys == [2, 1, 4, 3])
        #expect(ranked.slate.entries.allSatisfy { $0.reason == .fresh && $0.contributions.map(\.term) == ["fresh"] })
    }

    @Test func `blend-v1 adds its saturated signals by their weights`() throws {
        // Growth 10 alone: the scale is 10, so popularity is a half of 0.25. A day old: freshness is a half of 0.20.
        let post = try #require(slate([.status(1, hours: 24, growth: 10)], history: known).slate.entries.first)
        #expect(post.contributions == [Contribution(term: "popular", value: 0.125), Contribution(term: "fresh", value: 0.1)])
        #expect(post.reason == .popular)
        // The author's pull of 1 is worth 0.25.
        let liked = try #require(slate([.status(1, author: 99, hours: 24)], history: known).slate.entries.first)
        #expect(liked.contributions == [Contribution(term: "author-affinity", value: 0.25), Contribution(term: "fresh", value: 0.1)])
    }

    @Test func `popularity here falls back to the public counters, and the trace says so`() {
        let nobody = slate([.status(1, growth: 4), .status(2, author: 2, growth: 2)], history: known)
        #expect(nobody.trace.fallbacks == ["popular-here -> popular"])
        #expect(nobody.trace.popularHere == 0 && nobody.trace.popular == 2)
        let some = slate([.status(1, hours: 40, own: 5, growth: 4), .status(2, author: 2, hours: 40, growth: 40)], history: known)
        #expect(some.trace.fallbacks.isEmpty)
        #expect(some.trace.popularHere == 1 && some.trace.popular == 1)
        #expect(Set(some.slate.entries.map(\.reason)) == [.popularHere, .popular])
    }

    @Test func `a slider multiplies its signal, 0 switches it off and below 0 it counts against`() {
        let posts = [StoredPost.status(1, author: 1, hours: 60, growth: 30), .status(2, author: 99, hours: 60, growth: 30)]
        func scores(_ value: String) -> [Int64: Double] {
            var history = known
            history.settings = ["weight.author-affinity": value]
            return Dictionary(uniqueKeysWithValues: slate(posts, history: history).slate.entries.map { ($0.post.value, $0.score) })
        }
        let base = scores("0")
        #expect(base[1] == base[2])
        #expect(abs((scores("2")[2] ?? 0) - (base[2] ?? 0) - 0.5) < 1e-12)
        #expect(scores("2") == scores("9"), "beyond the range it stops at the range's end")
        #expect(scores("nan") == scores("1"))
        #expect(scores("-2")[2] == nil, "what is pushed to 0 or below is not recommended")
        #expect(scores("-2")[1] == base[1])
    }

    @Test func `a person's own choice of policy beats the operator's`() {
        var history = known
        history.settings = ["policy": "corgi-v1"]
        #expect(slate([.status(1)], history: history).slate.policy == "corgi-v1")
        history.settings = ["policy": "no-such"]
        #expect(slate([.status(1)], history: history).slate.policy == "blend-v1")
        history.settings = ["preset": "people"]
        #expect(slate([.status(1, author: 99)], history: history).slate.entries.first?.contributions.first?.value == 0.5)
    }

    @Test func `an author's second status keeps 62.5 percent, the third 43.75`() {
        let posts = (1...3).map { StoredPost.status(Int64($0), author: 99, hours: 0) }
        let scores = slate(posts, history: known, lambda: 1).slate.entries.map(\.score)
        let full = 0.25 + 0.20
        #expect(zip(scores, [full, full * 0.625, full * 0.4375]).allSatisfy { abs($0 - $1) < 1e-12 })
        #expect(scores.count == 3)
    }

    @Test func `decay by author never lifts a score below 0`() {
        let posts = (1...2).map { StoredPost.status(Int64($0)) }
        let reader = ReaderView(known, level: .full, index: CandidateIndex(posts), at: now, requested: nil)
        var batch = CandidateBatch(
            rows: [0, 1], index: CandidateIndex(posts), reader: reader, pipeline: Pipeline(.blend, lambda: 1, caps: .none, longestAge: .days(14)), size: 2,
            trace: RankingTrace(policy: .blend))
        batch.reasons = [4, 4]
        batch.scores = [-0.1, -0.2]
        AuthorDecay().apply(to: &batch)
        #expect(batch.scores == [-0.1, -0.2])
    }

    @Test func `with lambda 1 the order is that of the scores`() {
        for seed in 0..<200 {
            let entries = World(seed: UInt64(60_000 + seed)).ranked(caps: .none, lambda: 1).slate.entries
            for (above, below) in zip(entries, entries.dropFirst()) {
                #expect(above.score > below.score || above.score == below.score && above.post < below.post)
            }
        }
    }

    @Test func `with lambda 0 each place goes to what is least like the places above`() throws {
        for seed in 0..<100 {
            var world = World(seed: UInt64(70_000 + seed))
            world.policy = .starter
            world.history.settings["policy"] = nil
            world.size = 6
            let posts = Dictionary(uniqueKeysWithValues: world.posts.map { ($0.key.value, $0) })
            let slate = world.ranked(caps: .none, lambda: 0).slate.keys
            world.size = 500
            let pool = world.ranked(caps: .none, lambda: 0).slate.keys
            for place in slate.indices.dropFirst() {
                let above = slate[..<place].compactMap { posts[$0] }
                let here = try nearest(#require(posts[slate[place]]), above)
                let open = pool.filter { !slate[...place].contains($0) }.compactMap { posts[$0] }
                #expect(open.allSatisfy { nearest($0, above) >= here - 1e-12 })
            }
        }
    }

    @Test(arguments: [0.0, 0.35, 0.7, 1.0]) func `a slate is what looking at every candidate for every place gives`(lambda: Double) throws {
        for seed in 0..<150 {
            var world = World(seed: UInt64(80_000 + seed))
            let caps = seed % 2 == 0 ? Caps() : .none
            let slate = world.ranked(caps: caps, lambda: lambda).slate.keys
            let size = world.size
            world.size = 500
            // Without caps and variety everybody is in, with the same scores.
            var open = world.ranked(caps: .none, lambda: 1).slate.entries
            let highest = open.first?.score ?? 1
            let lambda = ["corgi-v1", "chronological"].contains(world.ranked().slate.policy) ? 1 : lambda
            let posts = Dictionary(uniqueKeysWithValues: world.posts.map { ($0.key, $0) })
            var picked: [StoredPost] = []
            while picked.count < size {
                open.removeAll { entry in
                    picked.filter { $0.author == entry.author }.count >= caps.perAuthor
                        || (posts[entry.post]?.tags ?? []).contains { tag in picked.filter { $0.tags.contains(tag) }.count >= caps.perTag }
                }
                func value(_ entry: Slate.Entry) -> Double {
                    lambda * entry.score / highest - (1 - lambda) * nearest(posts[entry.post] ?? .status(0), picked)
                }
                let best = open.max { a, b in value(a) != value(b) ? value(a) < value(b) : a.post > b.post }
                guard let best else { break }
                picked.append(try #require(posts[best.post]))
                open.removeAll { $0.post == best.post }
            }
            #expect(slate == picked.map(\.key.value))
        }
    }

    @Test func `untagged statuses are like nothing but their author's`() {
        let tags: [Int32] = [1, 2, 3, 2, 3, 4]
        #expect(jaccard(0..<0, 6..<6, of: tags) == 0)
        #expect(jaccard(0..<3, 3..<6, of: tags) == 0.5)
        let posts = [StoredPost.status(1, author: 1, growth: 40), .status(2, author: 1, growth: 39), .status(3, author: 2, growth: 30)]
        #expect(slate(posts, history: known).slate.keys == [1, 3, 2])
    }

    @Test func `a status that no list favours gets a chance by the seed`() {
        let popular = (1...400).map { StoredPost.status(Int64($0), author: Int64($0), hours: 1, growth: 50) }
        let quiet = (1000..<1500).map { StoredPost.status(Int64($0), author: Int64($0), hours: 40) }
        let index = CandidateIndex(popular + quiet)
        func drawn(_ seed: UInt64) -> [Int32] {
            let batch = TimelineRecommender().candidates(
                for: ReaderHistory(), level: .none, from: index, size: 4, at: now, seed: seed)
            return batch.rows.filter { index.columns.keys[Int($0)] >= 1000 }
        }
        #expect(!drawn(1).isEmpty)
        #expect(drawn(1) == drawn(1))
        #expect(drawn(1) != drawn(2))
    }

    @Test func `a huge counter saturates instead of flattening the others`() {
        #expect(saturationScale(of: [0, 0, 1, 2, 3, 4, 5]) == 4)
        #expect(saturationScale(of: [0, -1]) == 1)
        #expect(saturated(4, scale: 4) == 0.5)
        #expect(saturated(0, scale: 4) == 0)
        #expect(saturated(1e12, scale: 4) < 1)
        #expect(decay(age: -5, halfLife: 60) == 1 && decay(age: 120, halfLife: 60) == 0.25)
        for seed in 0..<50 {
            var dice = Dice(UInt64(seed) + 9)
            var values = (0...dice.number(0...40)).map { _ in Double(dice.number(0...9)) }
            let rank = dice.number(0...values.count - 1)
            let sorted = values.sorted()
            #expect(select(rank: rank, from: &values) == sorted[rank])
        }
    }

    private func nearest(_ post: StoredPost, _ others: [StoredPost]) -> Double {
        others.map { other in
            if other.author == post.author { return 1 }
            let all = Set(other.tags).union(post.tags).count
            return all == 0 ? 0 : Double(Set(other.tags).intersection(post.tags).count) / Double(all)
        }.max() ?? 0
    }
}
