import Fediverse
import LoopbackClient
import Privacy
import Recommender
import Store
import Synchronization
import TestSupport
import Testing

@testable import DemoInstance
@testable import Proxy

/// The lists of ours, as a client reads, edits and pages them.
struct VirtualListTests {
    private static let forYou = "/api/v1/timelines/list/" + VirtualList.forYou.id

    private static func page(_ reader: LiveReader, _ query: String = "") async throws -> LivePage {
        try LivePage(try await reader.send("GET", forYou + (query.isEmpty ? "" : "?" + query)))
    }

    private static func inner(_ page: LivePage) -> [String] { page.entries.compactMap { $0.status.reblog?.status.id } }

    @Test func `For you stands behind the person's own lists, and theirs stay byte for byte`() async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.full, at: demo)
            let none = try await reader.send("GET", "/api/v1/lists")
            let direct = try await reader.direct("GET", "/api/v1/lists")
            #expect(direct.status == 200 && none.status == 200)
            let own = direct.text.dropLast()
            #expect(none.text.hasPrefix(own), "\(none.text)")
            #expect(none.text.contains(#"{"id":"900000000000001","title":"For you","replies_policy":"list","exclusive":false}"#), "\(none.text)")
            #expect(none.text.contains(#""title":"Catch up""#) && none.text.contains(#""title":"Quiet friends""#))
            let german = try await reader.send("GET", "/api/v1/lists", headers: [("Accept-Language", "de-DE")])
            #expect(german.text.contains(#""title":"Für dich""#))
            // A list of the person's own goes to the instance, and so does everything about it.
            let made = try await reader.form("POST", "/api/v1/lists", "title=Friends")
            #expect(made.status == 200)
            let both = try await reader.send("GET", "/api/v1/lists")
            #expect(both.text.contains(#""title":"Friends""#) && both.text.contains("900000000000001"))
            let id = try #require(made.text.firstRange(of: #""id":""#)).upperBound
            let number = String(made.text[id...].prefix { $0 != "\"" })
            #expect(try await reader.send("GET", "/api/v1/lists/" + number).body == reader.direct("GET", "/api/v1/lists/" + number).body)
            #expect(try await reader.send("GET", "/api/v1/timelines/list/" + number).status == reader.direct("GET", "/api/v1/timelines/list/" + number).status)
        }
    }

    @Test func `at NONE nothing is added, and a client's old tab stays empty`() async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.none, at: demo)
            #expect(try await reader.send("GET", "/api/v1/lists").body == reader.direct("GET", "/api/v1/lists").body)
            let page = try await Self.page(reader)
            #expect(page.entries.isEmpty && page.reply["Link"] == nil)
            let gone = try await reader.send("DELETE", "/api/v1/lists/" + VirtualList.forYou.id)
            #expect(gone.status == 422 && gone.text.contains("choose a level"))
            let stranger = LiveReader(live: live, token: "nobody", viewer: reader.viewer, accountID: "")
            #expect(try await stranger.send("GET", Self.forYou).status == 401)
        }
    }

    @Test func `no id of ours reaches the instance, and what cannot be done is said`() async throws {
        let watched = WatchedDemo()
        try await watched.live { _, reader in
            let path = "/api/v1/lists/" + VirtualList.forYou.id
            #expect(try await reader.send("GET", path).text.contains(#""title":"For you""#))
            for limit in [0, 40, 1_000] { #expect(try await reader.send("GET", path + "/accounts?limit=\(limit)").text == "[]") }
            for (method, target) in [("PUT", path), ("POST", path + "/accounts"), ("DELETE", path + "/accounts")] {
                let reply = try await reader.form(method, target, "title=Mine&account_ids[]=1")
                #expect(reply.status == 422 && reply.text.contains("hidden"), "\(method) \(target): \(reply.status) \(reply.text)")
            }
            #expect(try await Self.page(reader).entries.count == 20)
            #expect(try await reader.send("DELETE", path).status == 200)
        }
        #expect(watched.server.requests.count > 10)
        for request in watched.server.requests {
            #expect(!(request.target + String(decoding: request.body, as: UTF8.self)).contains(VirtualList.forYou.id), "\(request.target)")
        }
    }

    @Test func `pages are full, follow each other to the end, and read again they are the same`() async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.full, at: demo)
            for limit in [20, 7] {
                var (ids, inner): ([String], [String]) = ([], [])
                var pages = 0
                var next: String? = Self.forYou + "?limit=\(limit)"
                while let target = next {
                    let page = try LivePage(try await reader.send("GET", target))
                    pages += 1
                    try #require(pages < 100)
                    #expect(page.wrappers.count == page.entries.count)
                    ids += page.ids
                    inner += Self.inner(page)
                    let again = try LivePage(try await reader.send("GET", target))
                    #expect(again.reply.body == page.reply.body)
                    next = page.link("next")
                    if next != nil { #expect(page.entries.count == limit) }
                    #expect(page.reply["Link"].map { $0.hasPrefix("<") && ($0.contains("rel=\"next\"") == (next != nil)) } ?? page.entries.isEmpty)
                }
                let positions = ids.map { PositionID($0) }
                #expect(zip(positions, positions.dropFirst()).allSatisfy(>))
                #expect(Set(inner).count == inner.count && inner.count == ids.count)
                #expect(ids.count > 25, "\(ids.count) entries on \(pages) pages")
            }
        }
    }

    @Test func `cursors find what is newer, next and below, also from an id that is not there`() async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.full, at: demo)
            let first = try await Self.page(reader, "limit=10").ids
            try #require(first.count == 10)
            // iOS takes an empty answer for the end of the list.
            #expect(try await Self.page(reader, "since_id=" + first[1]).ids == [first[0]])
            #expect(try await Self.page(reader, "since_id=" + first[0]).ids.isEmpty)
            #expect(try await Self.page(reader, "limit=3&since_id=" + first[8]).ids == Array(first[0..<3]))
            #expect(try await Self.page(reader, "limit=3&min_id=" + first[8]).ids == Array(first[5..<8]))
            #expect(try await Self.page(reader, "limit=3&max_id=" + first[4]).ids == Array(first[5..<8]))
            #expect(try await Self.page(reader, "limit=10&since_id=1").ids == first)
            #expect(try await Self.page(reader, "limit=10&max_id=99999999999999999999").ids == first)
        }
    }

    @Test func `each entry has its row, is found by its id, and takes acts for the post inside`() async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.full, at: demo)
            let page = try await Self.page(reader)
            try #require(page.entries.count == 20)
            let rows = try await live.storage.recommender.listed(of: reader.viewer, since: live.clock.now - .days(1))
            #expect(rows.map(\.shownAs).sorted() == page.ids.sorted())
            let entry = page.entries[3]
            let inner = try #require(entry.status.reblog?.status)
            #expect(rows.first { $0.shownAs == entry.status.id }?.localID == inner.id)
            let asked = try await reader.send("GET", "/api/v1/statuses/" + entry.status.id)
            #expect(asked.status == 200)
            let found = try StatusReader.status(in: asked.body)
            #expect(found.id == entry.status.id && found.reblog?.status.id == inner.id)
            let liked = try await reader.form("POST", "/api/v1/statuses/\(entry.status.id)/favourite")
            #expect(try StatusReader.status(in: liked.body).id == inner.id)
            #expect(liked.status == 200 && liked["X-Sheltie-Kept"] == "yes")
            // The inner posts are the instance's bytes.
            for entry in page.entries {
                let id = try #require(entry.status.reblog?.status.id)
                let direct = try await reader.direct("GET", "/api/v1/statuses/" + id)
                if id != inner.id { #expect(page.reply.text.contains(direct.text)) }
            }
            // Home's places are home's alone: nothing of the list is taken for one of them.
            #expect(try await reader.history().placements.isEmpty)
            #expect(try await Set(reader.home().wrappers.map(\.status.id)).isDisjoint(with: page.ids))
        }
    }

    @Test func `a reader who comes back is given the same slate, and later a newer one on top`() async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.full, at: demo)
            let first = try await Self.page(reader)
            // What is learned meanwhile does not move what was shown.
            for id in Self.inner(first).prefix(6) { #expect(try await reader.form("POST", "/api/v1/statuses/\(id)/favourite").status == 200) }
            live.clock.pass(.minutes(29))
            #expect(try await Self.page(reader).ids == first.ids)
            // Scrolled on after the half hour: the old slate goes on.
            let last = try #require(first.ids.last)
            live.clock.pass(.minutes(2))
            let second = try await Self.page(reader, "max_id=" + last)
            #expect(second.entries.count > 5 && PositionID(second.ids[0]) < PositionID(last))
            let (shown, gone) = (Set(Self.inner(first)), Set(Self.inner(second)))
            #expect(shown.isDisjoint(with: gone))
            let newer = try await Self.page(reader)
            #expect(PositionID(try #require(newer.ids.last)) > PositionID(first.ids[0]))
        }
    }

    @Test func `at LIMITED the slate stands for the day, and a step down leaves no id that says more`() async throws {
        try await LiveWorld.withDemo { live, demo in
            let limited = try await live.reader(.limited, named: "reader", at: demo)
            let page = try await Self.page(limited)
            let day = live.clock.now.floored(to: .days(1))
            for id in page.ids { #expect(PositionID(id).moment(within: day - .days(1)...live.clock.now) == day) }
            #expect(page.entries.count == 20)
            live.clock.pass(.hours(5))
            #expect(try await Self.page(limited).ids == page.ids)
            let other = try #require(demo.usernames.sorted().first { $0 != "reader" })
            let full = try await live.reader(.full, named: other, at: demo)
            #expect(try await Self.page(full).entries.count == 20)
            #expect(try await live.storage.recommender.listed(of: full.viewer, since: day).count == 20)
            let lowered = try await live.storage.people.setLevel(.limited, of: full.viewer.alias, in: live.tenant, at: live.clock.now).viewer
            #expect(try await live.storage.recommender.listed(of: lowered, since: day).isEmpty)
        }
    }

    @Test func `a list that was hidden is among the lists no more, and comes back by the setting`() async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.limited, at: demo)
            #expect(try await Self.page(reader).entries.count == 20)
            #expect(try await reader.send("DELETE", "/api/v1/lists/" + VirtualList.forYou.id).status == 200)
            #expect(try await !reader.send("GET", "/api/v1/lists").text.contains("900000000000001"))
            for list in VirtualList.allCases { #expect(try await reader.send("DELETE", "/api/v1/lists/" + list.id).status == 200) }
            #expect(try await reader.send("GET", "/api/v1/lists").body == reader.direct("GET", "/api/v1/lists").body)
            // A tab that a client keeps is empty, and no error.
            #expect(try await Self.page(reader).entries.isEmpty)
            #expect(try await reader.send("GET", "/api/v1/lists/" + VirtualList.forYou.id).status == 200)
            #expect(try await reader.send("DELETE", "/sheltie/api/v1/settings/hidden-lists").status == 200)
            #expect(try await Self.page(reader).entries.count == 20)
            #expect(try await reader.send("GET", "/api/v1/lists").text.contains("900000000000001"))
        }
    }

    @Test func `whom a reader blocks is in the list no more, and others stand where they stood`() async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.full, at: demo)
            let before = try await Self.page(reader)
            let blocked = try #require(before.entries[2].status.reblog?.status.account.id)
            #expect(try await reader.form("POST", "/api/v1/accounts/\(blocked)/block").status == 200)
            let after = try await Self.page(reader)
            #expect(after.entries.count == 20)
            #expect(!after.entries.contains { $0.status.reblog?.status.account.id == blocked })
            let stay = before.entries.filter { $0.status.reblog?.status.account.id != blocked }.map(\.status.id)
            #expect(Array(after.ids.prefix(stay.count)) == stay)
        }
    }
}
