import Fediverse
import FoundationEssentials
import Privacy
import Recommender
import TestSupport
import Testing

@testable import Proxy

/// One reader behind the pure half of the proxy: pages are planned, spliced and remembered as they are for a real one.
struct SimulatedReader {
    struct Page {
        var entries: [ClientEntry]
        var body: [UInt8]
        var link: String?
        var upstream: [SimulatedFeed.Post]
        var plan: PagePlan

        /// The cursor that a client takes from the Link header.
        var nextFromLink: String? {
            link.flatMap { LinkHeader(parsing: $0).url(rel: "next") }.flatMap { QueryString(String($0.drop { $0 != "?" }.dropFirst())).value(of: "max_id") }
        }
    }

    var placements: [Placement] = []
    var label = RecommendationLabel.reblog
    private var generator: SeededGenerator
    private var clock: Int64 = 0
    static let links = OwnLinks(base: "https://proxy.example")

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    /// - Parameter slate: how many recommendations there are; each page draws others.
    mutating func home(
        of feed: SimulatedFeed, limit: Int, maxID: String? = nil, minID: String? = nil, slate: ClosedRange<Int> = 0...8
    ) throws -> Page {
        let answer = feed.page(limit: limit, maxID: maxID, minID: minID)
        let slices = try StatusSlices(answer.body)
        let posts = PagePost.page(slices, of: "1")
        var offers = (0..<Int.random(in: slate, using: &generator)).map { _ in offer(Int64.random(in: 1...2_000, using: &generator), in: feed) }
        // Some of what stands cannot be shown any more.
        for placement in placements where placement.post.value % 11 != 0 { offers.append(offer(placement.post.value, in: feed)) }
        // Pages of newer posts pass as they are: `HomeTimeline` asks for no plan.
        let plan = minID == nil
            ? PagePlan(PageQuestion(entries: posts, offers: offers, placements: placements, label: label)) : .unchanged(posts.count)
        clock += 1
        let entries = try plan.insertions.map { insertion in
            try #require(wrapped(insertion, in: feed))
        }
        for insertion in plan.insertions where insertion.standing == nil {
            placements.append(
                Placement(
                    shownAs: insertion.shownAs, above: insertion.above, below: insertion.below, post: insertion.post,
                    localID: insertion.innerID, reason: "popular", at: Instant(seconds: clock)))
        }
        let body = Array(Splicer.splice(answer.body, entries: posts, plan: plan, inserted: entries).joined())
        let pageLinks = PageLinks(upstream: "instance.example", links: Self.links)
        let query = "limit=\(limit)" + (maxID.map { "&max_id=" + $0 } ?? "")
        let link = plan.nextCursor.map { pageLinks.header(answer.link, next: $0, path: "/api/v1/timelines/home", query: query) }
            ?? answer.link.map(pageLinks.rewritten)
        return Page(
            entries: try JSONDecoder().decode([ClientEntry].self, from: Data(body)), body: body, link: link, upstream: answer.posts, plan: plan)
    }

    /// A stranger's status that the instance knows; the same for the same number.
    func offer(_ number: Int64, in feed: SimulatedFeed) -> Offer {
        var ids = SimulatedFeed(feed.alphabet, count: 0, seed: UInt64(number))
        let milliseconds = 1_795_000_000_000 + number * 20_000
        let id = ids.id(at: milliseconds)
        return Offer(
            post: PostKey(number), innerID: id, innerURI: Self.uri(of: id),
            createdAt: Instant(microseconds: milliseconds * 1_000))
    }

    private static func uri(of id: String) -> String { "https://stranger.example/statuses/\(id)" }

    private func wrapped(_ insertion: PagePlan.Insertion, in feed: SimulatedFeed) -> [UInt8]? {
        let account = testAccount(Reason(.popular), in: .english, links: Self.links)
        let offer = offer(insertion.post.value, in: feed)
        let inner = SimulatedFeed.status(id: offer.innerID, uri: Self.uri(of: offer.innerID), createdAt: offer.createdAt.iso8601)
        return Wrapper(
            shownAs: insertion.shownAs, createdAt: insertion.createdAt, innerID: insertion.innerID, account: account, accountJSON: account.json(), policy: "blend-v1"
        ).bytes(around: inner, label: label)
    }
}

/// An entry as a client reads it, by an independent reader of JSON.
struct ClientEntry: Decodable {
    struct Inner: Decodable { var id: String }
    struct Told: Decodable { var code: String, text: String, policy: String, why: String }
    struct Account: Decodable { var id: String, acct: String, group: Bool? }
    var id: String
    var created_at: String
    var account: Account
    var reblog: Inner?
    var x_recommendation: Told?

    var isOurs: Bool { x_recommendation != nil }
    /// Whole seconds, as text that sorts.
    var second: String { String(created_at.prefix(19)) }
}

/// An account as the program makes it, under a fixed key.
func testAccount(_ reason: Reason, in language: ReasonLanguage, links: OwnLinks) -> VirtualAccount {
    let pseudonymizer = testPseudonymizer
    let id = pseudonymizer.virtualAccountID(reason: reason.code.rawValue, argument: reason.argument, language: language.rawValue)
    return VirtualAccount(id: id, reason: reason, language: language, links: links)
}

private let testPseudonymizer: Pseudonymizer = {
    guard let key = try? MasterKey(bytes: Array(0..<32)) else { preconditionFailure("32 different bytes are a key") }
    return Pseudonymizer(key)
}()
