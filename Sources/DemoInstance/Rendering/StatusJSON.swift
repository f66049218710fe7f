import Fediverse

/// Statuses as JSON, members in Mastodon's order.
extension DemoState {
    /// - Parameter viewer: whose marks and filters stand in it; without one these members are absent.
    func json(status post: Post, for viewer: Int32?, _ base: String, depth: Int = 0) -> JSON {
        let inner = post.reblogOf == 0 ? nil : world.post(post.reblogOf)
        let written = world.written[post.id]
        let parent = post.replyTo == 0 ? nil : world.position(of: post.replyTo).map { world.posts[$0].author }
        let language = written.map { JSON($0.language) } ?? (post.reblogOf != 0 ? nil : .string(post.language.rawValue))
        let edited = written.flatMap { $0.versions.count > 1 ? $0.latest.at : nil }
        let isReblog = post.reblogOf != 0
        var status: JSON = [
            "id": JSON(id: post.id), "created_at": .string(Timestamp.text(post.createdAt)),
            "in_reply_to_id": post.replyTo == 0 ? nil : JSON(id: post.replyTo),
            "in_reply_to_account_id": parent.map { JSON(id: world.people[Int($0)].id) } ?? nil,
            "sensitive": .bool(post.isSensitive), "spoiler_text": .string(world.spoiler(of: post)),
            "visibility": .string(post.visibility.rawValue), "language": language, "uri": .string(world.uri(of: post)),
            "url": .string(isReblog ? world.uri(of: post) : world.url(of: post)), "replies_count": JSON(post.replies),
            "reblogs_count": JSON(post.reblogs), "favourites_count": JSON(world.favouriteCount(post)), "quotes_count": JSON(post.quotes),
            "edited_at": edited.map { .string(Timestamp.text($0)) } ?? nil,
        ]
        if let viewer { status = status.joined(marks(on: inner ?? post, by: viewer)) }
        status = status.joined(["content": .string(isReblog ? "" : world.html(world.text(of: post)))])
        if let viewer { status = status.joined(["filtered": .array(filterResults(inner ?? post, for: viewer))]) }
        return status.joined([
            "reblog": inner.map { json(status: $0, for: viewer, base, depth: depth) } ?? nil,
            "application": written?.application.map { ["name": .string($0), "website": nil] } ?? nil,
            "account": json(account: post.author, base), "media_attachments": .array(attachments(of: post, base)),
            "mentions": .array(world.mentions(of: post).map { mention($0) }),
            "tags": .array(world.tags(of: post).map { ["name": .string($0), "url": .string("https://\(world.domain)/tags/\($0)")] }),
            "emojis": [], "tagged_collections": [], "quote": quote(of: post, for: viewer, base, depth: depth), "card": nil, "poll": nil,
            "quote_approval": ["automatic": ["public"], "manual": [], "current_user": "automatic"],
        ])
    }

    private func marks(on post: Post, by viewer: Int32) -> JSON {
        let mine = self[of: viewer]
        let reblogged = post.reblogs > 0 && world.posts[world.firstPosition(from: post.id)...].contains {
            $0.reblogOf == post.id && $0.author == viewer && !$0.isDeleted
        }
        let marks: JSON = [
            "favourited": .bool(mine.hasFavourited(post.id)), "reblogged": .bool(reblogged),
            "muted": .bool(mine.mutedThreads.contains(threadStart(post))), "bookmarked": .bool(mine.hasBookmarked(post.id)),
        ]
        return post.author == viewer ? marks.joined(["pinned": .bool(mine.pins.contains(post.id))]) : marks
    }

    private func quote(of post: Post, for viewer: Int32?, _ base: String, depth: Int) -> JSON {
        guard post.quoteOf != 0 else { return nil }
        guard let quoted = world.post(post.quoteOf) else { return ["state": "deleted", "quoted_status": nil] }
        guard canSee(quoted, viewer) else { return ["state": "unauthorized", "quoted_status": nil] }
        if let viewer, isHidden(quoted.author, from: viewer) {
            let isBlocked = self[of: viewer].blocks.contains(quoted.author)
            return ["state": isBlocked ? "blocked_account" : "muted_account", "quoted_status": nil]
        }
        // A quote in a quote is shown as an id only.
        if depth > 0 { return ["state": "accepted", "quoted_status_id": JSON(id: quoted.id)] }
        return ["state": "accepted", "quoted_status": json(status: quoted, for: viewer, base, depth: depth + 1)]
    }

    func mention(_ index: Int32) -> JSON {
        let person = world.people[Int(index)]
        return [
            "id": JSON(id: person.id), "username": .string(person.username), "url": .string(world.url(of: person)),
            "acct": .string(person.acct),
        ]
    }

    private func attachments(of post: Post, _ base: String) -> [JSON] {
        if let written = world.written[post.id] { return written.latest.media.map { attachment($0, base) } }
        guard post.reblogOf == 0 else { return [] }
        return (0..<Int(post.media)).map { number in
            let address = "\(base)/pictures/posts/\(post.id)-\(number).png"
            return Self.attachment(
                id: post.id &+ Int64(number), type: "image", address: address, width: 96, height: 64,
                description: "A pattern of two colours")
        }
    }

    /// What somebody uploaded.
    func attachment(_ id: Int64, _ base: String) -> JSON {
        let stored = media[id]
        return Self.attachment(
            id: id, type: stored.map { String($0.type.split(separator: "/").first ?? "unknown") } ?? "unknown",
            address: "\(base)/media/\(id)", width: 96, height: 64, description: stored?.description)
    }

    private static func attachment(
        id: Int64, type: String, address: String, width: Int, height: Int, description: String?
    ) -> JSON {
        let size: JSON = [
            "width": JSON(width), "height": JSON(height), "size": .string("\(width)x\(height)"), "aspect": .double(Double(width) / Double(height)),
        ]
        return [
            "id": JSON(id: id), "type": .string(type), "url": .string(address), "preview_url": .string(address), "remote_url": nil,
            "preview_remote_url": nil, "text_url": nil, "meta": ["original": size, "small": size], "description": JSON(description),
            "blurhash": "UGC~-#M{0JfkNFofR%M{IURj%Mt7E0oM%MR*",
        ]
    }

    /// The first post of the conversation, as far as it is known.
    func threadStart(_ post: Post) -> Int64 {
        var id = post.id
        var parent = post.replyTo
        while parent != 0, let index = world.position(of: parent) {
            id = parent
            parent = world.posts[index].replyTo
        }
        return id
    }
}
