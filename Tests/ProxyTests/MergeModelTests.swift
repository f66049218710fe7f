import Testing

@testable import Proxy

/// How clients merge pages into what they have, as read from their sources: none may lose a post that upstream sent.
///
/// Each model is fed ten pages downwards, then a refresh after new posts, then one page again.
struct MergeModelTests {
    /// A client's store and its way on.
    private protocol Client {
        init()
        /// What the person sees, from the top.
        var shown: [ClientEntry] { get }
        mutating func take(_ page: SimulatedReader.Page, isRefresh: Bool)
        /// `max_id` of the next request; nil at the end.
        func next(after page: SimulatedReader.Page) -> String?
    }

    /// Runs one client and gives what it shows, with what it must show.
    private func feed<Model: Client>(
        _ type: Model.Type, seed: Int, limit: Int = 20, withReblogs: Bool = true
    ) throws -> (shown: [ClientEntry], upstream: [String]) {
        let alphabets: [IDAlphabet] = [.decimal, .ulid, .flake, .hex]
        var feed = SimulatedFeed(alphabets[seed % 4], count: 14 * limit, seed: UInt64(seed) &+ 1_000, withReblogs: withReblogs)
        var reader = SimulatedReader(seed: UInt64(seed))
        var client = Model()
        var cursor: String?
        var lowest: String?
        for _ in 0..<10 {
            let page = try reader.home(of: feed, limit: limit, maxID: cursor)
            client.take(page, isRefresh: cursor == nil)
            lowest = page.entries.last?.id
            cursor = client.next(after: page)
            #expect(cursor != nil)
        }
        feed.add(limit / 3)
        for _ in 0..<2 { client.take(try reader.home(of: feed, limit: limit), isRefresh: true) }
        let bottom = PositionID(lowest ?? "")
        return (client.shown, feed.posts.map(\.id).filter { PositionID($0) >= bottom })
    }

    private func check(_ result: (shown: [ClientEntry], upstream: [String])) {
        #expect(result.shown.filter { !$0.isOurs }.map(\.id) == result.upstream)
        #expect(result.shown.contains { $0.isOurs })
        let ours = result.shown.filter(\.isOurs).compactMap { $0.reblog?.id }
        #expect(Set(ours).count == ours.count)
    }

    /// mastodon/mastodon, reducers/timelines.js: what lies between a page's first and last id and is not in it goes.
    private struct Web: Client {
        var shown: [ClientEntry] = []
        mutating func take(_ page: SimulatedReader.Page, isRefresh: Bool) {
            guard let first = page.entries.first, let last = page.entries.last else { return }
            let above = shown.filter { PositionID($0.id) > PositionID(first.id) }
            let below = shown.filter { PositionID($0.id) < PositionID(last.id) }
            shown = above + page.entries + below
        }
        func next(after page: SimulatedReader.Page) -> String? { shown.last?.id }
    }

    /// Tusky: deletes the id range of the page and inserts the page; sorts by length and id; pages by the last entry's inner id.
    private struct Tusky: Client {
        var rows: [String: ClientEntry] = [:]
        var shown: [ClientEntry] { rows.values.sorted { PositionID($0.id) > PositionID($1.id) } }
        mutating func take(_ page: SimulatedReader.Page, isRefresh: Bool) {
            guard let first = page.entries.first, let last = page.entries.last else { return }
            // A gap marker is put only when the page is exactly as long as asked.
            #expect(page.entries.count == page.upstream.count)
            rows = rows.filter { PositionID($0.key) > PositionID(first.id) || PositionID($0.key) < PositionID(last.id) }
            for entry in page.entries { rows[entry.id] = entry }
        }
        func next(after page: SimulatedReader.Page) -> String? { page.entries.last.map { $0.reblog?.id ?? $0.id } }
    }

