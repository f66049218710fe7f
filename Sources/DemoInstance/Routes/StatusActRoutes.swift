import Fediverse

extension Routes {
    mutating func addStatusActs() {
        act("favourite", "write:favourites") { state, post, call in
            let viewer = try call.viewer
            guard !state[of: viewer].hasFavourited(post.id) else { return }
            state[of: viewer].favourites.append(.init(id: state.nextID(), post: post.id))
            state.world.update(post.id) { $0.favourites += 1 }
            state.tell(post.author, .favourite, from: viewer, post: post.id, at: call.now)
        }
        act("unfavourite", "write:favourites") { state, post, call in
            let viewer = try call.viewer
            guard state[of: viewer].hasFavourited(post.id) else { return }
            state[of: viewer].favourites.removeAll { $0.post == post.id }
            state.world.update(post.id) { $0.favourites -= 1 }
        }
        act("bookmark", "write:bookmarks") { state, post, call in
            let viewer = try call.viewer
            guard !state[of: viewer].hasBookmarked(post.id) else { return }
            state[of: viewer].bookmarks.append(.init(id: state.nextID(), post: post.id))
        }
        act("unbookmark", "write:bookmarks") { state, post, call in
            state[of: try call.viewer].bookmarks.removeAll { $0.post == post.id }
        }
        act("mute", "write:mutes") { state, post, call in
            state[of: try call.viewer].mutedThreads.insert(state.threadStart(post))
        }
        act("unmute", "write:mutes") { state, post, call in
            state[of: try call.viewer].mutedThreads.remove(state.threadStart(post))
        }
        act("pin", "write:accounts") { state, post, call in
            let viewer = try call.viewer
            guard post.author == viewer else { throw APIFailure.invalid("Someone else's post cannot be pinned") }
            guard !state[of: viewer].pins.contains(post.id) else { return }
            state[of: viewer].pins.append(post.id)
        }
        act("unpin", "write:accounts") { state, post, call in
            state[of: try call.viewer].pins.removeAll { $0 == post.id }
        }
        act("unreblog", "write:statuses") { state, post, call in
            let viewer = try call.viewer
            for boost in state.boosts(of: post.id, by: viewer) { state.world.delete(boost.id) }
        }
        post("/api/v1/statuses/:id/reblog", .person("write:statuses")) { state, call in try state.reblog(call) }
        get("/api/v1/favourites", .person("read:favourites")) { state, call in
            state.answer(state[of: try call.viewer].favourites, call)
        }
        get("/api/v1/bookmarks", .person("read:bookmarks")) { state, call in
            state.answer(state[of: try call.viewer].bookmarks, call)
        }
    }

    /// An act on a status that is answered with the status; on a boost it goes to what was boosted.
    private mutating func act(
        _ name: String, _ scope: String, _ act: @escaping @Sendable (inout DemoState, Post, Call) throws -> Void
    ) {
        post("/api/v1/statuses/:id/\(name)", .person(scope)) { state, call in
            let shown = try state.visible(try call.id(), call)
            let post = shown.reblogOf == 0 ? shown : try state.visible(shown.reblogOf, call)
            try act(&state, post, call)
            return Answer(state.json(status: state.world.post(post.id) ?? post, for: call.account, call.base))
        }
    }
}

extension DemoState {
    func boosts(of id: Int64, by viewer: Int32) -> [Post] {
        world.posts[world.firstPosition(from: id)...].filter { $0.reblogOf == id && $0.author == viewer && !$0.isDeleted }
    }

    mutating func reblog(_ call: Call) throws -> Answer {
        let viewer = try call.viewer
        let shown = try visible(try call.id(), call)
        let post = shown.reblogOf == 0 ? shown : try visible(shown.reblogOf, call)
        let isOwn = post.author == viewer && post.visibility == .private
        guard post.visibility == .public || post.visibility == .unlisted || isOwn else { throw APIFailure.notFound }
        if let earlier = boosts(of: post.id, by: viewer).first {
            return Answer(json(status: earlier, for: viewer, call.base))
        }
        var boost = Post(id: world.freshID(at: call.now), author: viewer)
        boost.reblogOf = post.id
        boost.visibility = call["visibility"].map { Visibility(word: $0) } ?? post.visibility
        world.insert(boost)
        tell(post.author, .reblog, from: viewer, post: post.id, at: call.now)
        return Answer(json(status: boost, for: viewer, call.base))
    }
}
