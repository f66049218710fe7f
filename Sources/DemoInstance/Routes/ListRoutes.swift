import HTTPService

extension Routes {
    mutating func addLists() {
        get("/api/v1/lists", .person("read:lists")) { state, call in
            Answer(.array(state[of: try call.viewer].lists.map { state.json(list: $0) }))
        }
        post("/api/v1/lists", .person("write:lists")) { state, call in
            let viewer = try call.viewer
            var list = AccountState.List(id: state.nextID(), title: "", repliesPolicy: "list", exclusive: false, members: [])
            try list.take(call)
            state[of: viewer].lists.append(list)
            return Answer(state.json(list: list))
        }
        get("/api/v1/lists/:id", .person("read:lists")) { state, call in Answer(state.json(list: try state.list(call))) }
        put("/api/v1/lists/:id", .person("write:lists")) { state, call in
            try state.changeList(call) { try $0.take(call) }
        }
        delete("/api/v1/lists/:id", .person("write:lists")) { state, call in
            let id = try state.list(call).id
            state[of: try call.viewer].lists.removeAll { $0.id == id }
            return Answer([:])
        }
        get("/api/v1/lists/:id/accounts", .person("read:lists")) { state, call in
            let members = try state.list(call).members
            // 0 asks for all of them, as clients do that show a list's settings.
            if call["limit"] == "0" { return Answer(.array(members.map { state.json(account: $0, call.base) })) }
            return state.answer(members, call)
        }
        post("/api/v1/lists/:id/accounts", .person("write:lists")) { state, call in
            let viewer = try call.viewer
            let others = try call.fields.list("account_ids").map { text in
                guard let id = Int64(text) else { throw APIFailure.notFound }
                return try state.account(id)
            }
            guard others.allSatisfy(state.world.following[Int(viewer)].contains) else { throw APIFailure.notFound }
            return try state.changeList(call) { list in
                for other in others where !list.members.contains(other) { list.members.append(other) }
            }
        }
        delete("/api/v1/lists/:id/accounts", .person("write:lists")) { state, call in
            let others = call.fields.list("account_ids").compactMap { Int64($0) }.compactMap { state.world.positions[$0] }
            return try state.changeList(call) { $0.members.removeAll(where: others.contains) }
        }
    }
}

extension AccountState.List {
    mutating func take(_ call: Call) throws {
        if let new = call["title"] { title = new }
        guard !title.isEmpty else { throw APIFailure.invalid("Title can't be blank") }
        if let policy = call["replies_policy"] {
            guard ["followed", "list", "none"].contains(policy) else { throw APIFailure.invalid("Replies policy is not included in the list") }
            repliesPolicy = policy
        }
        if call["exclusive"] != nil { exclusive = call.flag("exclusive") }
    }
}

extension DemoState {
    func json(list: AccountState.List) -> JSON {
        [
            "id": JSON(id: list.id), "title": .string(list.title), "replies_policy": .string(list.repliesPolicy),
            "exclusive": .bool(list.exclusive),
        ]
    }

    /// The caller's list of this id.
    func list(_ call: Call) throws -> AccountState.List {
        let id = try call.id()
        guard let list = self[of: try call.viewer].lists.first(where: { $0.id == id }) else { throw APIFailure.notFound }
        return list
    }

    mutating func changeList(_ call: Call, _ change: (inout AccountState.List) throws -> Void) throws -> Answer {
        var list = try list(call)
        let before = list.members
        try change(&list)
        let viewer = try call.viewer
        if let index = self[of: viewer].lists.firstIndex(where: { $0.id == list.id }) { self[of: viewer].lists[index] = list }
        return before == list.members && call.path.hasSuffix("accounts") == false ? Answer(json(list: list)) : Answer([:])
    }
}
