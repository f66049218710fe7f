extension Routes {
    mutating func addAccountActs() {
        act("follow", "write:follows") { state, other, viewer, call in
            guard other != viewer else { throw APIFailure(status: 403, message: "This action is not allowed") }
            guard !state[of: other].blocks.contains(viewer), !state[of: viewer].blocks.contains(other) else {
                throw APIFailure(status: 403, message: "This action is not allowed")
            }
            if call["reblogs"] != nil {
                if call.flag("reblogs") {
                    state[of: viewer].withoutReblogs.remove(other)
                } else {
                    state[of: viewer].withoutReblogs.insert(other)
                }
            }
            if call["notify"] != nil {
                if call.flag("notify") { state[of: viewer].notifying.insert(other) } else { state[of: viewer].notifying.remove(other) }
            }
            state.follow(other, by: viewer, at: call.now)
        }
        act("unfollow", "write:follows") { state, other, viewer, _ in state.unfollow(other, by: viewer) }
        act("remove_from_followers", "write:follows") { state, other, viewer, _ in state.unfollow(viewer, by: other) }
        act("mute", "write:mutes") { state, other, viewer, call in
            state[of: viewer].mutes.removeAll { $0.account == other }
            state[of: viewer].mutes.append(.init(account: other, notifications: call["notifications"] == nil || call.flag("notifications")))
        }
        act("unmute", "write:mutes") { state, other, viewer, _ in state[of: viewer].mutes.removeAll { $0.account == other } }
        act("block", "write:blocks") { state, other, viewer, _ in
            if !state[of: viewer].blocks.contains(other) { state[of: viewer].blocks.append(other) }
            state.unfollow(other, by: viewer)
            state.unfollow(viewer, by: other)
        }
        act("unblock", "write:blocks") { state, other, viewer, _ in state[of: viewer].blocks.removeAll { $0 == other } }
        act("note", "write:accounts") { state, other, viewer, call in state[of: viewer].accountNotes[other] = call["comment"] ?? "" }

        get("/api/v1/mutes", .person("read:mutes")) { state, call in
            state.answer(state[of: try call.viewer].mutes.map(\.account), call)
        }
        get("/api/v1/blocks", .person("read:blocks")) { state, call in state.answer(state[of: try call.viewer].blocks, call) }
        get("/api/v1/domain_blocks", .person("read:blocks")) { state, call in
            Answer(.array(state[of: try call.viewer].domainBlocks.map { .string($0) }))
        }
        post("/api/v1/domain_blocks", .person("write:blocks")) { state, call in
            let viewer = try call.viewer
            guard let domain = call["domain"]?.lowercased(), !domain.isEmpty else { throw APIFailure.invalid("Domain can't be blank") }
            if !state[of: viewer].domainBlocks.contains(domain) { state[of: viewer].domainBlocks.append(domain) }
            return Answer([:])
        }
        delete("/api/v1/domain_blocks", .person("write:blocks")) { state, call in
            state[of: try call.viewer].domainBlocks.removeAll { $0 == call["domain"]?.lowercased() }
            return Answer([:])
        }
        get("/api/v1/follow_requests", .person("read:follows")) { state, call in
            let viewer = try call.viewer
            return state.answer(state.accounts.filter { $0.value.requested.contains(viewer) }.keys.sorted(), call)
        }
    }

    /// An act on an account that is answered with the relationship.
    private mutating func act(
        _ name: String, _ scope: String, _ act: @escaping @Sendable (inout DemoState, Int32, Int32, Call) throws -> Void
    ) {
        post("/api/v1/accounts/:id/\(name)", .person(scope)) { state, call in
            let (other, viewer) = (try state.account(try call.id()), try call.viewer)
            try act(&state, other, viewer, call)
            return Answer(state.json(relationship: other, of: viewer))
        }
    }
}

extension DemoState {
    /// A locked account is asked first.
    mutating func follow(_ other: Int32, by viewer: Int32, at now: Int64) {
        guard !world.following[Int(viewer)].contains(other) else { return }
        if world.people[Int(other)].locked {
            self[of: viewer].requested.insert(other)
            return
        }
        world.following[Int(viewer)].append(other)
        world.followers[Int(other)].append(viewer)
        tell(other, .follow, from: viewer, post: 0, at: now)
    }

    mutating func unfollow(_ other: Int32, by viewer: Int32) {
        world.following[Int(viewer)].removeAll { $0 == other }
        world.followers[Int(other)].removeAll { $0 == viewer }
        self[of: viewer].requested.remove(other)
        for index in self[of: viewer].lists.indices { self[of: viewer].lists[index].members.removeAll { $0 == other } }
    }
}
