import Fediverse
import LoopbackClient
import Privacy
import Recommender
import Store
import Testing

@testable import DemoInstance
@testable import Proxy

/// The lists that are chosen from a person's own home.
struct HomeListTests {
    private static func path(_ list: VirtualList) -> String { "/api/v1/timelines/list/" + list.id }

    /// The whole home as the instance has it, newest first.
    private static func home(_ reader: LiveReader) async throws -> [(entry: HomeEntry, bytes: [UInt8])] {
        var all: [(entry: HomeEntry, bytes: [UInt8])] = []
        var cursor = ""
        while all.count < 2_000 {
            let page = try await reader.direct("GET", "/api/v1/timelines/home?limit=40" + cursor)
            let entries = try HomeEntry.page(page.body)
            guard let last = entries.last else { break }
            all += entries.map { ($0, Array(page.body[$0.range])) }
            cursor = "&max_id=" + last.id
        }
        return all
    }

    /// Page by page to the end, by `Link` as clients go.
    private static func walk(_ list: VirtualList, _ reader: LiveReader, limit: Int) async throws -> [LivePage] {
        var pages: [LivePage] = []
        var next: String? = path(list) + "?limit=\(limit)"
        while let target = next {
            let page = try LivePage(try await reader.send("GET", target))
            pages.append(page)
            try #require(pages.count < 300)
            next = page.link("next")
        }
        return pages
    }

    @Test func `Quiet friends holds real entries of home in its order, byte for byte, in full pages to the end`() async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.limited, at: demo)
            let home = try await Self.home(reader)
            try #require(home.count > 100)
            let byID = Dictionary(home.map { ($0.entry.id, $0) }) { first, _ in first }
            var walked: [[String]] = []
            for limit in [20, 6] {
                let pages = try await Self.walk(.quietFriends, reader, limit: limit)
                var ids: [String] = []
                for page in pages {
                    #expect(page.entries.count <= limit)
                    for entry in page.entries {
                        let real = try #require(byID[entry.status.id])
                        #expect(page.bytes(of: entry) == real.bytes)
                        #expect(real.entry.reblogged == nil && real.entry.author.statusesADay(at: live.clock.now).map { $0 <= HomeChoice.quiet } == true)
                    }
                    ids += page.ids
                }
                #expect(ids.count > 10 && ids.count < home.count, "\(ids.count) of \(home.count)")
                #expect(ids == home.map(\.entry.id).filter(Set(ids).contains), "in home's order, none twice")
                #expect(pages.dropLast().contains { $0.entries.count == limit })
                walked.append(ids)
            }
            // Nothing of it is kept about the person.
            #expect(try await live.storage.recommender.listed(of: reader.viewer, since: Instant(seconds: 0)).isEmpty)
        }
    }

    @Test func `cursors find what is newer and what is next`() async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.full, at: demo)
            let all = try LivePage(try await reader.send("GET", Self.path(.quietFriends) + "?limit=20")).ids
            try #require(all.count > 8)
            func ids(_ query: String) async throws -> [String] { try LivePage(try await reader.send("GET", Self.path(.quietFriends) + "?" + query)).ids }
            #expect(try await ids("since_id=" + all[1]) == [all[0]])
            #expect(try await ids("since_id=" + all[0]).isEmpty)
            #expect(try await ids("limit=2&min_id=" + all[4]) == [all[2], all[3]])
            #expect(try await ids("limit=3&max_id=" + all[2]).first == all[3])
        }
    }

    @Test func `Catch up holds what is newer than the marker, no status and no thread twice`() async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.full, at: demo)
            let home = try await Self.home(reader)
            try #require(home.count > 100)
            let marker = home[60].entry.id
            #expect(try await reader.form("POST", "/api/v1/markers", "home[last_read_id]=" + marker).status == 200)
            let pages = try await Self.walk(.catchUp, reader, limit: 12)
            let ids = pages.flatMap(\.ids)
            #expect(!ids.isEmpty && ids.allSatisfy { PositionID($0) > PositionID(marker) })
            let byID = Dictionary(home.map { ($0.entry.id, $0.entry) }) { first, _ in first }
            var choice = HomeChoice(.catchUp, reader: reader.accountID, marker: PositionID(marker), now: live.clock.now)
            let wanted = home.map(\.entry).prefix { !choice.isOver(at: $0) }.filter { choice.takes($0) }.map(\.id)
            #expect(wanted.count > 12 && pages[0].ids == Array(wanted.prefix(12)))
            // Below the first page may stand again what is known from above, and nothing is missing.
            #expect(Set(wanted).isSubset(of: ids) && ids == home.map(\.entry.id).filter(Set(ids).contains))
            for page in pages {
                let subjects = page.ids.compactMap { byID[$0].map { $0.reblogged ?? $0.id } }
                #expect(Set(subjects).count == subjects.count)
            }
            // Read to the top, there is nothing to catch up with.
            #expect(try await reader.form("POST", "/api/v1/markers", "home[last_read_id]=" + home[0].entry.id).status == 200)
            #expect(try await reader.send("GET", Self.path(.catchUp)).text == "[]")
        }
    }

    @Test func `where the budget is spent a page says where it goes on, and an instance that refuses is heard`() async throws {
        var changes = LiveWorld.Changes()
        changes.settings = { $0.budget = 1 }
        try await LiveWorld.withDemo(changes) { live, demo in
            let reader = try await live.reader(.full, at: demo)
            var (ids, pages) = ([String](), 0)
            var next: String? = Self.path(.quietFriends) + "?limit=40"
            while let target = next, pages < 40 {
                let reply = try await reader.send("GET", target)
                let page = try LivePage(reply)
                ids += page.ids
                pages += 1
                next = page.link("next")
            }
            #expect(next == nil && pages > 3 && Set(ids).count == ids.count && ids.count > 10)
            // An instance that knows no markers has the list all the same; one that is in trouble is heard.
            demo.faults.set("/api/v1/markers") { $0.status = 404 }
            live.clock.pass(.minutes(6))
            #expect(try await LivePage(reader.send("GET", Self.path(.catchUp))).entries.count > 3)
            #expect(try await reader.send("HEAD", Self.path(.quietFriends)).status == 200)
            demo.faults.set("/api/v1/timelines/home") { $0.status = 503 }
            #expect(try await reader.send("GET", Self.path(.quietFriends)).status == 503)
        }
    }

    @Test func `who asks upwards from where nothing fits gets the newest, not the same emptiness for ever`() async throws {
        let watched = WatchedDemo { request, answer in
            // Far from the top nobody is quiet.
            guard request.path == "/api/v1/timelines/home", request.target.contains("min_id=") else { return }
            answer.body = Array(String(decoding: answer.body, as: UTF8.self).replacing(#""statuses_count":"#, with: #""statuses_count":9999999"#).utf8)
        }
        try await watched.live { _, reader in
            let all = try LivePage(try await reader.send("GET", Self.path(.quietFriends) + "?limit=20")).ids
            try #require(all.count > 5)
            try #require(try await Self.home(reader).count > HomeScan.mostPages * HomeScan.pageLength)
            let newer = try LivePage(try await reader.send("GET", Self.path(.quietFriends) + "?limit=20&min_id=1")).ids
            #expect(newer == all)
        }
    }

    @Test func `at NONE both are empty, and the instance is not asked`() async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.none, at: demo)
            demo.faults.set("/api/v1/timelines/home") { $0.status = 500 }
            for list in [VirtualList.catchUp, .quietFriends] { #expect(try await reader.send("GET", Self.path(list)).text == "[]") }
        }
    }
}
