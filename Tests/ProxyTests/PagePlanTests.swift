import Fediverse
import Privacy
import Recommender
import Testing

@testable import Proxy

struct PagePlanTests {
    /// Posts 1000 ids and one minute apart, the newest `2_000_000`.
    private func posts(_ count: Int, apart: Int = 1_000, from top: Int = 2_000_000) -> [PagePost] {
        (0..<count).map { index in
            let id = String(top - index * apart)
            let time = Instant(seconds: 1_795_000_000 - Int64(index) * 60).iso8601
            return PagePost(range: 0..<0, id: id, createdAt: time, shows: [StatusName(id), StatusName("https://far.example/\(id)")])
        }
    }

    private func offers(_ numbers: ClosedRange<Int64>) -> [Offer] {
        numbers.map { Offer(post: PostKey($0), innerID: String(500_000 + $0), innerURI: "https://near.example/\($0)", createdAt: Instant(iso8601: "2026-11-18T08:00:00.000Z")!) }
    }

    @Test(arguments: [(0, 0), (4, 0), (5, 1), (9, 1), (10, 2), (15, 3), (20, 4), (40, 4), (80, 4)])
    func `a page of n holds at most a fifth, and four`(count: Int, most: Int) {
        let plan = PagePlan(PageQuestion(entries: posts(count), offers: offers(1...9)))
        #expect(plan.insertions.count == most)
        #expect(plan.kept == count - most)
    }

    @Test func `twenty posts get four at even distances, and four open the next page`() throws {
        let plan = PagePlan(PageQuestion(entries: posts(20), offers: offers(1...9)))
        #expect(plan.insertions.map(\.gap) == [3, 6, 9, 12])
        #expect(plan.insertions.map(\.shownAs) == ["1997999", "1994999", "1991999", "1988999"])
        #expect(plan.insertions.map(\.post.value) == [1, 2, 3, 4])
        try #require(plan.insertions.count == 4)
        #expect(plan.insertions[0].above == "1998000" && plan.insertions[0].below == "1997000")
        #expect(plan.insertions[0].createdAt == Instant(microseconds: (1_795_000_000 - 120) * 1_000_000 - 1_000).iso8601)
        #expect(plan.nextCursor == "1985000")
    }

    @Test func `fewer recommendations take fewer posts off`() {
        let plan = PagePlan(PageQuestion(entries: posts(20), offers: offers(1...1)))
        #expect(plan.kept == 19 && plan.insertions.count == 1)
        #expect(PagePlan(PageQuestion(entries: posts(20), offers: [])) == .unchanged(20))
    }

    @Test func `nothing is put where ids leave no room`() {
        #expect(PagePlan(PageQuestion(entries: posts(20, apart: 1), offers: offers(1...9))) == .unchanged(20))
        let mixed = posts(3) + posts(17, apart: 1, from: 1_900_000)
        #expect(PagePlan(PageQuestion(entries: mixed, offers: offers(1...9))).insertions.map(\.gap) == [3])
    }

    @Test func `unknown ids, falling lengths and a page out of order get nothing`() {
        var entries = posts(20)
        entries[5].id = "1994-00"
        #expect(PagePlan(PageQuestion(entries: entries, offers: offers(1...9))) == .unchanged(20))
        #expect(PagePlan(PageQuestion(entries: posts(10, from: 1_000_500), offers: offers(1...9))) == .unchanged(10))
        #expect(PagePlan(PageQuestion(entries: posts(10).reversed(), offers: offers(1...9))) == .unchanged(10))
    }

    /// snac: seconds since 1970 and a digest, ordered by arrival.
    private func arrivals(_ seconds: [Int]) -> [PagePost] {
        seconds.enumerated().map { index, second in
            let id = String(1_795_000_000 + second) + String(repeating: String(index % 10), count: 32)
            return PagePost(range: 0..<0, id: id, createdAt: Instant(seconds: Int64(1_795_000_000 + second)).iso8601, shows: [StatusName(id)])
        }
    }

    @Test func `where ids follow arrival, places between ids that fall are taken and stay`() throws {
        let entries = arrivals([90, 88, 89, 85, 80, 81, 70, 60, 61, 50])
        let first = PagePlan(PageQuestion(entries: entries, offers: offers(1...9)))
        #expect(first.insertions.map(\.gap) == [3, 6])
        #expect(first.nextCursor == entries[7].id)
        let placements = first.insertions.map {
            Placement(shownAs: $0.shownAs, above: $0.above, below: $0.below, post: $0.post, localID: $0.innerID, reason: "fresh", at: Instant(seconds: 1))
        }
        let again = PagePlan(PageQuestion(entries: entries, offers: offers(1...9), placements: placements))
        #expect(again.insertions.map(\.shownAs) == first.insertions.map(\.shownAs))
        #expect(again.insertions.map(\.gap) == [3, 6])
        #expect(again.insertions.allSatisfy { $0.standing != nil })
        // A newer post has come, and the first place's neighbour above is gone.
        let later = PagePlan(PageQuestion(entries: arrivals([95]) + entries[..<2] + entries[3...], offers: offers(1...9), placements: placements))
        #expect(later.insertions.map(\.gap) == [3, 6])
    }

    @Test func `label off gets nothing`() {
        #expect(PagePlan(PageQuestion(entries: posts(20), offers: offers(1...9), label: .off)) == .unchanged(20))
    }

