import DemoInstance
import Fediverse
import Testing

struct ActingTests {
    private let demo = Demo()

    private func someone(_ visitor: Visitor) async throws -> Value {
        try await visitor.get("/api/v1/timelines/public?limit=40").json[3]
    }

    @Test(arguments: [("favourite", "favourited", "favourites_count", "favourites"), ("bookmark", "bookmarked", "", "bookmarks")])
    func `marks count once, are listed, and can be taken back`(act: String, flag: String, counter: String, list: String) async throws {
        let reader = try demo.person()
        let post = try await someone(reader)
        let id = post["id"].string ?? ""
        let once = try await reader.post("/api/v1/statuses/\(id)/\(act)").json
        let twice = try await reader.post("/api/v1/statuses/\(id)/\(act)").json
        #expect(once[flag].bool == true && twice == once)
        if !counter.isEmpty { #expect(once[counter].number == (post[counter].number ?? 0) + 1) }
        #expect(try await reader.get("/api/v1/\(list)").json.ids == [id])
        let back = try await reader.post("/api/v1/statuses/\(id)/un\(act)").json
        #expect(back[flag].bool == false && (counter.isEmpty || back[counter] == post[counter]))
        #expect(try await reader.get("/api/v1/\(list)").json.all.isEmpty)
    }

    @Test func `marks are paged by cursors that stand in the Link only`() async throws {
        let reader = try demo.person()
        let ids = try await reader.get("/api/v1/timelines/public?limit=7").json.ids
        for id in ids.reversed() { _ = try await reader.post("/api/v1/statuses/\(id)/favourite") }
        let first = try await reader.get("/api/v1/favourites?limit=4")
        let second = try await reader.get(try #require(first.link("next")))
        #expect(first.json.ids + second.json.ids == ids)
        #expect(second.link("next") == nil)
    }

    @Test func `a boost is a status of its own with the boosted one inside, once`() async throws {
        let reader = try demo.person()
        let id = try await someone(reader)["id"].string ?? ""
        let boost = try await reader.post("/api/v1/statuses/\(id)/reblog").json
        #expect(boost["id"].string != id && boost["reblog"]["id"].string == id && boost["content"].string == "")
        #expect(boost["reblogged"].bool == true && boost["reblog"]["reblogged"].bool == true)
        #expect(try await reader.post("/api/v1/statuses/\(id)/reblog").json["id"] == boost["id"])
        #expect(try await reader.get("/api/v1/timelines/home?limit=1").json.ids == [boost["id"].string])
        #expect(try await reader.post("/api/v1/statuses/\(id)/unreblog").json["reblogged"].bool == false)
        #expect(try await reader.get("/api/v1/statuses/\(boost["id"].string ?? "")").status == 404)
    }

    @Test(arguments: [
        ("application/x-www-form-urlencoded", "status=Gr%C3%BC%C3%9Fe+%23Moss&spoiler_text=cw&visibility=unlisted&language=de"),
        ("application/json", #"{"status":"Gr\u00fc\u00dfe #Moss","spoiler_text":"cw","visibility":"unlisted","language":"de"}"#),
        (
            "multipart/form-data; boundary=x",
            ["status\"\r\n\r\nGrüße #Moss", "spoiler_text\"\r\n\r\ncw", "visibility\"\r\n\r\nunlisted", "language\"\r\n\r\nde"]
                .map { "--x\r\nContent-Disposition: form-data; name=\"\($0)\r\n" }.joined() + "--x--\r\n"
        ),
    ])
    func `a status can be sent as form, JSON or multipart`(type: String, body: String) async throws {
        let post = try await demo.person().send("POST", "/api/v1/statuses", type: type, body).json
        #expect(
            post["content"].string
                == #"<p>Grüße <a href="https://meadow.example/tags/moss" class="mention hashtag" rel="tag">#<span>Moss</span></a></p>"#)
        #expect(post["spoiler_text"].string == "cw" && post["sensitive"].bool == true)
        #expect(post["visibility"].string == "unlisted" && post["language"].string == "de" && post["tags"][0]["name"].string == "moss")
    }

    @Test func `the same idempotency key posts once`() async throws {
        let reader = try demo.person()
        let form = "application/x-www-form-urlencoded"
        let first = try await reader.send("POST", "/api/v1/statuses", type: form, "status=one", headers: [("Idempotency-Key", "k")])
        let second = try await reader.send("POST", "/api/v1/statuses", type: form, "status=one", headers: [("Idempotency-Key", "k")])
        let third = try await reader.send("POST", "/api/v1/statuses", type: form, "status=one", headers: [("Idempotency-Key", "l")])
        #expect(first.json["id"] == second.json["id"] && first.json["id"] != third.json["id"])
    }

    @Test func `an answer reaches the other person, the conversation and the counter`() async throws {
        let reader = try demo.person()
        let other = demo.server.usernames[1]
        let writer = try demo.person(other)
        let post = try await writer.post("/api/v1/statuses", "status=question").json["id"].string ?? ""
        let answer = try await reader.post("/api/v1/statuses", "status=@\(other)+yes&in_reply_to_id=\(post)").json
        #expect(answer["mentions"][0]["username"].string == other)
        let context = try await writer.get("/api/v1/statuses/\(post)/context").json
        #expect(context["descendants"].ids == [answer["id"].string])
        #expect(try await reader.get("/api/v1/statuses/\(answer["id"].string ?? "")/context").json["ancestors"].ids == [post])
        #expect(try await writer.get("/api/v1/statuses/\(post)").json["replies_count"].number == 1)
        let news = try await writer.get("/api/v1/notifications?limit=1").json[0]
        #expect(news["type"].string == "mention" && news["status"]["id"] == answer["id"])
    }

    @Test func `an edit keeps its history, a deletion gives the text back`() async throws {
        let reader = try demo.person()
        let id = try await reader.post("/api/v1/statuses", "status=first").json["id"].string ?? ""
        demo.pass(.minutes(1))
        let edited = try await reader.send("PUT", "/api/v1/statuses/\(id)", type: "application/json", #"{"status":"second"}"#).json
        #expect(edited["content"].string == "<p>second</p>" && edited["edited_at"].string == "2026-03-01T12:01:00.000Z")
        let history = try await reader.get("/api/v1/statuses/\(id)/history").json.all
        #expect(history.map { $0["content"].string } == ["<p>first</p>", "<p>second</p>"])
        #expect(try await reader.get("/api/v1/statuses/\(id)/source").json["text"].string == "second")
        #expect(try await reader.send("DELETE", "/api/v1/statuses/\(id)").json["text"].string == "second")
        #expect(try await reader.get("/api/v1/statuses/\(id)").status == 404)
    }

    @Test func `private and direct statuses are seen by those they are for`() async throws {
        let reader = try demo.person()
        let other = demo.server.usernames[1]
        let writer = try demo.person(other)
        let me = try await writer.get("/api/v1/accounts/lookup?acct=reader").json["id"].string ?? ""
        let direct = try await reader.post("/api/v1/statuses", "status=@\(other)+psst&visibility=direct").json["id"].string ?? ""
        let secret = try await reader.post("/api/v1/statuses", "status=friends&visibility=private").json["id"].string ?? ""
        #expect(try await writer.get("/api/v1/statuses/\(direct)").status == 200)
        #expect(try await demo.nobody.get("/api/v1/statuses/\(direct)").status == 404)
        _ = try await writer.post("/api/v1/accounts/\(me)/unfollow")
        #expect(try await writer.get("/api/v1/statuses/\(secret)").status == 404)
        _ = try await writer.post("/api/v1/accounts/\(me)/follow")
        #expect(try await writer.get("/api/v1/statuses/\(secret)").status == 200)
    }

    @Test func `filters mark what they match and nothing else`() async throws {
        let reader = try demo.person()
        let body = #"{"title":"calm","context":["home","public"],"filter_action":"hide","keywords_attributes":[{"keyword":"cats","whole_word":true}]}"#
        let filter = try await reader.send("POST", "/api/v2/filters", type: "application/json", body).json
        #expect(filter["keywords"][0]["keyword"].string == "cats" && filter["keywords"][0]["whole_word"].bool == true)
        let matched = try await reader.get("/api/v1/timelines/tag/cats").json.all
        #expect(matched.count == 20)
        for post in matched {
            #expect(post["filtered"][0]["filter"]["id"] == filter["id"])
            #expect(post["filtered"][0]["keyword_matches"] == .array([.string("cats")]))
        }
        let others = try await reader.get("/api/v1/timelines/tag/bread").json.all.filter { !$0["tags"].all.contains { $0["name"].string == "cats" } }
        #expect(!others.isEmpty && others.allSatisfy { $0["filtered"] == .array([]) })
        #expect(try await reader.get("/api/v1/filters").json[0]["phrase"].string == "cats")
        demo.pass(.days(1))
        _ = try await reader.send("PUT", "/api/v2/filters/\(filter["id"].string ?? "")", type: "application/json", #"{"expires_in":60}"#)
        demo.pass(.minutes(2))
        #expect(try await reader.get("/api/v1/timelines/tag/cats").json.all.allSatisfy { $0["filtered"] == .array([]) })
    }

    @Test func `an upload is kept, described, shown and posted`() async throws {
        let reader = try demo.person()
        let body = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\nPNGBYTES\r\n"
            + "--b\r\nContent-Disposition: form-data; name=\"description\"\r\n\r\na dot\r\n--b--\r\n"
        let media = try await reader.send("POST", "/api/v2/media", type: "multipart/form-data; boundary=b", body).json
        #expect(media["type"].string == "image" && media["description"].string == "a dot")
        let address = try #require(media["url"].string).dropFirst("http://demo.test".count)
        #expect(try await demo.nobody.get(String(address)).text == "PNGBYTES")
        let post = try await reader.post("/api/v1/statuses", "media_ids[]=\(media["id"].string ?? "")").json
        #expect(post["media_attachments"].ids == [media["id"].string])
    }

    @Test func `avatars and pictures of posts are PNG`() async throws {
        let posts = try await demo.nobody.get("/api/v1/timelines/public?only_media=true").json.all
        for address in [posts[0]["account"]["avatar"], posts[0]["account"]["header"], posts[0]["media_attachments"][0]["url"]] {
            let reply = try await demo.nobody.get(String(try #require(address.string).dropFirst("http://demo.test".count)))
            #expect(reply.header("Content-Type") == "image/png")
            #expect(reply.bytes.starts(with: [0x89, 0x50, 0x4e, 0x47]) && reply.bytes.suffix(8) == [0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82])
        }
    }

    @Test func `those who favourited and boosted are as many as the counters say`() async throws {
        let posts = try await demo.nobody.get("/api/v1/trends/statuses?limit=5").json.all
        #expect(posts.count == 5)
        for post in posts {
            let id = post["id"].string ?? ""
            let favourited = try await demo.nobody.get("/api/v1/statuses/\(id)/favourited_by?limit=80").json.ids
            let reblogged = try await demo.nobody.get("/api/v1/statuses/\(id)/reblogged_by?limit=80").json.ids
            #expect(Set(favourited).count == min(80, post["favourites_count"].number ?? 0))
            #expect(reblogged.count == post["reblogs_count"].number)
        }
    }
}