    /// Fedilab: each entry is inserted by id; a cursor of the Link header is taken only if it is below the last one.
    private struct Fedilab: Client {
        var shown: [ClientEntry] = []
        mutating func take(_ page: SimulatedReader.Page, isRefresh: Bool) {
            for entry in page.entries where !shown.contains(where: { $0.id == entry.id }) {
                let index = shown.firstIndex { $0.id < entry.id } ?? shown.endIndex
                shown.insert(entry, at: index)
            }
        }
        func next(after page: SimulatedReader.Page) -> String? {
            guard let cursor = page.nextFromLink, cursor <= page.entries.last?.id ?? "" else { return nil }
            return cursor
        }
    }

    /// Ice Cubes: a refresh takes what is unknown and text-greater than the top id; a page shorter than asked ends the timeline.
    private struct IceCubes: Client {
        var shown: [ClientEntry] = []
        mutating func take(_ page: SimulatedReader.Page, isRefresh: Bool) {
            if isRefresh, let top = shown.first {
                let new = page.entries.filter { entry in entry.id > top.id && !shown.contains { $0.id == entry.id } }
                shown = (new + shown).sorted { $0.id > $1.id }
            } else {
                #expect(page.entries.count == 40)
                shown += page.entries
            }
        }
        func next(after page: SimulatedReader.Page) -> String? { shown.last?.id }
    }

    /// Phanpy: each page sorted by the outer time; a second reblog of a post is dropped. Pages by Link.
    private struct Phanpy: Client {
        var pages: [[ClientEntry]] = []
        var shown: [ClientEntry] {
            var seen: Set<String> = []
            return pages.flatMap { $0 }.filter { seen.insert($0.id).inserted }
        }
        mutating func take(_ page: SimulatedReader.Page, isRefresh: Bool) {
            // Stable, as Array.prototype.sort is; and its carousel must not be tipped by ours.
            let sorted = page.entries.enumerated().sorted { ($1.element.created_at, $0.offset) < ($0.element.created_at, $1.offset) }.map(\.element)
            #expect(page.entries.filter(\.isOurs).allSatisfy { $0.account.group == true })
            if isRefresh { pages.insert(sorted, at: 0) } else { pages.append(sorted) }
        }
        func next(after page: SimulatedReader.Page) -> String? { page.nextFromLink }
    }

    /// Mastodon for Android: the cache is read by whole seconds of the outer time, in pages below an id.
    private struct Android: Client {
        var rows: [String: ClientEntry] = [:]
        var shown: [ClientEntry] {
            var result: [ClientEntry] = []
            while true {
                let last = result.last?.id
                let page = rows.values.filter { last == nil || $0.id < last ?? "" }.sorted { ($0.second, $0.id) > ($1.second, $1.id) }.prefix(20)
                if page.isEmpty { return result }
                result += page
            }
        }
        mutating func take(_ page: SimulatedReader.Page, isRefresh: Bool) {
            for entry in page.entries { rows[entry.id] = entry }
        }
        func next(after page: SimulatedReader.Page) -> String? { page.nextFromLink }
    }

    @Test(arguments: 0..<24) func `the web front-end loses nothing`(seed: Int) throws { check(try feed(Web.self, seed: seed)) }

    @Test(arguments: 0..<24) func `Tusky loses nothing`(seed: Int) throws {
        // A real reblog at a page's end makes Tusky skip posts with or without us.
        check(try feed(Tusky.self, seed: seed, limit: 30, withReblogs: false))
    }

    @Test(arguments: 0..<24) func `Fedilab loses nothing`(seed: Int) throws { check(try feed(Fedilab.self, seed: seed)) }

    @Test(arguments: 0..<24) func `Ice Cubes loses nothing`(seed: Int) throws { check(try feed(IceCubes.self, seed: seed, limit: 40)) }

    @Test(arguments: 0..<24) func `Phanpy loses nothing`(seed: Int) throws { check(try feed(Phanpy.self, seed: seed)) }

    @Test(arguments: 0..<24) func `the cache of Mastodon for Android loses nothing`(seed: Int) throws { check(try feed(Android.self, seed: seed)) }
}
