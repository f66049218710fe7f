import Fediverse
import HTTPService

extension Routes {
    mutating func addAccounts() {
        get("/api/v1/accounts/verify_credentials", .person("read:accounts")) { state, call in
            Answer(state.json(own: try call.viewer, call.base))
        }
        patch("/api/v1/accounts/update_credentials", .person("write:accounts")) { state, call in try state.updateProfile(call) }
        get("/api/v1/accounts/lookup") { state, call in
            guard let acct = call["acct"], let index = state.world.find(acct: acct) else { throw APIFailure.notFound }
            return Answer(state.json(account: index, call.base))
        }
        get("/api/v1/accounts/relationships", .person("read:follows")) { state, call in
            let viewer = try call.viewer
            let others = call.fields.list("id").prefix(80).compactMap { Int64($0) }.compactMap { state.world.positions[$0] }
            return Answer(.array(others.map { state.json(relationship: $0, of: viewer) }))
        }
        get("/api/v1/accounts/search", .person("read:accounts")) { state, call in
            let found = state.findAccounts(call["q"] ?? "").prefix(call.limit(40, 80))
            return Answer(.array(found.map { state.json(account: $0, call.base) }))
        }
        get("/api/v1/accounts/familiar_followers", .person("read:follows")) { state, call in
            let mine = state.world.following[Int(try call.viewer)]
            let others = call.fields.list("id").compactMap { Int64($0) }.compactMap { state.world.positions[$0] }
            return Answer(
                .array(
                    others.map { other in
                        let familiar = state.world.followers[Int(other)].filter(mine.contains)
                        return [
                            "id": JSON(id: state.world.people[Int(other)].id),
                            "accounts": .array(familiar.map { state.json(account: $0, call.base) }),
                        ]
                    }))
        }
        get("/api/v1/accounts") { state, call in
            let found = call.fields.list("id").prefix(40).compactMap { Int64($0) }.compactMap { state.world.positions[$0] }
            return Answer(.array(found.map { state.json(account: $0, call.base) }))
        }
        get("/api/v1/accounts/:id") { state, call in Answer(state.json(account: try state.account(try call.id()), call.base)) }
        get("/api/v1/accounts/:id/statuses") { state, call in try state.statuses(call) }
        get("/api/v1/accounts/:id/followers") { state, call in
            let index = Int(try state.account(try call.id()))
            return state.answer(state.world.people[index].hidesCollections ? [] : state.world.followers[index], call)
        }
        get("/api/v1/accounts/:id/following") { state, call in
            let index = Int(try state.account(try call.id()))
            let isHidden = state.world.people[index].hidesCollections && call.account != Int32(index)
            return state.answer(isHidden ? [] : state.world.following[index], call)
        }
        get("/api/v1/accounts/:id/lists", .person("read:lists")) { state, call in
            let other = try state.account(try call.id())
            let lists = state[of: try call.viewer].lists.filter { $0.members.contains(other) }
            return Answer(.array(lists.map { state.json(list: $0) }))
        }
        get("/api/v1/accounts/:id/featured_tags") { _, _ in Answer([]) }
    }
}

extension DemoState {
    func statuses(_ call: Call) throws -> Answer {
        let author = try account(try call.id())
        let pins = self[of: author].pins
        let tag = call["tagged"]?.lowercased()
        if let viewer = call.account, self[of: author].blocks.contains(viewer) { return answer([Post](), call) }
        return answer(
            Page(call).cut(world) { post in
                guard post.author == author, post.visibility != .direct || call.account == author else { return false }
                if call.flag("pinned"), !pins.contains(post.id) { return false }
                if call.flag("exclude_reblogs"), post.reblogOf != 0 { return false }
                if call.flag("exclude_replies"), post.replyTo != 0,
                    world.position(of: post.replyTo).map({ world.posts[$0].author }) != author
                { return false }
                if call.flag("only_media"), post.media == 0, world.written[post.id]?.latest.media.isEmpty ?? true { return false }
                if let tag, !world.tags(of: post).contains(tag) { return false }
                return canSee(post, call.account)
            }, call)
    }

    /// Accounts whose name begins with the words, then those that have them anywhere.
    func findAccounts(_ query: String) -> [Int32] {
        var words = query.lowercased()
        if words.hasPrefix("@") { words.removeFirst() }
        guard !words.isEmpty else { return [] }
        if let exact = world.find(acct: words) { return [exact] }
        let indices = world.people.indices.map { Int32($0) }
        let starts = indices.filter { world.people[Int($0)].acct.hasPrefix(words) }
        let inside = indices.filter { index in
            let person = world.people[Int(index)]
            return !person.acct.hasPrefix(words) && (person.acct.contains(words) || person.displayName.lowercased().contains(words))
        }
        return starts + inside
    }

    mutating func updateProfile(_ call: Call) throws -> Answer {
        let viewer = Int(try call.viewer)
        if let name = call["display_name"] { world.people[viewer].displayName = name }
        if let note = call["note"] { world.people[viewer].note = note }
        if call["locked"] != nil { world.people[viewer].locked = call.flag("locked") }
        if call["bot"] != nil { world.people[viewer].bot = call.flag("bot") }
        if call["discoverable"] != nil { world.people[viewer].discoverable = call.flag("discoverable") }
        if call["indexable"] != nil { world.people[viewer].indexable = call.flag("indexable") }
        if call["hide_collections"] != nil { world.people[viewer].hidesCollections = call.flag("hide_collections") }
        return Answer(json(own: Int32(viewer), call.base))
    }
}
