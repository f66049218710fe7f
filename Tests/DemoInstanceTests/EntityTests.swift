import DemoInstance
import Fediverse
import Testing

/// What Mastodon 4.6 sends: each member with the kinds of value that it may have. A question mark at the end: it may be absent.
/// Source: mastodon/documentation, entities.
enum Entities {
    static let account = members(
        """
        id string, username string, acct string, display_name string, locked bool, bot bool, discoverable bool|null, indexable? bool,
        group bool, created_at string, note string, url string, uri string, avatar string, avatar_static string,
        avatar_description string, header string, header_static string, header_description string, followers_count number,
        following_count number, statuses_count number, last_status_at string|null, hide_collections bool|null, show_media bool,
        show_media_replies bool, show_featured bool, noindex bool, feature_approval object, emojis array, roles array, fields array
        """)
    static let status = members(
        """
        id string, created_at string, in_reply_to_id string|null, in_reply_to_account_id string|null, sensitive bool, spoiler_text string,
        visibility string, language string|null, uri string, url string|null, replies_count number, reblogs_count number,
        favourites_count number, quotes_count number, edited_at string|null, favourited bool, reblogged bool, muted bool, bookmarked bool,
        pinned? bool, content string, filtered array, reblog object|null, application object|null, account object,
        media_attachments array, mentions array, tags array, emojis array, tagged_collections array, quote object|null, card object|null,
        poll object|null, quote_approval object
        """)
    static let relationship = members(
        """
        id string, following bool, showing_reblogs bool, notifying bool, languages array|null, followed_by bool, blocking bool,
        blocked_by bool, muting bool, muting_notifications bool, muting_expires_at string|null, requested bool, requested_by bool,
        domain_blocking bool, endorsed bool, note string
        """)
    static let filter = members(
        "id string, title string, context array, expires_at string|null, filter_action string, keywords array, statuses array")
    static let list = members("id string, title string, replies_policy string, exclusive bool")
    static let marker = members("last_read_id string, version number, updated_at string")
    static let notification = members("id string, type string, created_at string, group_key string, account object, status? object")
    static let media = members(
        """
        id string, type string, url string, preview_url string, remote_url string|null, preview_remote_url string|null,
        text_url string|null, meta object, description string|null, blurhash string
        """)
    static let tag = members("id string, name string, url string, history array, following? bool, featuring? bool")

    private static func members(_ text: String) -> [String: [String]] {
        var members: [String: [String]] = [:]
        for part in text.split(whereSeparator: { $0 == "," || $0 == "\n" }) {
            let words = part.split(separator: " ")
            if words.count == 2 { members[String(words[0])] = words[1].split(separator: "|").map(String.init) }
        }
        return members
    }

    /// Where a value differs from what it should be; empty when it does not.
    static func differences(_ value: Value, _ entity: [String: [String]]) -> [String] {
        var found: [String] = []
        for (name, kinds) in entity {
            let isOptional = name.last == "?"
            let key = isOptional ? String(name.dropLast()) : name
            guard let member = value.members[key] else {
                if !isOptional { found.append("\(key) is missing") }
                continue
            }
            if !kinds.contains(member.kind) { found.append("\(key) is \(member.kind)") }
        }
        for key in value.members.keys where entity[key] == nil && entity[key + "?"] == nil { found.append("\(key) is unknown") }
        return found.sorted()
    }
}

struct EntityTests {
    private let demo = Demo()

    @Test func `statuses and accounts have exactly Mastodon's members`() async throws {
        let reader = try demo.person()
        let home = try await reader.get("/api/v1/timelines/home?limit=40").json.all
        let shown = home + home.map { $0["reblog"] }.filter { $0 != .null }
        #expect(shown.count > 40)
        for post in shown {
            #expect(Entities.differences(post, Entities.status) == [])
            #expect(Entities.differences(post["account"], Entities.account) == [])
            for media in post["media_attachments"].all { #expect(Entities.differences(media, Entities.media) == []) }
        }
    }

    @Test func `quotes show the quoted status, and say when they may not`() async throws {
        let reader = try demo.person()
        let quoted = try await reader.post("/api/v1/statuses", "status=quote+me").json["id"].string ?? ""
        let quote = try await reader.post("/api/v1/statuses", "status=look&quoted_status_id=\(quoted)").json
        #expect(quote["quote"]["state"].string == "accepted" && quote["quote"]["quoted_status"]["id"].string == quoted)
        #expect(Entities.differences(quote["quote"]["quoted_status"], Entities.status) == [])
        _ = try await reader.send("DELETE", "/api/v1/statuses/\(quoted)")
        #expect(try await reader.get("/api/v1/statuses/\(quote["id"].string ?? "")").json["quote"]["state"].string == "deleted")
    }

    @Test func `the smaller entities have exactly Mastodon's members`() async throws {
        let reader = try demo.person()
        let other = try await reader.get("/api/v1/accounts/lookup?acct=\(demo.server.usernames[1])").json["id"].string ?? ""
        let checks: [(Value, [String: [String]])] = [
            (try await reader.get("/api/v1/accounts/relationships?id[]=\(other)").json[0], Entities.relationship),
            (try await reader.post("/api/v2/filters", "title=t&context[]=home").json, Entities.filter),
            (try await reader.post("/api/v1/lists", "title=t").json, Entities.list),
            (try await reader.post("/api/v1/markers", "home[last_read_id]=12").json["home"], Entities.marker),
            (try await reader.get("/api/v1/notifications?limit=1").json[0], Entities.notification),
            (try await reader.get("/api/v1/trends/tags?limit=1").json[0], Entities.tag),
        ]
        for (value, entity) in checks { #expect(Entities.differences(value, entity) == []) }
        #expect(try await reader.get("/api/v1/markers?timeline[]=home").json["home"]["last_read_id"].string == "12")
    }

    @Test func `search finds people, tags and words of those who may be indexed`() async throws {
        let reader = try demo.person()
        let found = try await reader.get("/api/v2/search?q=moss").json
        #expect(found["hashtags"][0]["name"].string == "moss")
        #expect(!found["statuses"].all.isEmpty)
        #expect(found["statuses"].all.allSatisfy { $0["account"]["indexable"].bool == true })
        let url = try #require(found["statuses"][0]["url"].string)
        #expect(try await reader.get("/api/v2/search?q=\(url)&resolve=1").json["statuses"].ids == [found["statuses"][0]["id"].string])
        #expect(try await reader.get("/api/v2/search?q=reader&type=accounts").json["accounts"][0]["username"].string == "reader")
    }

    @Test(arguments: [
        ("GET", "/api/v1/statuses/1", 404), ("GET", "/api/v1/accounts/x", 404), ("GET", "/api/v9/nothing", 404), ("PUT", "/api/v1/timelines/home", 405),
        ("POST", "/api/v1/statuses", 422), ("GET", "/api/v1/lists/77", 404),
    ])
    func `a refusal is JSON with an error`(method: String, target: String, status: Int) async throws {
        let reply = try await demo.person().send(method, target)
        #expect(reply.status == status && reply.json["error"].string?.isEmpty == false)
        #expect(reply.header("Access-Control-Allow-Origin") == "*")
    }
}
