import HTTPService

extension Routes {
    mutating func addFilters() {
        get("/api/v2/filters", .person("read:filters")) { state, call in
            Answer(.array(state[of: try call.viewer].filters.map { state.json(filter: $0) }))
        }
        post("/api/v2/filters", .person("write:filters")) { state, call in
            let viewer = try call.viewer
            var filter = AccountState.Filter(
                id: state.nextID(), title: "", contexts: [], expiresAt: nil, action: "warn", keywords: [], statuses: [])
            try filter.take(call)
            for (text, whole) in call.keywords { filter.keywords.append(.init(id: state.nextID(), text: text, wholeWord: whole)) }
            state[of: viewer].filters.append(filter)
            return Answer(state.json(filter: filter))
        }
        get("/api/v2/filters/:id", .person("read:filters")) { state, call in
            Answer(state.json(filter: try state.filter(try call.id(), of: try call.viewer)))
        }
        put("/api/v2/filters/:id", .person("write:filters")) { state, call in
            var filter = try state.filter(try call.id(), of: try call.viewer)
            try filter.take(call)
            for (text, whole) in call.keywords { filter.keywords.append(.init(id: state.nextID(), text: text, wholeWord: whole)) }
            try state.store(filter, of: try call.viewer)
            return Answer(state.json(filter: filter))
        }
        delete("/api/v2/filters/:id", .person("write:filters")) { state, call in
            let filter = try state.filter(try call.id(), of: try call.viewer)
            state[of: try call.viewer].filters.removeAll { $0.id == filter.id }
            return Answer([:])
        }
        get("/api/v2/filters/:id/keywords", .person("read:filters")) { state, call in
            Answer(.array(try state.filter(try call.id(), of: try call.viewer).keywords.map { state.json(keyword: $0) }))
        }
        post("/api/v2/filters/:id/keywords", .person("write:filters")) { state, call in
            var filter = try state.filter(try call.id(), of: try call.viewer)
            guard let text = call["keyword"], !text.isEmpty else { throw APIFailure.invalid("Keyword can't be blank") }
            let keyword = AccountState.Filter.Keyword(id: state.nextID(), text: text, wholeWord: call.flag("whole_word"))
            filter.keywords.append(keyword)
            try state.store(filter, of: try call.viewer)
            return Answer(state.json(keyword: keyword))
        }
        delete("/api/v2/filters/keywords/:id", .person("write:filters")) { state, call in
            let (viewer, id) = (try call.viewer, try call.id())
            for index in state[of: viewer].filters.indices { state[of: viewer].filters[index].keywords.removeAll { $0.id == id } }
            return Answer([:])
        }
        get("/api/v2/filters/:id/statuses", .person("read:filters")) { state, call in
            Answer(.array(try state.filter(try call.id(), of: try call.viewer).statuses.map { state.json(filtered: $0) }))
        }
        post("/api/v2/filters/:id/statuses", .person("write:filters")) { state, call in
            var filter = try state.filter(try call.id(), of: try call.viewer)
            guard let id = call["status_id"].flatMap({ Int64($0) }) else { throw APIFailure.notFound }
            let mark = AccountState.Mark(id: state.nextID(), post: try state.visible(id, call).id)
            filter.statuses.append(mark)
            try state.store(filter, of: try call.viewer)
            return Answer(state.json(filtered: mark))
        }
        delete("/api/v2/filters/statuses/:id", .person("write:filters")) { state, call in
            let (viewer, id) = (try call.viewer, try call.id())
            for index in state[of: viewer].filters.indices { state[of: viewer].filters[index].statuses.removeAll { $0.id == id } }
            return Answer([:])
        }
        get("/api/v1/filters", .person("read:filters")) { state, call in
            let filters = state[of: try call.viewer].filters
            return Answer(.array(filters.flatMap { filter in filter.keywords.map { state.json(first: filter, $0) } }))
        }
        post("/api/v1/filters", .person("write:filters")) { state, call in
            guard let phrase = call["phrase"], !phrase.isEmpty else { throw APIFailure.invalid("Keyword can't be blank") }
            let keyword = AccountState.Filter.Keyword(id: state.nextID(), text: phrase, wholeWord: call.flag("whole_word"))
            var filter = AccountState.Filter(
                id: state.nextID(), title: phrase, contexts: [], expiresAt: nil, action: call.flag("irreversible") ? "hide" : "warn",
                keywords: [keyword], statuses: [])
            try filter.take(call)
            state[of: try call.viewer].filters.append(filter)
            return Answer(state.json(first: filter, keyword))
        }
        delete("/api/v1/filters/:id", .person("write:filters")) { state, call in
            let (viewer, id) = (try call.viewer, try call.id())
            state[of: viewer].filters.removeAll { filter in filter.keywords.contains { $0.id == id } }
            return Answer([:])
        }
    }
}

