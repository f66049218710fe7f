import Fediverse
import FoundationEssentials
import Recommender
import Testing

@testable import Proxy

struct WrapperTests {
    private static let links = OwnLinks(base: "https://proxy.example/")
    private let account = testAccount(Reason(.author, argument: "alice@far.example"), in: .english, links: links)
    private var wrapper: Wrapper {
        Wrapper(shownAs: "1000", createdAt: "2026-11-21T07:07:12.000Z", innerID: "77", account: account, accountJSON: account.json(), policy: "blend-v1")
    }
    private let inner = SimulatedFeed.status(id: "77", uri: "https://far.example/77", createdAt: "2026-11-20T10:00:00.000Z")

    /// Members of a Status, strictly: what the strict clients of all that were read cannot do without.
    private struct StrictStatus: Decodable {
        struct Account: Decodable {
            var id, username, acct, url, display_name, note, avatar, avatar_static, header, header_static, created_at: String
            var locked, bot, group, discoverable, noindex: Bool
            var followers_count, following_count, statuses_count: Int
            var emojis, fields: [String]
        }
        struct Filtered: Decodable {
            struct Filter: Decodable { var id, title, filter_action: String; var context: [String] }
            var filter: Filter
            var status_matches: [String]
        }
        var id, uri, url, created_at, visibility, spoiler_text, content: String
        var language: String?
        var sensitive, favourited, reblogged, muted, bookmarked: Bool
        var replies_count, reblogs_count, favourites_count: Int
        var media_attachments, mentions, tags, emojis: [String]
        var filtered: [Filtered]
        var account: Account
        var reblog: ClientEntry.Inner
        var x_recommendation: ClientEntry.Told
    }

    @Test func `a wrapper has every member of a reblog and the status inside byte for byte`() throws {
        let bytes = try #require(wrapper.bytes(around: Array("  ".utf8) + inner + Array("\n".utf8), label: .reblog))
        let status = try JSONDecoder().decode(StrictStatus.self, from: Data(bytes))
        #expect(status.id == "1000" && status.created_at == "2026-11-21T07:07:12.000Z" && status.reblog.id == "77")
        #expect(status.content.isEmpty && !status.reblogged && status.filtered.isEmpty)
        #expect(status.visibility == "public" && status.language == "en" && status.url == "https://far.example/77")
        #expect(status.uri.hasPrefix("https://proxy.example/sheltie/reasons/") && status.uri.hasSuffix("/1000/77"))
        #expect(status.account.bot && status.account.group && status.account.noindex && !status.account.discoverable)
        #expect(status.account.display_name == "Sheltie (you often like @alice)")
        #expect(status.x_recommendation.code == "author-affinity" && status.x_recommendation.policy == "blend-v1")
        #expect(status.x_recommendation.text == "Recommended because you often like posts by @alice@far.example.")
        #expect(status.x_recommendation.why == "https://proxy.example/sheltie/why/1000")
        #expect(String(decoding: bytes, as: UTF8.self).contains("\"reblog\":" + String(decoding: inner, as: UTF8.self) + ","))
    }

    @Test func `a wrapper has the members of a recorded reblog of Mastodon`() throws {
        let bytes = try #require(wrapper.bytes(around: inner, label: .reblog))
        var scanner = try JSONKeys(bytes)
        let recorded = """
            id created_at in_reply_to_id in_reply_to_account_id sensitive spoiler_text visibility language uri url replies_count reblogs_count \
            favourites_count quotes_count edited_at favourited reblogged muted bookmarked content filtered reblog application account \
            media_attachments mentions tags emojis tagged_collections quote card poll quote_approval
            """
        #expect(scanner.names == recorded.split(separator: " ").map(String.init) + ["x_recommendation"])
        scanner = try JSONKeys(account.json())
        #expect(Set(scanner.names).isSuperset(of: ["uri", "avatar_static", "hide_collections", "roles", "last_status_at", "indexable"]))
    }

    private struct JSONKeys {
        var names: [String] = []
        init(_ bytes: [UInt8]) throws {
            names = try bytes.withUnsafeBytes { buffer in
                var scanner = JSONScanner(buffer)
                var object = try scanner.enterObject()
                var names: [String] = []
                while let key = try scanner.nextKey(&object) {
                    names.append(key.string)
                    try scanner.skip()
                }
                return names
            }
        }
    }

