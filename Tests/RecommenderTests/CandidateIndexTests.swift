import Fediverse
import Privacy
import Testing

@testable import Recommender

struct CandidateIndexTests {
    @Test func `an index gives back what was put in`() throws {
        let post = StoredPost(
            key: PostKey(5), author: AuthorKey(9), localID: "01HXQ3-über", createdAt: now, language: "pt-BR", favourites: 3, reblogs: 2,
            replies: 1, tags: ["cats", "art", "art"], ownScore: 10, publicScore: 4, source: "trends")
        let index = CandidateIndex([.status(1), post, .status(8, language: nil)])
        var kept = try #require(index[PostKey(5)])
        #expect(kept.tags == ["art", "cats"])
        #expect(kept.language == "pt-br")
        kept.tags = post.tags
        kept.language = post.language
        #expect(kept == post)
        #expect(index[PostKey(8)]?.language == nil)
        #expect(index[PostKey(2)] == nil)
        #expect(index.count == 3)
    }

    @Test func `counters beyond 32 bits stop at the largest`() {
        let index = CandidateIndex([.status(1, favourites: .max, reblogs: -1)])
        #expect(index[PostKey(1)]?.favourites == 4_294_967_295)
        #expect(index[PostKey(1)]?.reblogs == 0)
    }

    @Test func `a post both changed and removed is removed, one changed twice counts as changed last`() {
        let index = CandidateIndex(
            SnapshotChanges(version: 2, changed: [.status(1), .status(2, favourites: 1), .status(2, favourites: 9)], removed: [PostKey(1)]))
        #expect(index.count == 1)
        #expect(index[PostKey(2)]?.favourites == 9)
    }

    @Test func `the orders are those of authors, tags, time and scores`() {
        let index = CandidateIndex([
            .status(1, author: 7, hours: 3, tags: ["art"], own: 5), .status(2, author: 8, hours: 2, tags: ["art"], own: 10, growth: 2),
            .status(3, author: 7, hours: 1, growth: 9), .status(4, author: 9, hours: 2),
        ])
        func keys(_ rows: some Sequence<Int32>) -> [Int64] { rows.map { index.columns.keys[Int($0)] } }
        #expect(keys(index.orders.newest) == [3, 2, 4, 1])
        #expect(keys(index.orders.byOwnScore) == [2, 1])
        #expect(keys(index.orders.byPublicScore) == [3, 2])
        #expect(keys(index.rows(of: 7)) == [3, 1])
        #expect(keys(index.rows(of: 1)).isEmpty)
        #expect(keys(index.rows(of: 10)).isEmpty)
        #expect(index.tags.id(of: "art").map { keys(index.rows(tagged: $0)) } == [2, 1])
        #expect(index.tags.id(of: "bread") == nil)
    }

    @Test(arguments: 0..<60) func `an index brought up to date equals one made anew`(seed: Int) {
        var dice = Dice(UInt64(seed) + 1)
        var posts: [Int64: StoredPost] = [:]
        var index = CandidateIndex()
        for version in 1...12 {
            var changes = SnapshotChanges(version: Int64(version), changed: [], removed: [])
            for _ in 0..<dice.number(0...25) {
                let key = Int64(dice.number(1...80))
                if dice.happens(0.3) {
                    changes.removed.append(PostKey(key))
                } else if !changes.changed.contains(where: { $0.key.value == key }) {
                    changes.changed.append(World.post(key, &dice))
                }
            }
            for post in changes.changed { posts[post.key.value] = post }
            for key in changes.removed { posts[key.value] = nil }
            index = index.updated(by: changes)

            let anew = CandidateIndex(Array(posts.values), version: Int64(version))
            #expect(index.version == anew.version)
            #expect(index.columns == anew.columns)
            #expect(index.orders == anew.orders)
            #expect(index.tags == anew.tags)
            #expect(index.languages == anew.languages)
            #expect(index.sources == anew.sources)
        }
    }

    @Test func `an older index stays as it was`() {
        let first = CandidateIndex([.status(1), .status(2)])
        let second = first.updated(by: SnapshotChanges(version: 2, changed: [.status(3)], removed: [PostKey(1)]))
        #expect(first.columns.keys == [1, 2])
        #expect(second.columns.keys == [2, 3])
        #expect(second.version == 2)
    }
}
