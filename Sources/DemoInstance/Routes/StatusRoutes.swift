import Fediverse
import HTTPService
import HTTPTypes

extension Routes {
    mutating func addStatuses() {
        get("/api/v1/statuses") { state, call in
            let posts = call.fields.list("id").prefix(40).compactMap { Int64($0) }.compactMap { state.world.post($0) }
            return Answer(
                .array(posts.filter { state.canSee($0, call.account) }.map { state.json(status: $0, for: call.account, call.base) }))
        }
        post("/api/v1/statuses", .person("write:statuses")) { state, call in try state.publish(call) }
        get("/api/v1/statuses/:id") { state, call in
            Answer(state.json(status: try state.visible(try call.id(), call), for: call.account, call.base))
        }
        put("/api/v1/statuses/:id", .person("write:statuses")) { state, call in try state.edit(call) }
        delete("/api/v1/statuses/:id", .person("write:statuses")) { state, call in
            let post = try state.own(call)
            let json = state.json(status: post, for: call.account, call.base).setting("text", .string(state.world.text(of: post)))
            state.world.delete(post.id)
            return Answer(json)
        }
        get("/api/v1/statuses/:id/context") { state, call in
            let post = try state.visible(try call.id(), call)
            let isShown = { (post: Post) in state.isShown(post, call.account) }
            let json = { (post: Post) in state.json(status: post, for: call.account, call.base) }
            return Answer([
                "ancestors": .array(state.ancestors(of: post).filter(isShown).map(json)),
                "descendants": .array(state.descendants(of: post).filter(isShown).map(json)),
            ])
        }
        get("/api/v1/statuses/:id/source", .person("read:statuses")) { state, call in
            let post = try state.own(call)
            return Answer([
                "id": JSON(id: post.id), "text": .string(state.world.text(of: post)), "spoiler_text": .string(state.world.spoiler(of: post)),
            ])
        }
        get("/api/v1/statuses/:id/history") { state, call in
            let post = try state.visible(try call.id(), call)
            let versions = state.world.written[post.id]?.versions ?? [
                Written.Version(
                    text: state.world.text(of: post), spoiler: state.world.spoiler(of: post), isSensitive: post.isSensitive, media: [],
                    at: post.createdAt)
            ]
            return Answer(
                .array(
                    versions.map { version in
                        [
                            "content": .string(state.world.html(version.text)), "spoiler_text": .string(version.spoiler),
                            "sensitive": .bool(version.isSensitive), "created_at": .string(Timestamp.text(version.at)),
                            "account": state.json(account: post.author, call.base),
                            "media_attachments": .array(version.media.map { state.attachment($0, call.base) }), "emojis": [],
                        ]
                    }))
        }
        get("/api/v1/statuses/:id/favourited_by") { state, call in
            state.answer(state.favouriters(of: try state.visible(try call.id(), call)), call)
        }
        get("/api/v1/statuses/:id/reblogged_by") { state, call in
            let post = try state.visible(try call.id(), call)
            let boosts = state.world.posts[state.world.firstPosition(from: post.id)...].filter { $0.reblogOf == post.id && !$0.isDeleted }
            return state.answer(boosts.map(\.author), call)
        }
    }
}

extension DemoState {
    /// A status of the caller.
    func own(_ call: Call) throws -> Post {
        let post = try visible(try call.id(), call)
        guard post.author == call.account else { throw APIFailure.notFound }
        return post
    }

    func ancestors(of post: Post) -> [Post] {
        var found: [Post] = []
        var parent = post.replyTo
        while let next = world.post(parent), found.count < 100 {
            found.append(next)
            parent = next.replyTo
        }
        return found.reversed()
    }

    /// Depth first, each branch in the order of its posts.
    func descendants(of post: Post) -> [Post] {
        var found: [Post] = []
        var waiting = (world.answers[post.id] ?? []).reversed().map { $0 }
        while let id = waiting.popLast(), found.count < 400 {
            guard let next = world.post(id) else { continue }
            found.append(next)
            waiting += (world.answers[id] ?? []).reversed()
        }
        return found
    }

