import Fediverse
import Privacy
import Testing

@testable import Proxy

@Suite struct SlateIDsTests {
    private static let now = Instant(seconds: 1_772_366_400) + .minutes(17)

    @Test(arguments: IDAlphabet.allCases)
    func `ids fall place by place, look as the server's, and those of a later slate are greater`(alphabet: IDAlphabet) throws {
        let ids = SlateIDs(Self.now.floored(to: SlateIDs.span), in: alphabet)
        let all = (0..<SlateIDs.most).map { ids.id($0) }
        #expect(zip(all, all.dropFirst()).allSatisfy(>))
        #expect(IDAlphabet(of: all.map(\.text)) == alphabet || alphabet == .flake)
        #expect(Set(all.map(\.text.utf8.count)).count == 1)
        let later = SlateIDs(ids.moment + SlateIDs.span, in: alphabet)
        #expect(later.id(SlateIDs.most - 1) > all[0])
        #expect(later.id(0).text.utf8.count == all[0].text.utf8.count)
        if alphabet == .decimal || alphabet == .ulid {
            // Every place is of the slate's own millisecond.
            for id in all { #expect(id.moment(within: Instant(seconds: 0)...later.moment) == ids.moment) }
        }
        #expect(ids.createdAt(3) == ids.moment - .milliseconds(3))
    }

    @Test(arguments: IDAlphabet.allCases) func `cursors hold for ids of the slate and for any other`(alphabet: IDAlphabet) {
        let ids = SlateIDs(Self.now.floored(to: SlateIDs.span), in: alphabet)
        #expect(ids.places(below: nil, above: nil) == 0..<SlateIDs.most)
        #expect(ids.places(below: ids.id(7), above: nil) == 8..<SlateIDs.most)
        #expect(ids.places(below: nil, above: ids.id(7)) == 0..<7)
        #expect(ids.places(below: ids.id(3), above: ids.id(7)) == 4..<7)
        #expect(ids.places(below: ids.id(7), above: ids.id(3)).isEmpty)
        #expect(ids.places(below: nil, above: ids.id(0)).isEmpty)
        #expect(ids.places(below: ids.id(SlateIDs.most - 1), above: nil).isEmpty)
        let (earlier, later) = (SlateIDs(ids.moment - .days(2), in: alphabet), SlateIDs(ids.moment + .days(2), in: alphabet))
        #expect(ids.places(below: later.id(0), above: earlier.id(0)) == 0..<SlateIDs.most)
        #expect(ids.places(below: earlier.id(0), above: nil).isEmpty)
    }

    @Test(arguments: [PrivacyLevel.limited, .full]) func `a page is of the newest slate, or of the older one that its cursor points into`(level: PrivacyLevel) {
        let span = level == .full ? SlateIDs.span : SlateIDs.limitedSpan
        func asked(_ below: PositionID?) -> Instant? {
            SlateIDs.asked(by: ListPage(query: below.map { "max_id=" + $0.text }), level: level, in: .decimal, at: Self.now)?.moment
        }
        let newest = SlateIDs(Self.now.floored(to: span), in: .decimal)
        let older = SlateIDs(newest.moment - span, in: .decimal)
        #expect(asked(nil) == newest.moment && asked(newest.id(0)) == newest.moment)
        // At its end and below it the timeline ends: it does not go on with what was made before.
        #expect(asked(newest.id(SlateIDs.most - 1)) == nil && asked(newest.id(SlateIDs.most - 2)) == newest.moment)
        #expect(asked(newest.id(SlateIDs.most - 1).minus(1, in: .decimal)) == nil)
        #expect(asked(older.id(0)) == older.moment && asked(older.id(200)) == older.moment)
        #expect(asked(SlateIDs(newest.moment - .days(4), in: .decimal).id(5)) == nil)
        // At LIMITED the id tells the day alone.
        if level == .limited { #expect(newest.moment == Self.now.floored(to: .days(1))) }
    }

    @Test func `a page is as long as was asked, within 1 and 40, and its links have one cursor`() {
        #expect(ListPage(query: nil).limit == 20 && ListPage(query: "limit=100").limit == 40 && ListPage(query: "limit=0").limit == 1)
        #expect(ListPage(query: "limit=x").limit == 20 && ListPage(query: "limit=7").limit == 7)
        #expect(ListPage(query: "since_id=5").takesNext == false && ListPage(query: "min_id=5").takesNext)
        #expect(ListPage(query: "since_id=4&min_id=5").above == PositionID("5"))
        let page = ListPage(query: "limit=2&max_id=9&exclude=x")
        let link = page.link(to: "https://p.example/api/v1/timelines/list/1", ids: ["8", "7"], next: "7")
        #expect(link == "<https://p.example/api/v1/timelines/list/1?limit=2&max_id=7>; rel=\"next\", <https://p.example/api/v1/timelines/list/1?limit=2&min_id=8>; rel=\"prev\"")
        #expect(page.link(to: "x", ids: ["8"], next: nil)?.contains("next") == false)
        #expect(page.link(to: "x", ids: [], next: nil) == nil)
    }
}
