import Fediverse

extension Routes {
    mutating func addDiscovery() {
        get("/api/v2/search") { state, call in Answer(state.search(call)) }
        get("/api/v1/search") { state, call in
            let found = state.search(call)
            guard case .array(let tags)? = found["hashtags"] else { return Answer(found) }
            return Answer(found.setting("hashtags", .array(tags.compactMap { $0["name"] })))
        }
        get("/api/v1/trends/tags") { state, call in
            let counts = state.recentTags(hours: 48)
            let names = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key)
            return Answer(.array(state.part(names, call, usual: 10, most: 20).map { state.json(tag: $0, for: call.account) }))
        }
        get("/api/v1/trends") { state, call in
            let counts = state.recentTags(hours: 48)
            let names = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key)
            return Answer(.array(state.part(names, call, usual: 10, most: 20).map { state.json(tag: $0, for: call.account) }))
        }
        get("/api/v1/trends/statuses") { state, call in
            let posts = state.trendingPosts(for: call.account)
            return Answer(
                .array(state.part(posts, call, usual: 20, most: 40).map { state.json(status: $0, for: call.account, call.base) }))
        }
        get("/api/v1/trends/links") { _, _ in Answer([]) }
        get("/api/v1/tags/:name") { state, call in Answer(state.json(tag: call.decoded("name").lowercased(), for: call.account)) }
        post("/api/v1/tags/:name/follow", .person("write:follows")) { state, call in
            let (viewer, name) = (try call.viewer, call.decoded("name").lowercased())
            if !state[of: viewer].followedTags.contains(name) { state[of: viewer].followedTags.append(name) }
            return Answer(state.json(tag: name, for: viewer))
        }
        post("/api/v1/tags/:name/unfollow", .person("write:follows")) { state, call in
            let (viewer, name) = (try call.viewer, call.decoded("name").lowercased())
            state[of: viewer].followedTags.removeAll { $0 == name }
            return Answer(state.json(tag: name, for: viewer))
        }
        get("/api/v1/followed_tags", .person("read:follows")) { state, call in
            let viewer = try call.viewer
            let page = Page(call, usual: 100, most: 200)
            let cut = page.cut(Array(state[of: viewer].followedTags.enumerated())) { Int64($0.offset) + 1 }
            return Answer(.array(cut.map { state.json(tag: $0.element, for: viewer) })).with(
                .link,
                Page.link(
                    call, first: cut.first.map { Int64($0.offset) + 1 }, last: cut.last.map { Int64($0.offset) + 1 },
                    hasNext: cut.count == page.limit))
        }
        get("/api/v1/directory") { state, call in
            let shown = state.world.people.indices.map { Int32($0) }.filter { index in
                let person = state.world.people[Int(index)]
                return person.discoverable == true && !(call.flag("local") && !person.isLocal)
            }
            let isNew = call["order"] == "new"
            let sorted = shown.sorted { left, right in
                isNew
                    ? state.world.people[Int(left)].id > state.world.people[Int(right)].id
                    : state.world.newest[Int(left)] > state.world.newest[Int(right)]
            }
            return Answer(.array(state.part(sorted, call, usual: 40, most: 80).map { state.json(account: $0, call.base) }))
        }
        get("/api/v2/suggestions", .person("read")) { state, call in
            let mine = Set(state.world.following[Int(try call.viewer)])
            let famous = state.world.people.indices.map { Int32($0) }
                .filter { !mine.contains($0) && $0 != call.account && state.world.people[Int($0)].discoverable == true }
                .sorted { state.world.followers[Int($0)].count > state.world.followers[Int($1)].count }
            return Answer(
                .array(
                    famous.prefix(call.limit(40, 80)).map {
                        ["source": "global", "sources": ["most_followed"], "account": state.json(account: $0, call.base)]
                    }))
        }
    }
}

extension DemoState {
    /// Pages by `offset`, as lists without ids have them.
    func part<Element>(_ all: [Element], _ call: Call, usual: Int, most: Int) -> [Element] {
        let start = call["offset"].flatMap { Int($0) }.map { max(0, $0) } ?? 0
        return Array(all.dropFirst(start).prefix(call.limit(usual, most)))
    }

    func recentPosts(hours: Int64) -> ArraySlice<Post> {
        world.posts[world.firstPosition(from: (world.now.microseconds / 1_000 - hours * 3_600_000) << 16)...]
    }