extension AccountState.Filter {
    mutating func take(_ call: Call) throws {
        if let new = call["title"] { title = new }
        let contexts = call.fields.list("context")
        if !contexts.isEmpty { self.contexts = contexts }
        guard !title.isEmpty else { throw APIFailure.invalid("Title can't be blank") }
        guard !self.contexts.isEmpty else { throw APIFailure.invalid("Context can't be blank") }
        guard self.contexts.allSatisfy(["home", "notifications", "public", "thread", "account"].contains) else {
            throw APIFailure.invalid("Context None or invalid context supplied")
        }
        if let action = call["filter_action"] {
            guard ["warn", "hide", "blur"].contains(action) else { throw APIFailure.invalid("Action is not included in the list") }
            self.action = action
        }
        if let seconds = call["expires_in"].flatMap({ Int64($0) }) { expiresAt = call.now + seconds * 1_000 }
    }
}

extension Call {
    /// `keywords_attributes` in the spellings of forms and of JSON.
    fileprivate var keywords: [(String, Bool)] {
        var found: [(String, Bool)] = []
        for field in fields.all where field.name.hasPrefix("keywords_attributes") {
            if field.name.hasSuffix("[keyword]") { found.append((field.value, false)) }
            if field.name.hasSuffix("[whole_word]"), !found.isEmpty { found[found.count - 1].1 = ["true", "1", "on"].contains(field.value) }
        }
        return found
    }
}

extension DemoState {
    func json(filter: AccountState.Filter) -> JSON {
        filterJSON(filter).joined([
            "keywords": .array(filter.keywords.map { json(keyword: $0) }), "statuses": .array(filter.statuses.map { json(filtered: $0) }),
        ])
    }

    func json(keyword: AccountState.Filter.Keyword) -> JSON {
        ["id": JSON(id: keyword.id), "keyword": .string(keyword.text), "whole_word": .bool(keyword.wholeWord)]
    }

    func json(filtered: AccountState.Mark) -> JSON { ["id": JSON(id: filtered.id), "status_id": JSON(id: filtered.post)] }

    /// The first version of the API knows one phrase a filter.
    func json(first filter: AccountState.Filter, _ keyword: AccountState.Filter.Keyword) -> JSON {
        [
            "id": JSON(id: keyword.id), "phrase": .string(keyword.text), "context": .array(filter.contexts.map { .string($0) }),
            "whole_word": .bool(keyword.wholeWord), "expires_at": filter.expiresAt.map { .string(Timestamp.text($0)) } ?? nil,
            "irreversible": .bool(filter.action == "hide"),
        ]
    }

    func filter(_ id: Int64, of viewer: Int32) throws -> AccountState.Filter {
        guard let filter = self[of: viewer].filters.first(where: { $0.id == id }) else { throw APIFailure.notFound }
        return filter
    }

    mutating func store(_ filter: AccountState.Filter, of viewer: Int32) throws {
        guard let index = self[of: viewer].filters.firstIndex(where: { $0.id == filter.id }) else { throw APIFailure.notFound }
        self[of: viewer].filters[index] = filter
    }
}