    @Test func `the inner filter results stand outside too, after ours when collapsed`() throws {
        let result = #"{"filter":{"id":"3","title":"spoilers","context":["home"],"filter_action":"warn"},"keyword_matches":["x"],"status_matches":[]}"#
        let filtered = Array(String(decoding: inner, as: UTF8.self).replacing("\"filtered\":[]", with: "\"filtered\":[ \(result) ]").utf8)
        for (label, titles) in [(RecommendationLabel.reblog, ["spoilers"]), (.filtered, ["Sheltie (you often like @alice)", "spoilers"])] {
            let bytes = try #require(wrapper.bytes(around: filtered, label: label))
            #expect(try JSONDecoder().decode(StrictStatus.self, from: Data(bytes)).filtered.map(\.filter.title) == titles)
        }
    }

    @Test func `label json adds one member to the status and nothing else`() throws {
        let bytes = try #require(wrapper.bytes(around: inner, label: .json))
        #expect(bytes.starts(with: inner.dropLast()))
        let entry = try JSONDecoder().decode(ClientEntry.self, from: Data(bytes))
        #expect(entry.id == "77" && entry.x_recommendation?.code == "author-affinity")
    }

    @Test(arguments: ["", "[]", "null", "{", "{} x", #"{"id":"1","reblog":{"id":"2"}}"#])
    func `what is no single status is not wrapped`(text: String) {
        #expect(wrapper.bytes(around: Array(text.utf8), label: .reblog) == nil)
        #expect(wrapper.bytes(around: Array(text.utf8), label: .json) == nil)
    }

    @Test func `each reason, argument and language has an account of its own, always the same`() {
        var seen: Set<String> = []
        for reason in [Reason(.author, argument: "a@b"), Reason(.author, argument: "a@c"), Reason(.tag, argument: "a"), Reason(.popular), Reason(.fresh)] {
            for language in ReasonLanguage.allCases {
                let account = testAccount(reason, in: language, links: Self.links)
                #expect(account == testAccount(reason, in: language, links: Self.links))
                #expect(VirtualAccountRoute.isID(account.id) && account.id.count == 27)
                #expect(account.acct.hasSuffix("@proxy.example"))
                for part in [account.id, account.acct, account.username, account.url] { #expect(seen.insert(part).inserted) }
            }
        }
    }

    @Test(arguments: ReasonCode.allCases, ReasonLanguage.allCases)
    func `every reason has a name of at most 40 characters and a sentence in every language`(code: ReasonCode, language: ReasonLanguage) {
        for argument in [nil, "swift", "👩‍👩‍👧‍👦" + String(repeating: "é", count: 90) + "@far.example"] {
            let name = ReasonCatalogue.name(Reason(code, argument: argument), in: language)
            #expect(name.hasPrefix("Sheltie (") && name.hasSuffix(")") && name.count <= 40)
            #expect(!ReasonCatalogue.sentence(Reason(code, argument: argument), in: language).isEmpty)
        }
    }

    @Test func `a long handle is cut between characters`() {
        let family = "👩‍👩‍👧‍👦"
        let name = ReasonCatalogue.name(Reason(.author, argument: String(repeating: family, count: 40)), in: .english)
        #expect(name == "Sheltie (you often like @" + String(repeating: family, count: 13) + "…)")
    }

    @Test func `a handle cannot put markup into the note`() {
        let account = testAccount(Reason(.author, argument: #"<b>"&'"#), in: .english, links: Self.links)
        #expect(account.note.contains("@&lt;b&gt;&quot;&amp;&#39;"))
    }

    @Test(arguments: [("de-AT,en;q=0.8", ReasonLanguage.german), ("pt, ja;q=0.5, fr;q=0.7", .french), ("", .english), ("*;q=0.1", .english), ("es;q=0", .english)])
    func `the reader's first language with texts is taken`(header: String, language: ReasonLanguage) {
        #expect(ReasonLanguage(acceptLanguage: header) == language)
    }

    @Test func `a logged reason never holds a handle and reads back`() {
        #expect(Reason(.author, argument: "a@b").logged == "author-affinity")
        #expect(Reason(logged: "author-affinity", author: "a@b") == Reason(.author, argument: "a@b"))
        #expect(Reason(logged: Reason(.tag, argument: "swift").logged, author: "") == Reason(.tag, argument: "swift"))
        #expect(Reason(logged: "unheard", author: "") == nil)
    }

    @Test func `a relationship looks followed until less is wanted`() throws {
        struct Shown: Decodable { var id: String; var following, showing_reblogs, muting, blocking: Bool }
        let shown = try JSONDecoder().decode(Shown.self, from: Data(VirtualRelationship(accountID: "x").json()))
        #expect(shown.following && shown.showing_reblogs && !shown.muting && !shown.blocking)
        let less = try JSONDecoder().decode(Shown.self, from: Data(VirtualRelationship(accountID: "x", following: false).json()))
        #expect(!less.following && !less.showing_reblogs)
    }
}