    func recentTags(hours: Int64) -> [String: Int] {
        var counts: [String: Int] = [:]
        for post in recentPosts(hours: hours) where post.visibility == .public && !post.isDeleted {
            for tag in world.tags(of: post) { counts[tag, default: 0] += 1 }
        }
        return counts
    }

    /// Of authors who may be found, by favourites and boosts, halved every six hours.
    func trendingPosts(for viewer: Int32?) -> [Post] {
        let now = world.now.microseconds / 1_000
        let scored = recentPosts(hours: 48).compactMap { post -> (score: Double, post: Post)? in
            guard post.visibility == .public, post.reblogOf == 0, post.replyTo == 0, !post.isSensitive, isShown(post, viewer),
                world.people[Int(post.author)].discoverable == true
            else { return nil }
            var score = Double(world.favouriteCount(post)) + 2 * Double(post.reblogs)
            for _ in 0..<Int((now - post.createdAt) / 21_600_000) { score /= 2 }
            return score > 1 ? (score, post) : nil
        }
        return scored.sorted { ($0.score, $0.post.id) > ($1.score, $1.post.id) }.map(\.post)
    }

    func json(tag name: String, for viewer: Int32?) -> JSON {
        let today = Timestamp.dayStart(world.now.microseconds / 1_000)
        var uses = [Int](repeating: 0, count: 7)
        var people = [Set<Int32>](repeating: [], count: 7)
        for post in recentPosts(hours: 168) where post.visibility == .public && !post.isDeleted && world.tags(of: post).contains(name) {
            let age = Int((today - Timestamp.dayStart(post.createdAt)) / 86_400)
            guard age >= 0, age < 7 else { continue }
            uses[age] += 1
            people[age].insert(post.author)
        }
        // Tags have small stable ids: their place in the table of topics, or one made from the name.
        let id = Topic.all.firstIndex { $0.tag == name }.map { Int64($0) + 1 } ?? name.utf8.reduce(100) { ($0 &* 31 &+ Int64($1)) & 0xff_ffff }
        let tag: JSON = [
            "id": JSON(id: id), "name": .string(name), "url": .string("https://\(world.domain)/tags/\(escaped(name))"),
            "history": .array(
                (0..<7).map { age in
                    [
                        "day": .string(String(today - Int64(age) * 86_400)), "accounts": .string(String(people[age].count)),
                        "uses": .string(String(uses[age])),
                    ]
                }),
        ]
        guard let viewer else { return tag }
        return tag.joined(["following": .bool(self[of: viewer].followedTags.contains(name)), "featuring": false])
    }

    /// By address, by name, by words in the last 3,000 posts of people who may be indexed, or of the searcher.
    func search(_ call: Call) -> JSON {
        let query = (call["q"] ?? "").trimmingPrefix { $0 == " " }
        let type = call["type"]
        let limit = call.limit(20, 40)
        let offset = call["offset"].flatMap { Int($0) } ?? 0
        var accounts: [Int32] = []
        var posts: [Post] = []
        var tags: [String] = []
        if query.hasPrefix("https://") {
            let id = query.split(separator: "/").compactMap { Int64($0) }.last
            if let post = id.flatMap({ world.post($0) }), query.hasPrefix(world.url(of: post)) || query.hasPrefix(world.uri(of: post)),
                canSee(post, call.account)
            {
                posts = [post]
            } else {
                accounts = world.people.indices.filter { [world.url(of: world.people[$0]), world.uri(of: world.people[$0])].contains(String(query)) }
                    .map { Int32($0) }
            }
        } else if !query.isEmpty {
            accounts = findAccounts(String(query))
            let word = String(query.drop { $0 == "#" }).lowercased()
            tags = Topic.all.map(\.tag).filter { $0.hasPrefix(word) }
            if type == nil || type == "statuses", call.account != nil, query.first != "@" {
                posts = world.posts.suffix(3_000).reversed().filter { post in
                    guard post.reblogOf == 0, post.author == call.account || world.people[Int(post.author)].indexable == true else { return false }
                    return post.visibility == .public && world.text(of: post).lowercased().contains(word) && isShown(post, call.account)
                }
            }
        }
        func cut<Element>(_ all: [Element], _ name: String) -> ArraySlice<Element> {
            type == nil || type == name ? all.dropFirst(offset).prefix(limit) : []
        }
        return [
            "accounts": .array(cut(accounts, "accounts").map { json(account: $0, call.base) }),
            "statuses": .array(cut(posts, "statuses").map { json(status: $0, for: call.account, call.base) }),
            "hashtags": .array(cut(tags, "hashtags").map { json(tag: $0, for: call.account) }),
        ]
    }
}
