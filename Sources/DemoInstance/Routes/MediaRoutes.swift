import HTTPTypes

extension Routes {
    mutating func addMedia() {
        post("/api/v1/media", .person("write:media")) { state, call in try state.upload(call) }
        post("/api/v2/media", .person("write:media")) { state, call in try state.upload(call) }
        get("/api/v1/media/:id", .person("write:media")) { state, call in
            let id = try call.id()
            guard state.media[id]?.owner == call.account else { throw APIFailure.notFound }
            return Answer(state.attachment(id, call.base))
        }
        put("/api/v1/media/:id", .person("write:media")) { state, call in
            let id = try call.id()
            guard state.media[id]?.owner == call.account else { throw APIFailure.notFound }
            if let description = call["description"] { state.media[id]?.description = description }
            return Answer(state.attachment(id, call.base))
        }
        get("/media/:id") { state, call in
            guard let media = state.media[try call.id()] else { throw APIFailure.notFound }
            return Answer(body: media.bytes, type: media.type)
        }
        get("/pictures/:kind/:name") { _, call in
            // The id, or for a post's picture the id and a number, is the seed.
            let name = call.parameters["name"] ?? ""
            guard name.hasSuffix(".png") else { throw APIFailure.notFound }
            let parts = name.dropLast(4).split(separator: "-")
            guard let id = parts.first.flatMap({ UInt64($0) }) else { throw APIFailure.notFound }
            let number = parts.count > 1 ? UInt64(parts[1]) ?? 0 : 0
            let size =
                switch call.parameters["kind"] {
                case "avatars": (64, 64)
                case "headers": (96, 32)
                case "posts": (96, 64)
                default: throw APIFailure.notFound
                }
            let png = Picture.png(seed: id &+ number &* 1_000_003, width: size.0, height: size.1)
            return Answer(body: png, type: "image/png").with(.cacheControl, "public, max-age=86400")
        }
    }
}

extension DemoState {
    mutating func upload(_ call: Call) throws -> Answer {
        let viewer = try call.viewer
        guard let file = call.files.first(where: { $0.field == "file" }), !file.bytes.isEmpty else {
            throw APIFailure.invalid("File can't be blank")
        }
        guard ["image/", "video/", "audio/"].contains(where: file.type.hasPrefix) else {
            throw APIFailure.invalid("File content type is not supported")
        }
        let id = nextID()
        media[id] = Media(owner: viewer, type: file.type, bytes: file.bytes, description: call["description"])
        mediaOrder.append(id)
        mediaBytes += file.bytes.count
        while mediaBytes > settings.mediaBytes, mediaOrder.count > 1 {
            mediaBytes -= media.removeValue(forKey: mediaOrder.removeFirst())?.bytes.count ?? 0
        }
        return Answer(attachment(id, call.base))
    }
}
