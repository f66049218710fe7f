import Privacy
import Recommender
import TestSupport
import Testing

@testable import Proxy

struct PageWalkTests {
    static let alphabets: [IDAlphabet] = [.decimal, .ulid, .flake, .hex]

    /// What every page must be, whatever is on it.
    private func check(_ page: SimulatedReader.Page, limit: Int) {
        #expect(page.entries.count == page.upstream.count)
        #expect(page.plan.insertions.count <= PagePlan.most(on: page.upstream.count))
        #expect(page.entries.first?.isOurs != true)
        #expect(page.entries.last?.isOurs != true)
        for (upper, lower) in zip(page.entries, page.entries.dropFirst()) {
            #expect(PositionID(upper.id) > PositionID(lower.id))
            #expect(padded(lower.id).lexicographicallyPrecedes(padded(upper.id)))
            #expect(upper.created_at >= lower.created_at)
        }
        let real = page.entries.filter { !$0.isOurs }.map(\.id)
        #expect(real == page.upstream.prefix(page.plan.kept).map(\.id))
        let inner = page.entries.filter(\.isOurs).compactMap { $0.reblog?.id }
        #expect(Set(inner).count == inner.count)
    }

    /// Left-padded to 30, as the Enafore family compares.
    private func padded(_ id: String) -> [UInt8] { Array(repeating: 0x30, count: 30 - min(30, id.utf8.count)) + Array(id.utf8) }

    /// All pages down to the end, by the cursor of the Link header.
    private func walk(_ feed: SimulatedFeed, _ reader: inout SimulatedReader, limit: Int, slate: ClosedRange<Int> = 0...8) throws -> [SimulatedReader.Page] {
        var pages: [SimulatedReader.Page] = []
        var cursor: String?
        repeat {
            let page = try reader.home(of: feed, limit: limit, maxID: cursor, slate: slate)
            check(page, limit: limit)
            pages.append(page)
            #expect(page.nextFromLink != cursor || cursor == nil)
            cursor = page.nextFromLink
        } while cursor != nil && pages.count < 1_000
        return pages
    }

    @Test(arguments: [IDAlphabet.decimal, .ulid, .flake])
    func `the union of all pages is the feed of 500 posts, in order, each once`(alphabet: IDAlphabet) throws {
        let feed = SimulatedFeed(alphabet, count: 500, seed: 11)
        var reader = SimulatedReader(seed: 12)
        for limit in [20, 40] {
            let pages = try walk(feed, &reader, limit: limit)
            #expect(pages.flatMap(\.entries).filter { !$0.isOurs }.map(\.id) == feed.posts.map(\.id))
            #expect(pages.contains { $0.plan.insertions.count == 4 })
        }
    }

    @Test(arguments: 1...40)
    func `a page is as long as upstream's for every limit`(limit: Int) throws {
        for alphabet in Self.alphabets {
            let feed = SimulatedFeed(alphabet, count: 90, seed: UInt64(limit))
            var reader = SimulatedReader(seed: UInt64(limit) + 100)
            let pages = try walk(feed, &reader, limit: limit, slate: 4...8)
            #expect(pages.allSatisfy { $0.entries.count <= limit })
            #expect(pages.flatMap(\.entries).filter { !$0.isOurs }.map(\.id) == feed.posts.map(\.id))
            #expect(pages.contains { !$0.plan.insertions.isEmpty } == (limit >= 5))
        }
    }

    @Test(arguments: 0..<320)
    func `no random walk loses, doubles or moves a post`(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let alphabet = try #require(Self.alphabets.randomElement(using: &generator))
        var feed = SimulatedFeed(alphabet, count: Int.random(in: 0...120, using: &generator), seed: UInt64(seed) &* 31)
        var reader = SimulatedReader(seed: UInt64(seed) &* 17)
        for _ in 0..<3 {
            let limit = Int.random(in: 5...40, using: &generator)
            let pages = try walk(feed, &reader, limit: limit)
            #expect(pages.flatMap(\.entries).filter { !$0.isOurs }.map(\.id) == feed.posts.map(\.id))
            feed.add(Int.random(in: 0...15, using: &generator))
        }
        // One recommendation never has two places, and one place never two recommendations.
        #expect(Set(reader.placements.map(\.shownAs)).count == reader.placements.count)
        #expect(Set(reader.placements.map(\.post)).count == reader.placements.count)
    }

    @Test(arguments: 0..<40)
    func `the same request again shows what it showed, at the same neighbours`(seed: Int) throws {
        let feed = SimulatedFeed(Self.alphabets[seed % 4], count: 80, seed: UInt64(seed))
        var reader = SimulatedReader(seed: UInt64(seed) + 5)
        let limit = 5 + seed % 36
        let first = try reader.home(of: feed, limit: limit)
        // Other pages in between, with other slates.
        _ = try reader.home(of: feed, limit: 40)
        _ = try reader.home(of: feed, limit: limit, maxID: first.nextFromLink)
        let again = try reader.home(of: feed, limit: limit)
        // What was withdrawn meanwhile is gone; everything else stands where it stood, and nothing new came among it.
        let shown = first.plan.insertions.filter { $0.post.value % 11 != 0 }
        let repeated = again.plan.insertions
        #expect(shown.allSatisfy { old in repeated.contains { $0.shownAs == old.shownAs && $0.post == old.post && $0.createdAt == old.createdAt } })
        let top = shown.first?.gap ?? 0
        #expect(repeated.filter { new in !shown.contains { $0.shownAs == new.shownAs } }.allSatisfy { shown.isEmpty || $0.standing != nil || $0.gap < top })
    }

    @Test func `what stands keeps its neighbours when newer posts push it down`() throws {
        var feed = SimulatedFeed(.decimal, count: 60, seed: 3)
        var reader = SimulatedReader(seed: 9)
        let before = try reader.home(of: feed, limit: 20, slate: 8...8)
        try #require(before.plan.insertions.count > 1)
        feed.add(4)
        let after = try reader.home(of: feed, limit: 20)
        for insertion in after.plan.insertions {
            guard let old = before.plan.insertions.first(where: { $0.shownAs == insertion.shownAs }) else { continue }
            #expect(insertion.gap == old.gap + 4)
            #expect(insertion.createdAt == old.createdAt)
        }
        #expect(after.plan.insertions.contains { $0.shownAs == before.plan.insertions[0].shownAs })
    }

    @Test(arguments: [RecommendationLabel.json, .filtered])
    func `other labels keep the rules of a page`(label: RecommendationLabel) throws {
        var inserted = 0
        for seed in 0..<20 {
            let feed = SimulatedFeed(.decimal, count: 100, seed: UInt64(seed))
            var reader = SimulatedReader(seed: UInt64(seed))
            reader.label = label
            let pages = try walk(feed, &reader, limit: 20)
            #expect(pages.flatMap(\.entries).filter { !$0.isOurs }.map(\.id) == feed.posts.map(\.id))
            inserted += pages.reduce(0) { $0 + $1.plan.insertions.count }
        }
        #expect(inserted > 20)
    }
}
