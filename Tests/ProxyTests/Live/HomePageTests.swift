import Curl
import DemoInstance
import Dispatch
import Fediverse
import HTTPService
import HTTPTypes
import LoopbackClient
import Privacy
import Proxy
import Recommender
import Store
import Synchronization
import TestSupport
import Testing
import Upstream
import Zlib

/// Golden behaviour 2 over HTTP, before a demo instance.
struct HomePageTests {
    @Test func `a page gains recommendations and no length`() async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.full, at: demo)
            let page = try await reader.home("limit=20")
            let direct = try LivePage(try await reader.direct("GET", "/api/v1/timelines/home?limit=20"))
            #expect(page.entries.count == 20)
            #expect((1...4).contains(page.wrappers.count))
            let (first, last) = (try #require(page.entries.first), try #require(page.entries.last))
            #expect(!LivePage.isWrapper(first) && !LivePage.isWrapper(last))
            #expect(page.own.map { page.bytes(of: $0) } == direct.entries.prefix(page.own.count).map { direct.bytes(of: $0) })
            #expect(Set(page.ids).count == 20)
            let upstreams = Set(direct.entries.flatMap { [$0.status.uri, $0.status.reblog?.status.uri ?? $0.status.uri] })
            #expect(page.wrappers.allSatisfy { $0.status.reblog.map { !upstreams.contains($0.status.uri) } ?? false })
            #expect(page.reply["X-Sheltie-Recommendations"] == String(page.wrappers.count))
            #expect(page.reply["X-Sheltie-Mode"] == "blend")
            #expect(page.reply["Server-Timing"]?.hasPrefix("upstream;dur=") == true)
        }
    }

    @Test func `every wrapper answers under its id, and what is inside is as the instance sends it`() async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.limited, at: demo)
            let page = try await reader.home()
            try #require(!page.wrappers.isEmpty)
            for wrapper in page.wrappers {
                let inner = try #require(wrapper.status.reblog?.status)
                let direct = try await reader.direct("GET", "/api/v1/statuses/\(inner.id)")
                #expect(direct.status == 200)
                #expect(page.bytes(of: wrapper).firstRange(of: direct.body) != nil, "the status inside has other bytes")
                let asked = try await reader.send("GET", "/api/v1/statuses/\(wrapper.status.id)")
                #expect(asked.status == 200)
                let alone = try StatusReader.status(in: asked.body)
                #expect(alone.id == wrapper.status.id)
                let apart = alone.createdAt - wrapper.status.createdAt
                #expect(apart < .seconds(1) && apart > .seconds(-1), "it stands at another time: \(apart.microseconds)")
                #expect(asked.body.firstRange(of: direct.body) != nil)
            }
        }
    }

    @Test(arguments: [5, 20, 40])
    func `all pages together are the instance's feed, in order, each status once`(limit: Int) async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.full, at: demo)
            let through = try await Self.walk("/api/v1/timelines/home?limit=\(limit)", pages: 60) { try await reader.send("GET", $0) }
            let direct = try await Self.walk("/api/v1/timelines/home?limit=\(limit)", pages: 60) { try await reader.direct("GET", $0) }
            let own = through.flatMap(\.own).map(\.status.id)
            let feed = direct.flatMap(\.ids)
            // A page that gave room to recommendations leaves more for the pages after it.
            #expect(own == Array(feed.prefix(own.count)))
            #expect(own.count > 100 || own.count == feed.count)
            let wrappers = through.flatMap(\.wrappers).map(\.status.id)
            #expect(!wrappers.isEmpty)
            #expect(Set(wrappers).count == wrappers.count)
            // What was moved off the instance's last page is a page of its own.
            #expect(through.dropLast(2).allSatisfy { $0.entries.count == limit })
        }
    }

    /// Pages by Link until there is no next, at most `pages`.
    static func walk(_ first: String, pages: Int, _ get: (String) async throws -> Reply) async throws -> [LivePage] {
        var found: [LivePage] = []
        var next: String? = first
        while let target = next, found.count < pages {
            let page = try LivePage(try await get(target))
            if page.entries.isEmpty { break }
            found.append(page)
            next = page.link("next")
        }
        return found
    }

    @Test func `a page holds as many as the operator allows, and names no status of the reader's own`() async throws {
        try await LiveWorld.withDemo(LiveWorld.Changes(settings: { $0.recommendationsPerPage = 2 })) { live, demo in
            let reader = try await live.reader(.full, at: demo)
            let pages = try await Self.walk("/api/v1/timelines/home?limit=20", pages: 8) { try await reader.send("GET", $0) }
            #expect(pages.map(\.wrappers.count).max() == 2)
            let own = Set(pages.flatMap(\.own).map(\.status).filter { $0.account.id == reader.accountID || $0.visibility == .private }.map(\.id))
            let placements = try await reader.history().placements
            try #require(!own.isEmpty && placements.count > 4)
            #expect(placements.allSatisfy { !own.contains($0.above) && !own.contains($0.below) })
        }
    }

    @Test func `a cursor that is an old wrapper is its neighbour, however many came since`() async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.full, at: demo)
            let feed = try LivePage(try await reader.direct("GET", "/api/v1/timelines/home?limit=40")).ids
            let post = try #require(try await live.storage.recommender.changes(in: live.tenant, since: nil, at: live.clock.now).changed.first?.key)
            let rows = (0...ReaderHistory.mostPlacements).map { number in
                // The first is the oldest, and stands between real neighbours.
                Recommendation(
                    post: post, at: live.clock.now + .seconds(Int64(number)), reason: "fresh", modelVersion: "blend-v1",
                    shownAs: String(10_000_000_000_000_000 + number), above: feed[4], below: feed[5], position: 1)
            }
            let permitted = rows.compactMap { PrivacyPolicy().permit($0, for: reader.viewer) }
            try #require(permitted.count == rows.count)
            try #require(try await live.storage.recommendationLog.record(permitted) { true })
            let oldest = rows[0].shownAs ?? ""
            #expect(try await !reader.history().placements.contains { $0.shownAs == oldest })
            let page = try await reader.home("limit=20&max_id=\(oldest)")
            let direct = try LivePage(try await reader.direct("GET", "/api/v1/timelines/home?limit=20&max_id=\(feed[4])"))
            try #require(direct.entries.count == 20 && page.own.count >= 16)
            #expect(page.own.map(\.status.id) == Array(direct.ids.prefix(page.own.count)))
        }
    }

    @Test func `with the label json a status keeps its own id, and that id stays the instance's`() async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.full, at: demo)
            let setting = try #require(PrivacyPolicy().permit(setting: Setting(name: "label", value: "json"), for: reader.viewer))
            try await live.storage.preferences.set(setting)
            var told: [String] = []
            for page in try await Self.walk("/api/v1/timelines/home?limit=40", pages: 6, { try await reader.send("GET", $0) }) {
                told += page.entries.filter { page.bytes(of: $0).firstRange(of: Array("x_recommendation".utf8)) != nil }.map(\.status.id)
            }
            try #require(!told.isEmpty)
            for id in told {
                let (ours, theirs) = (try await reader.send("GET", "/api/v1/statuses/\(id)"), try await reader.direct("GET", "/api/v1/statuses/\(id)"))
                #expect(ours.status == 200 && ours.body == theirs.body)
            }
        }
    }

    @Test(arguments: ["since_id", "min_id"])
    func `nothing is added to what is newer than the client has`(cursor: String) async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.full, at: demo)
            let ids = try await reader.home("limit=40").own.map(\.status.id)
            let target = "/api/v1/timelines/home?limit=20&\(cursor)=\(try #require(ids.last))"
            let (through, direct) = (try await reader.send("GET", target), try await reader.direct("GET", target))
            #expect(through.body == direct.body)
            #expect(through["X-Sheltie-Recommendations"] == nil)
        }
    }

    @Test func `asked again, the same range has the same wrappers at the same places`() async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.full, at: demo)
            let first = try await reader.home()
            live.clock.pass(.minutes(40))
            let target = "/api/v1/timelines/home?limit=20&max_id=" + String(UInt64(first.ids[0])! + 1)
            let again = try LivePage(try await reader.send("GET", target))
            let wrappers = first.wrappers.map(\.status.id)
            try #require(!wrappers.isEmpty)
            for id in wrappers {
                let (before, after) = (try #require(first.ids.firstIndex(of: id)), try #require(again.ids.firstIndex(of: id)))
                #expect(first.ids[before - 1] == again.ids[after - 1])
                let (old, new) = (first.entries[before].status, again.entries[after].status)
                #expect(old.createdAt == new.createdAt && old.account == new.account && old.reblog?.status.id == new.reblog?.status.id)
            }
            let rows = try await live.rows(about: reader)
            #expect(rows["recommendation_logs"]?.count == Set(again.wrappers.map(\.status.id) + wrappers).count)
        }
    }

    @Test func `a wrapper's id as a cursor gives the pages that its neighbours would`() async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.full, at: demo)
            let page = try await reader.home()
            let wrapper = try #require(page.wrappers.first).status.id
            let place = try #require(page.ids.firstIndex(of: wrapper))
            let below = try await reader.home("limit=20&max_id=\(wrapper)").own.map(\.status.id)
            let own = page.own.map(\.status.id).filter { !page.ids[..<place].contains($0) }
            #expect(below.starts(with: own))
            let above = try await reader.home("limit=20&min_id=\(wrapper)").ids
            // As a lower bound the neighbour above comes back, which clients test for.
            #expect(above.contains(page.ids[place - 1]))
        }
    }

    @Test func `each recommendation has its row before the page is there, with the words that were shown`() async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.full, at: demo)
            let page = try await reader.home()
            let history = try await reader.history()
            #expect(Set(history.placements.map(\.shownAs)) == Set(page.wrappers.map(\.status.id)))
            for wrapper in page.wrappers {
                let placement = try #require(history.placements.first { $0.shownAs == wrapper.status.id })
                #expect(placement.localID == wrapper.status.reblog?.status.id)
                #expect(wrapper.status.account.displayName.hasPrefix("Sheltie ("))
            }
            #expect(live.counters.value(of: .recommended) == page.wrappers.count)
        }
    }

    @Test func `a program gets its page as it is, unless its owner asked`() async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.full, at: demo)
            let target = "/api/v1/timelines/home?limit=20"
            let program = try await reader.send("GET", target, agent: "python-requests/2.32")
            #expect(program.body == (try await reader.direct("GET", target)).body)
            let setting = try #require(PrivacyPolicy().permit(setting: Setting(name: "label", value: "json"), for: reader.viewer))
            try await live.storage.preferences.set(setting)
            let asked = try LivePage(try await reader.send("GET", target, agent: "python-requests/2.32"))
            #expect(asked.reply["X-Sheltie-Recommendations"] != nil)
            #expect(asked.reply.body.firstRange(of: Array("\"x_recommendation\"".utf8)) != nil)
        }
    }
}
