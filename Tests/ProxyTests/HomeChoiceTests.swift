import Fediverse
import Testing

@testable import Proxy

@Suite struct HomeChoiceTests {
    private static let now = Instant(seconds: 1_772_366_400)

    private static func entry(
        _ number: Int, by author: String = "7", statuses: Int? = 10, days: Int64 = 1_000, hours: Int64 = 1, boosts: String? = nil, answers: String? = nil,
        isBot: Bool = false
    ) -> HomeEntry {
        HomeEntry(
            range: 0..<0, id: "\(1_000 - number)", createdAt: now - .hours(hours), inReplyToID: answers, reblogged: boosts,
            author: HomeEntry.Author(id: author, isBot: isBot, createdAt: now - .days(days), statuses: statuses))
    }

    @Test func `a friend is quiet who posts at most twice a week on average, and only as far as that can be told`() {
        func takes(_ entry: HomeEntry) -> Bool {
            var choice = HomeChoice(.quietFriends, reader: "1", marker: nil, now: Self.now)
            return choice.takes(entry)
        }
        #expect(takes(Self.entry(1, statuses: 20, days: 70)) && !takes(Self.entry(1, statuses: 21, days: 70)))
        // Nobody is told by their first day alone, and a server that does not count says nothing.
        #expect(!takes(Self.entry(1, statuses: 1, days: 0)) && takes(Self.entry(1, statuses: 1, days: 4)))
        #expect(!takes(Self.entry(1, statuses: 0)) && !takes(Self.entry(1, statuses: nil)))
        #expect(!takes(Self.entry(1, boosts: "5")) && !takes(Self.entry(1, isBot: true)) && !takes(Self.entry(1, by: "1")))
        var choice = HomeChoice(.quietFriends, reader: "1", marker: nil, now: Self.now)
        let taken = (0..<6).filter { choice.takes(Self.entry($0, by: "7")) }
        let other = choice.takes(Self.entry(7, by: "8"))
        #expect(taken == [0, 1, 2] && other)
        #expect(!choice.isOver(at: Self.entry(8, hours: 500)))
    }

    @Test func `what several passed on comes once, a thread by its newest, and all of it ends where the person has read`() {
        var choice = HomeChoice(.catchUp, reader: "1", marker: PositionID("990"), now: Self.now)
        let entries = [
            Self.entry(1, boosts: "50"), Self.entry(2), Self.entry(3, boosts: "50"),
            Self.entry(4, answers: "994"), Self.entry(5, answers: "1"), Self.entry(6), Self.entry(7, boosts: "998"), Self.entry(8, by: "1"),
        ]
        let taken = entries.filter { choice.takes($0) }.map(\.id)
        #expect(taken == ["999", "998", "996", "995"])
        #expect(choice.isOver(at: Self.entry(10)) && choice.isOver(at: Self.entry(11)) && !choice.isOver(at: Self.entry(9)))
        #expect(choice.isOver(at: Self.entry(2, hours: 49)) && !choice.isOver(at: Self.entry(2, hours: 47)))
    }

    @Test func `a page is read in its order, with what a server may leave out`() throws {
        let page = Array(#"""
            [ {"id":"9","created_at":"2026-03-01T11:00:00.000Z","in_reply_to_id":null,"reblog":null,"content":"]",
               "account":{"id":"7","bot":false,"created_at":"2020-01-01T00:00:00.000Z","statuses_count":12}},
              {"id":8,"in_reply_to_id":"3","account":{"id":"6"},"reblog":{"id":"2","account":{"id":"5","statuses_count":3}}} ]
            """#.utf8)
        let entries = try HomeEntry.page(page)
        #expect(entries.map(\.id) == ["9", "8"] && entries.map(\.reblogged) == [nil, "2"] && entries.map(\.inReplyToID) == [nil, "3"])
        #expect(entries.map(\.author.statuses) == [12, nil] && entries[1].createdAt == nil && entries[0].author.createdAt != nil)
        for entry in entries { #expect(page[entry.range].first == UInt8(ascii: "{") && page[entry.range].last == UInt8(ascii: "}")) }
        #expect(throws: (any Error).self) { try HomeEntry.page(Array("{}".utf8)) }
        #expect(throws: (any Error).self) { try HomeEntry.page(Array("[{\"id\":\"1\"}".utf8)) }
    }
}
