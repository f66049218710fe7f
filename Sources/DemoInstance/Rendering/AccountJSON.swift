/// Accounts as JSON, members in Mastodon's order.
extension DemoState {
    func json(account index: Int32, _ base: String) -> JSON {
        let person = world.people[Int(index)]
        let avatar = "\(base)/pictures/avatars/\(person.id).png"
        let header = "\(base)/pictures/headers/\(person.id).png"
        let newest = world.newest[Int(index)]
        var members: JSON = [
            "id": JSON(id: person.id), "username": .string(person.username), "acct": .string(person.acct),
            "display_name": .string(person.displayName), "locked": .bool(person.locked), "bot": .bool(person.bot),
            "discoverable": JSON(person.discoverable),
        ]
        if let indexable = person.indexable { members = members.setting("indexable", .bool(indexable)) }
        let rest: JSON = [
            "group": .bool(person.group), "created_at": .string(Timestamp.text(person.createdAt)), "note": .string(world.html(person.note)),
            "url": .string(world.url(of: person)), "uri": .string(world.uri(of: person)), "avatar": .string(avatar),
            "avatar_static": .string(avatar), "avatar_description": "", "header": .string(header), "header_static": .string(header),
            "header_description": "", "followers_count": JSON(world.followers[Int(index)].count),
            "following_count": JSON(world.following[Int(index)].count), "statuses_count": JSON(world.postCounts[Int(index)]),
            "last_status_at": newest == 0 ? nil : .string(Timestamp.date(newest >> 16)),
            "hide_collections": person.hidesCollections ? true : nil, "show_media": true, "show_media_replies": true, "show_featured": true,
            "noindex": .bool(person.noindex),
            "feature_approval": ["automatic": [], "manual": [], "current_user": "denied"], "emojis": [], "roles": [],
            "fields": .array(person.fields.map { ["name": .string($0.name), "value": .string(plainHTML($0.value)), "verified_at": nil] }),
        ]
        return members.joined(rest)
    }

    /// The person's own account, with what only they see.
    func json(own index: Int32, _ base: String) -> JSON {
        let person = world.people[Int(index)]
        return json(account: index, base).joined([
            "source": [
                "privacy": "public", "sensitive": false, "language": .string(person.language.rawValue), "note": .string(person.note),
                "fields": .array(person.fields.map { ["name": .string($0.name), "value": .string($0.value), "verified_at": nil] }),
                "follow_requests_count": 0, "hide_collections": person.hidesCollections ? true : nil,
                "discoverable": JSON(person.discoverable), "indexable": JSON(person.indexable), "attribution_domains": [],
                "quote_policy": "public",
            ],
            "role": ["id": "-99", "name": "", "permissions": "65536", "color": "", "highlighted": false, "collection_limit": 10],
        ])
    }

    func json(relationship other: Int32, of viewer: Int32) -> JSON {
        let mine = self[of: viewer]
        let following = world.following[Int(viewer)].contains(other)
        let mute = mine.mutes.first { $0.account == other }
        return [
            "id": JSON(id: world.people[Int(other)].id), "following": .bool(following),
            "showing_reblogs": .bool(following && !mine.withoutReblogs.contains(other)),
            "notifying": .bool(mine.notifying.contains(other)), "languages": nil,
            "followed_by": .bool(world.following[Int(other)].contains(viewer)), "blocking": .bool(mine.blocks.contains(other)),
            "blocked_by": .bool(self[of: other].blocks.contains(viewer)), "muting": .bool(mute != nil),
            "muting_notifications": .bool(mute?.notifications ?? false), "muting_expires_at": nil,
            "requested": .bool(mine.requested.contains(other)), "requested_by": .bool(self[of: other].requested.contains(viewer)),
            "domain_blocking": .bool(world.people[Int(other)].domain.map { mine.domainBlocks.contains($0) } ?? false),
            "endorsed": false, "note": .string(mine.accountNotes[other] ?? ""),
        ]
    }

    private func plainHTML(_ text: String) -> String {
        let html = world.html(text)
        return html.hasPrefix("<p>") ? String(html.dropFirst(3).dropLast(4)) : html
    }
}

extension JSON {
    /// The members of both objects.
    func joined(_ other: JSON) -> JSON {
        guard case .object(let mine) = self, case .object(let more) = other else { return self }
        return .object(mine + more)
    }
}
