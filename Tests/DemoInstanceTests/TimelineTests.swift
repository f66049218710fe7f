import DemoInstance
import Fediverse
import Testing

struct TimelineTests {
    /// All ids of a timeline, page by page.
    private func walk(_ visitor: Visitor, _ start: String, pages: Int = 1_000) async throws -> [String] {
        var ids: [String] = []
        var target: String? = start
        for _ in 0..<pages {
            guard let next = target else { break }
            let reply = try await visitor.get(next)
            #expect(reply.status == 200)
            ids += reply.json.ids
            target = reply.link("next")
        }
        return ids
    }

    @Test(arguments: ["/api/v1/timelines/home", "/api/v1/timelines/public", "/api/v1/timelines/tag/cats", "/api/v1/timelines/public?local=true"])
    func `a walk to the end has no gap and no repeat`(target: String) async throws {
        var settings = DemoSettings()
        settings.requestsPerWindow = 100_000
        let reader = try Demo(settings, world: smallWorld).person()
        let joint = target.contains("?") ? "&" : "?"
        let small = try await walk(reader, target + joint + "limit=17")
        let large = try await walk(reader, target + joint + "limit=40")
        #expect(small.count >= 60)
        #expect(Set(small).count == small.count)
        #expect(small == large)
        #expect(small == small.sorted { (Int64($0) ?? 0) > (Int64($1) ?? 0) })
    }

    @Test func `min_id fills a gap from below and since_id gives the newest above`() async throws {
        let reader = try Demo().person()
        let all = try await reader.get("/api/v1/timelines/home?limit=40").json.ids
        let bottom = all[30]
        #expect(try await reader.get("/api/v1/timelines/home?limit=5&min_id=\(bottom)").json.ids == Array(all[25..<30]))
        #expect(try await reader.get("/api/v1/timelines/home?limit=5&since_id=\(bottom)").json.ids == Array(all[0..<5]))
        #expect(try await reader.get("/api/v1/timelines/home?limit=9&max_id=\(all[4])&since_id=\(all[8])").json.ids == Array(all[5..<8]))
        #expect(try await reader.get("/api/v1/timelines/home?min_id=\(all[0])").json == .array([]))
    }

    @Test func `Link names the next page first and keeps the other parameters`() async throws {
        let reply = try await Demo().person().get("/api/v1/timelines/public?limit=3&max_id=999999999999999999&local=true")
        let (first, last) = (try #require(reply.json.ids.first), try #require(reply.json.ids.last))
        let base = "<http://demo.test/api/v1/timelines/public?limit=3&local=true&"
        #expect(reply.header("Link") == "\(base)max_id=\(last)>; rel=\"next\", \(base)min_id=\(first)>; rel=\"prev\"")
    }

    @Test func `without a limit a page has 20 statuses, and never more than 40`() async throws {
        let reader = try Demo().person()
        #expect(try await reader.get("/api/v1/timelines/home").json.all.count == 20)
        #expect(try await reader.get("/api/v1/timelines/home?limit=1000").json.all.count == 40)
    }

    @Test func `home has own posts and those of followed accounts, and nobody else's`() async throws {
        let reader = try Demo().person()
        let own = try await reader.post("/api/v1/statuses", "status=hello").json
        let me = try await reader.get("/api/v1/accounts/verify_credentials").json["id"].string ?? ""
        var followed: Set<String> = [me]
        followed.formUnion(try await reader.get("/api/v1/accounts/\(me)/following?limit=80").json.ids)
        #expect((11...61).contains(followed.count))
        let home = try await reader.get("/api/v1/timelines/home?limit=40").json.all
        #expect(home.first?["id"] == own["id"])
        #expect(home.allSatisfy { followed.contains($0["account"]["id"].string ?? "") })
        #expect(home.contains { $0["reblog"] != .null })
        #expect(home.allSatisfy { $0["visibility"].string != "direct" })
    }

    @Test func `following and unfollowing changes home at once`() async throws {
        let demo = Demo()
        let reader = try demo.person()
        let home = try await reader.get("/api/v1/timelines/home").json.all
        let author = try #require(home.first { $0["account"]["username"].string != "reader" }?["account"]["id"].string)
        #expect(try await reader.post("/api/v1/accounts/\(author)/unfollow").json["following"].bool == false)
        let without = try await reader.get("/api/v1/timelines/home?limit=40").json.all
        #expect(!without.contains { $0["account"]["id"].string == author })
        let again = try await reader.post("/api/v1/accounts/\(author)/follow").json
        #expect(again["following"].bool == true || again["requested"].bool == true)
    }

    @Test(arguments: ["mute", "block"]) func `nothing of a muted or blocked account is shown, boosted or not`(act: String) async throws {
        let reader = try Demo().person()
        let home = try await reader.get("/api/v1/timelines/home?limit=40").json.all
        let boost = try #require(home.first { $0["reblog"] != .null })
        let author = try #require(boost["reblog"]["account"]["id"].string)
        #expect(try await reader.post("/api/v1/accounts/\(author)/\(act)").status == 200)
        for timeline in ["home", "public"] {
            let shown = try await reader.get("/api/v1/timelines/\(timeline)?limit=40").json.all
            #expect(!shown.contains { $0["account"]["id"].string == author || $0["reblog"]["account"]["id"].string == author })
        }
        #expect(try await reader.get("/api/v1/\(act)s").json.ids == [author])
    }

    @Test func `local and remote divide the public timeline`() async throws {
        let demo = Demo()
        let local = try await demo.nobody.get("/api/v1/timelines/public?local=true&limit=40").json.all
        let remote = try await demo.nobody.get("/api/v1/timelines/public?remote=true&limit=40").json.all
        #expect(local.count == 40 && local.allSatisfy { $0["account"]["acct"].string?.contains("@") == false })
        #expect(remote.count == 40 && remote.allSatisfy { $0["account"]["acct"].string?.contains("@") == true })
        #expect((local + remote).allSatisfy { $0["visibility"].string == "public" && $0["reblog"] == .null })
        #expect(local.allSatisfy { $0.members["favourited"] == nil && $0.members["filtered"] == nil })
    }

    @Test func `a list shows its members only`() async throws {
        let reader = try Demo().person()
        let me = try await reader.get("/api/v1/accounts/verify_credentials").json["id"].string ?? ""
        let members = Array(try await reader.get("/api/v1/accounts/\(me)/following").json.ids.prefix(3))
        let list = try await reader.post("/api/v1/lists", "title=three").json["id"].string ?? ""
        let form = members.map { "account_ids[]=\($0)" }.joined(separator: "&")
        #expect(try await reader.post("/api/v1/lists/\(list)/accounts", form).status == 200)
        let shown = try await reader.get("/api/v1/timelines/list/\(list)?limit=40").json.all
        #expect(shown.count == 40 && shown.allSatisfy { members.contains($0["account"]["id"].string ?? "") })
        #expect(Set(try await reader.get("/api/v1/lists/\(list)/accounts").json.ids) == Set(members))
    }

    @Test func `a followed tag brings posts of strangers to home`() async throws {
        let reader = try Demo().person()
        let before = Set(try await walk(reader, "/api/v1/timelines/home?limit=40", pages: 3))
        #expect(try await reader.post("/api/v1/tags/moss/follow").json["following"].bool == true)
        let after = try await walk(reader, "/api/v1/timelines/home?limit=40", pages: 3)
        let new = after.filter { !before.contains($0) }
        #expect(!new.isEmpty)
        #expect(try await reader.get("/api/v1/followed_tags").json[0]["name"].string == "moss")
    }
}
