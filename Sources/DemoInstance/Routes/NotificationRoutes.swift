import HTTPService

extension Routes {
    mutating func addNotifications() {
        get("/api/v1/notifications", .person("read:notifications")) { state, call in
            let viewer = try call.viewer
            let page = Page(call, usual: 40, most: 80)
            let types = call.fields.list("types")
            let excluded = call.fields.list("exclude_types")
            let from = call["account_id"].flatMap { Int64($0) }.flatMap { state.world.positions[$0] }
            let all = state.notifications(of: viewer).filter { event in
                (types.isEmpty || types.contains(event.kind.rawValue)) && !excluded.contains(event.kind.rawValue)
                    && (from == nil || event.from == from)
            }
            let cut = page.cut(all) { $0.id }
            return Answer(.array(cut.map { state.json(event: $0, of: viewer, call.base) }))
                .with(.link, Page.link(call, first: cut.first?.id, last: cut.last?.id))
        }
        get("/api/v1/notifications/unread_count", .person("read:notifications")) { state, call in
            let viewer = try call.viewer
            let read = state[of: viewer].markers["notifications"].flatMap { Int64($0.lastRead) } ?? 0
            return Answer(["count": JSON(min(100, state.notifications(of: viewer).count { $0.id > read }))])
        }
        get("/api/v1/notifications/:id", .person("read:notifications")) { state, call in
            let (viewer, id) = (try call.viewer, try call.id())
            guard let event = state.notifications(of: viewer).first(where: { $0.id == id }) else { throw APIFailure.notFound }
            return Answer(state.json(event: event, of: viewer, call.base))
        }
        post("/api/v1/notifications/clear", .person("write:notifications")) { state, call in
            let viewer = try call.viewer
            state[of: viewer].clearedUpTo = state.world.events[Int(viewer)].last?.id ?? 0
            return Answer([:])
        }
        post("/api/v1/notifications/:id/dismiss", .person("write:notifications")) { state, call in
            state[of: try call.viewer].dismissed.insert(try call.id())
            return Answer([:])
        }
        get("/api/v1/markers", .person("read:statuses")) { state, call in
            let markers = state[of: try call.viewer].markers
            return Answer(.markers(call.fields.list("timeline").compactMap { name in markers[name].map { (name, $0) } }))
        }
        post("/api/v1/markers", .person("write:statuses")) { state, call in
            let viewer = try call.viewer
            var changed: [(String, AccountState.Marker)] = []
            for name in ["home", "notifications"] {
                guard let id = call["\(name)[last_read_id]"] else { continue }
                let version = (state[of: viewer].markers[name]?.version ?? 0) + 1
                let marker = AccountState.Marker(lastRead: id, version: version, updatedAt: call.now)
                state[of: viewer].markers[name] = marker
                changed.append((name, marker))
            }
            return Answer(.markers(changed))
        }
        get("/api/v1/conversations", .person("read:statuses")) { _, _ in Answer([]) }
        get("/api/v1/announcements", .person("read")) { _, _ in Answer([]) }
    }
}

extension JSON {
    fileprivate static func markers(_ all: [(String, AccountState.Marker)]) -> JSON {
        .object(
            all.map { name, marker in
                Member(
                    name: name,
                    value: [
                        "last_read_id": .string(marker.lastRead), "version": JSON(marker.version),
                        "updated_at": .string(Timestamp.text(marker.updatedAt)),
                    ])
            })
    }
}

extension DemoState {
    /// Oldest first, without what was dismissed, is gone, or comes from somebody who is muted with their notifications.
    func notifications(of viewer: Int32) -> [WorldEvent] {
        let mine = self[of: viewer]
        return world.events[Int(viewer)].filter { event in
            guard event.id > mine.clearedUpTo, !mine.dismissed.contains(event.id) else { return false }
            if let mute = mine.mutes.first(where: { $0.account == event.from }), mute.notifications { return false }
            if mine.blocks.contains(event.from) { return false }
            guard event.post != 0 else { return true }
            guard let post = world.post(event.post), canSee(post, viewer) else { return false }
            return !mine.mutedThreads.contains(threadStart(post))
        }
    }

    func json(event: WorldEvent, of viewer: Int32, _ base: String) -> JSON {
        let notification: JSON = [
            "id": JSON(id: event.id), "type": .string(event.kind.rawValue), "created_at": .string(Timestamp.text(event.id >> 16)),
            "group_key": .string("ungrouped-\(event.id)"), "account": json(account: event.from, base),
        ]
        guard let post = world.post(event.post) else { return notification }
        return notification.joined(["status": json(status: post, for: viewer, base)])
    }
}