    /// Posts once: the same key gives the same status for an hour.
    mutating func publish(_ call: Call) throws -> Answer {
        let viewer = try call.viewer
        let key = call.headers[.idempotencyKey].map { "\(viewer) \($0)" }
        if let key, let earlier = idempotent[key], call.now - earlier.at < 3_600_000, let post = world.post(earlier.post) {
            return Answer(json(status: post, for: viewer, call.base))
        }
        let text = call["status"] ?? ""
        let uploads = try uploads(call, of: viewer)
        guard !text.allSatisfy(\.isWhitespace) || !uploads.isEmpty else { throw APIFailure.invalid("Text can't be blank") }
        guard text.count + (call["spoiler_text"] ?? "").count <= 500 else {
            throw APIFailure.invalid("Text character limit of 500 exceeded")
        }
        var post = Post(id: world.freshID(at: call.now), author: viewer)
        post.isWritten = true
        post.seed = UInt64(bitPattern: post.id)
        post.visibility = call["visibility"].map { Visibility(word: $0) } ?? .public
        if let parent = call["in_reply_to_id"].flatMap({ Int64($0) }) {
            post.replyTo = try visible(parent, call).id
        } else if let parent = call["in_reply_to_id"], !parent.isEmpty {
            throw APIFailure.notFound
        }
        if let quoted = call["quoted_status_id"].flatMap({ Int64($0) }) { post.quoteOf = try visible(quoted, call).id }
        let spoiler = call["spoiler_text"] ?? ""
        post.isSensitive = call.flag("sensitive") || !spoiler.isEmpty
        let parts = TextParts(text)
        var mentions: [Int32] = []
        for name in parts.mentions {
            if let index = world.find(acct: name), !mentions.contains(index) { mentions.append(index) }
        }
        let version = Written.Version(text: text, spoiler: spoiler, isSensitive: post.isSensitive, media: uploads, at: post.createdAt)
        world.written[post.id] = Written(
            versions: [version], language: call["language"] ?? world.people[Int(viewer)].language.rawValue, mentions: mentions,
            application: call.token.flatMap { tokens[$0]?.app }.flatMap { apps[$0]?.name })
        world.insert(post)
        for index in mentions where index != viewer { tell(index, .mention, from: viewer, post: post.id, at: call.now) }
        if let key { idempotent[key] = (post.id, call.now) }
        return Answer(json(status: post, for: viewer, call.base))
    }

    mutating func edit(_ call: Call) throws -> Answer {
        let post = try own(call)
        guard post.reblogOf == 0 else { throw APIFailure.notFound }
        var written = world.written[post.id] ?? Written(
            versions: [
                Written.Version(
                    text: world.text(of: post), spoiler: world.spoiler(of: post), isSensitive: post.isSensitive, media: [],
                    at: post.createdAt)
            ], language: post.language.rawValue, mentions: world.mentions(of: post), application: nil)
        var version = written.latest
        if let text = call["status"] { version.text = text }
        if let spoiler = call["spoiler_text"] { version.spoiler = spoiler }
        if call["sensitive"] != nil { version.isSensitive = call.flag("sensitive") }
        if !call.fields.list("media_ids").isEmpty { version.media = try uploads(call, of: post.author) }
        guard !version.text.isEmpty || !version.media.isEmpty else { throw APIFailure.invalid("Text can't be blank") }
        version.at = call.now
        written.versions.append(version)
        if let language = call["language"] { written.language = language }
        world.written[post.id] = written
        world.update(post.id) { $0.isSensitive = version.isSensitive }
        world.news.append(.edited(post.id))
        return Answer(json(status: try own(call), for: call.account, call.base))
    }

    private func uploads(_ call: Call, of viewer: Int32) throws -> [Int64] {
        let ids = call.fields.list("media_ids").compactMap { Int64($0) }
        guard ids.count <= 4, ids.allSatisfy({ media[$0]?.owner == viewer }) else { throw APIFailure.notFound }
        return ids
    }

    /// A notification for somebody, unless they want nothing of the sender.
    mutating func tell(_ account: Int32, _ kind: WorldEvent.Kind, from sender: Int32, post: Int64, at now: Int64) {
        guard account != sender else { return }
        let last = world.events[Int(account)].last?.id ?? 0
        let event = WorldEvent(id: max(now << 16, last + 1), kind: kind, from: sender, post: post)
        world.events[Int(account)].append(event)
        world.news.append(.notified(account, event))
    }
}