    @Test func `what is on the page in any form is not wrapped`() {
        var entries = posts(20)
        entries[2].shows.append("500001")
        entries[19].shows.append("https://near.example/2")
        let plan = PagePlan(PageQuestion(entries: entries, offers: offers(1...4)))
        #expect(plan.insertions.map(\.post.value) == [3, 4])
    }

    @Test func `no row names an entry of the reader's own, or one for a few`() {
        var entries = posts(20)
        for place in [2, 6, 7] { entries[place].mayBeNamed = false }
        let plan = PagePlan(PageQuestion(entries: entries, offers: offers(1...9)))
        #expect(plan.insertions.count == 4)
        for insertion in plan.insertions {
            #expect(entries[insertion.gap - 1].mayBeNamed && entries[insertion.gap].mayBeNamed, "beside \(insertion.gap)")
        }
        for place in entries.indices { entries[place].mayBeNamed = place % 2 == 0 }
        #expect(PagePlan(PageQuestion(entries: entries, offers: offers(1...9))) == .unchanged(20))
    }

    @Test(arguments: 0...4)
    func `the operator's number is the most`(most: Int) {
        #expect(PagePlan(PageQuestion(entries: posts(40), offers: offers(1...9), most: most)).insertions.count == most)
    }

    @Test func `own, private and unmarked statuses may not be named`() throws {
        let page = PagePost.page(try StatusSlices(Array("""
            [{"id":"9","created_at":"x","visibility":"public","account":{"id":"7"}},{"id":"8","created_at":"x","visibility":"unlisted","account":{"id":"6"}},
             {"id":"6","created_at":"x","visibility":"private","account":{"id":"6"}},{"id":"5","created_at":"x","visibility":"public","account":{"id":"1"}},
             {"id":"4","created_at":"x","account":{"id":"6"}}]
            """.utf8)), of: "1")
        #expect(page.map(\.mayBeNamed) == [true, true, false, false, false])
    }

    @Test func `what stands keeps id and place, whatever the slate says`() {
        let first = PagePlan(PageQuestion(entries: posts(20), offers: offers(1...9)))
        let placements = first.insertions.map {
            Placement(shownAs: $0.shownAs, above: $0.above, below: $0.below, post: $0.post, localID: $0.innerID, reason: "fresh", at: Instant(seconds: 1))
        }
        let again = PagePlan(PageQuestion(entries: posts(20), offers: offers(5...30) + offers(1...4), placements: placements))
        #expect(again.insertions.map(\.shownAs) == first.insertions.map(\.shownAs))
        #expect(again.insertions.map(\.createdAt) == first.insertions.map(\.createdAt))
        #expect(again.insertions.allSatisfy { $0.standing != nil })
        // Withdrawn: not shown again, not replaced.
        let without = PagePlan(PageQuestion(entries: posts(20), offers: offers(5...30) + offers(2...4), placements: placements))
        #expect(without.insertions.map(\.post.value) == [2, 3, 4])
        #expect(without.kept == 17)
    }

    @Test func `a place that a page border makes first or last is left out`() {
        let placement = Placement(
            shownAs: "1999999", above: "2000000", below: "1999000", post: PostKey(1), localID: "500001", reason: "fresh", at: Instant(seconds: 1))
        let below = PagePlan(PageQuestion(entries: posts(10, from: 1_999_000), offers: offers(1...1), placements: [placement]))
        #expect(below == .unchanged(10))
        let above = PagePlan(PageQuestion(entries: posts(5, from: 2_003_000), offers: offers(1...1), placements: [placement]))
        #expect(above == .unchanged(5))
    }

    @Test func `quotes, reblogs and shallow quotes count as shown`() throws {
        let body = """
            [{"id":"9","created_at":"x","uri":"u9","reblog":{"id":"8","uri":"u8","quote":{"state":"accepted","quoted_status":{"id":"7","uri":"u7"}}}},
             {"id":"6","created_at":"x","reblog":null,"quote":{"state":"accepted","quoted_status_id":"5"}},
             {"id":"4","created_at":"x","quote":{"id":"3","uri":"u3"},"quote_id":"3"}]
            """
        let page = PagePost.page(try StatusSlices(Array(body.utf8)), of: "1")
        #expect(page.map { Set($0.shows) } == [["9", "u9", "8", "u8", "7", "u7"], ["6", "5"], ["4", "3", "u3"]])
    }
}

struct StandingTests {
    private func placement(_ id: String) -> Placement {
        Placement(shownAs: id, above: "-", below: "-", post: PostKey(1), localID: "1", reason: "fresh", at: Instant(seconds: 1))
    }

    @Test func `what may stand on a page is what is below its cursor, the newest first`() {
        let placements = ["500", "900", "100", "700"].map(placement)
        #expect(SlatePreparation.standing(placements, below: nil).map(\.shownAs) == ["900", "700", "500", "100"])
        #expect(SlatePreparation.standing(placements, below: "700").map(\.shownAs) == ["500", "100"])
    }

    @Test func `where order is by arrival, what is next above the cursor may stand below it too`() {
        let ids = ["500", "900", "100", "700"].map { "1795000" + $0 + String(repeating: "a", count: 32) }
        #expect(SlatePreparation.standing(ids.map(placement), below: ids[3]).map(\.shownAs) == [ids[0], ids[2], ids[3], ids[1]])
    }
}
