@testable import DemoInstance
import Fediverse
import Testing

struct DemoWorldTests {
    @Test func `a world has 240 people who wrote 20,000 posts in 5 languages`() {
        #expect(world.peopleCount == 240)
        #expect(world.postCount == 20_000)
        #expect(world.languages == ["en", "de", "fr", "es", "ja"])
        #expect(world.localUsernames.first == "reader")
    }

    @Test func `the same seed gives the same bytes, another seed others`() async throws {
        func page(_ world: DemoWorld) async throws -> [UInt8] {
            let demo = Demo(world: world)
            var bytes: [UInt8] = []
            for target in ["/api/v1/timelines/public?limit=40", "/api/v1/directory?limit=80", "/api/v1/timelines/tag/cats?limit=40"] {
                bytes += try await demo.nobody.get(target).bytes
            }
            return bytes
        }
        let again = try await page(DemoWorld(seed: 7, now: noon))
        let same = try await page(world)
        let other = try await page(DemoWorld(seed: 8, posts: 2_000, now: noon))
        #expect(same.count > 100_000)
        #expect(again == same)
        #expect(other != same)
    }

    @Test func `a world that went on in steps is the world that went on at once`() async throws {
        let (steps, once) = (Demo(), Demo())
        for _ in 0..<6 {
            steps.pass(.minutes(30))
            _ = try await steps.nobody.get("/api/v1/instance")
        }
        once.pass(.hours(3))
        let first = try await steps.nobody.get("/api/v1/timelines/public?limit=40")
        let second = try await once.nobody.get("/api/v1/timelines/public?limit=40")
        #expect(first.bytes == second.bytes)
        #expect(first.json.ids.first != (try await Demo().nobody.get("/api/v1/timelines/public?limit=1")).json.ids.first)
    }

    @Test func `about 60 posts an hour are added as time goes on, and some are deleted again`() {
        var later = world
        later.advance(to: noon + .days(2))
        let added = later.postCount - world.postCount
        #expect((2_700...2_858).contains(added))
    }

    @Test func `ids are snowflakes that agree with created_at and keep its order`() async throws {
        let posts = try await Demo().nobody.get("/api/v1/timelines/public?limit=40").json.all
        #expect(posts.count == 40)
        let ids = posts.compactMap { $0["id"].string }.compactMap { Int64($0) }
        #expect(ids == ids.sorted(by: >))
        for (post, id) in zip(posts, ids) {
            let seconds = (id >> 16) / 1_000
            let minute = String((seconds / 60) % 60)
            let text = try #require(post["created_at"].string)
            #expect(text.dropFirst(14).prefix(2) == (minute.count == 1 ? "0" + minute : minute))
            #expect(text.hasSuffix("Z") && text.count == 24)
        }
    }

    @Test func `each signal of consent is there, and most people allow everything`() async throws {
        let demo = Demo()
        var all: [Value] = []
        for start in stride(from: 0, to: world.people.count, by: 40) {
            let query = world.people[start..<start + 40].map { "id[]=\($0.id)" }.joined(separator: "&")
            all += try await demo.nobody.get("/api/v1/accounts?\(query)").json.all
        }
        #expect(all.count == 240)
        let open = all.filter { $0["discoverable"].bool == true && $0["indexable"].bool == true }
        #expect(open.count > all.count / 2)
        #expect(all.contains { $0["discoverable"] == .null })
        #expect(all.contains { $0["discoverable"].bool == false })
        #expect(all.contains { $0["indexable"].bool == false })
        #expect(all.contains { $0.members["indexable"] == nil })
        #expect(all.contains { $0["noindex"].bool == true })
        #expect(all.contains { $0["locked"].bool == true })
        #expect(all.contains { $0["bot"].bool == true })
        #expect(all.contains { $0["group"].bool == true })
        #expect(all.contains { $0["note"].string?.contains("#<span>no") ?? false })
        #expect(all.contains { $0["fields"].all.contains { $0["value"].string?.contains("#<span>no") ?? false } })
        #expect(all.contains { $0["acct"].string?.contains("@") ?? false })
    }

    @Test func `counters grow for a while after a post`() async throws {
        let demo = Demo()
        let ids = try await demo.nobody.get("/api/v1/timelines/public?limit=40").json.ids
        func sum() async throws -> Int {
            let query = ids.map { "id[]=\($0)" }.joined(separator: "&")
            return try await demo.nobody.get("/api/v1/statuses?\(query)").json.all.compactMap { $0["favourites_count"].number }.reduce(0, +)
        }
        let before = try await sum()
        demo.pass(.hours(6))
        let after = try await sum()
        #expect(after > before + 20)
    }
}
