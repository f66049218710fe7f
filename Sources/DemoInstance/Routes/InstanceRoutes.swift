extension Routes {
    mutating func addInstance() {
        get("/api/v2/instance") { state, call in Answer(state.instanceJSON(call.base)) }
        get("/api/v1/instance") { state, call in Answer(state.firstInstanceJSON(call.base)) }
        get("/api/v1/instance/peers") { state, _ in
            Answer(.array(Set(state.world.people.compactMap(\.domain)).sorted().map { .string($0) }))
        }
        get("/api/v1/instance/rules") { _, _ in Answer(DemoState.rules) }
        get("/api/v1/instance/domain_blocks") { _, _ in Answer([]) }
        get("/api/v1/instance/languages") { _, _ in
            Answer(.array(Language.allCases.map { ["code": .string($0.rawValue), "name": .string($0.rawValue)] }))
        }
        get("/api/v1/instance/translation_languages") { _, _ in Answer([:]) }
        get("/api/v1/instance/extended_description") { state, _ in
            Answer([
                "updated_at": .string(Timestamp.text(state.world.start)), "content": "<p>People and posts here are invented.</p>",
            ])
        }
        get("/api/v1/custom_emojis") { _, _ in Answer([]) }
        get("/api/v1/streaming/health") { _, _ in Answer(body: Array("OK".utf8), type: "text/plain") }
        get("/health") { _, _ in Answer(["status": "OK"]) }
        get("/api/v1/preferences", .person("read:accounts")) { state, call in
            Answer([
                "posting:default:visibility": "public", "posting:default:sensitive": false,
                "posting:default:language": .string(state.world.people[Int(try call.viewer)].language.rawValue),
                "posting:default:quote_policy": "public", "reading:expand:media": "default", "reading:expand:spoilers": false,
                "reading:autoplay:gifs": false,
            ])
        }
        get("/.well-known/nodeinfo") { _, call in
            Answer([
                "links": [["rel": "http://nodeinfo.diaspora.software/ns/schema/2.0", "href": .string("\(call.base)/nodeinfo/2.0")]]
            ])
        }
        get("/nodeinfo/2.0") { state, _ in
            Answer([
                "version": "2.0", "software": ["name": "sheltie-demo", "version": .string(DemoState.version)], "protocols": ["activitypub"],
                "services": ["outbound": [], "inbound": []],
                "usage": [
                    "users": ["total": JSON(state.localPeople), "activeMonth": JSON(state.localPeople), "activeHalfyear": JSON(state.localPeople)],
                    "localPosts": JSON(state.world.postCount),
                ], "openRegistrations": false, "metadata": ["nodeName": .string(state.settings.title)],
            ])
        }
        get("/robots.txt") { _, _ in Answer(body: Array("User-agent: *\nDisallow: /media_proxy/\nDisallow: /interact/\n".utf8), type: "text/plain") }
        get("/") { state, _ in
            let page = Page.html(
                state.settings.title,
                "<p>A demonstration server with invented people. Its API is Mastodon's; there is nothing to read here.</p>")
            return Answer(body: Array(page.utf8), type: "text/html; charset=utf-8")
        }
    }
}

extension Page {
    /// A plain page of ours.
    static func html(_ title: String, _ body: String) -> String {
        """
        <!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
        <title>\(escaped(title))</title><style>body{font:1rem/1.5 sans-serif;max-width:36rem;margin:2rem auto;padding:0 1rem}</style>
        <h1>\(escaped(title))</h1>\(body)</html>
        """
    }
}

extension DemoState {
    static let version = "4.6.0"
    static let rules: JSON = [["id": "1", "text": "Everybody here is invented. Be kind to them.", "hint": "", "translations": [:]]]

    var localPeople: Int { world.people.count(where: \.isLocal) }

    private static let imageTypes: JSON = ["image/jpeg", "image/png", "image/gif", "image/webp", "video/mp4", "audio/mpeg"]

    private var statusLimits: JSON { ["max_characters": 500, "max_media_attachments": 4, "characters_reserved_per_url": 23] }
    private var pollLimits: JSON {
        ["max_options": 4, "max_characters_per_option": 50, "min_expiration": 300, "max_expiration": 2_629_746]
    }

    func instanceJSON(_ base: String) -> JSON {
        let streaming = base.hasPrefix("https://") ? "wss://" + base.dropFirst(8) : "ws://" + base.dropFirst(7)
        return [
            "domain": .string(world.domain), "title": .string(settings.title), "version": .string(Self.version),
            "source_url": "https://github.com/mastodon/mastodon", "description": "People and posts here are invented.",
            "usage": ["users": ["active_month": JSON(localPeople)]],
            "thumbnail": ["url": .string("\(base)/pictures/headers/1.png"), "description": "A pattern of two colours"],
            "icon": [["src": .string("\(base)/pictures/avatars/1.png"), "size": "64x64"]],
            "languages": .array(Language.allCases.map { .string($0.rawValue) }),
            "configuration": [
                "urls": [
                    "streaming": .string(streaming), "status": nil, "about": .string("\(base)/"), "privacy_policy": .string("\(base)/"),
                    "terms_of_service": nil,
                ],
                "vapid": ["public_key": ""],
                "accounts": [
                    "max_display_name_length": 40, "max_note_length": 500, "max_avatar_description_length": 150,
                    "max_header_description_length": 150, "max_featured_tags": 10, "max_pinned_statuses": 5, "max_profile_fields": 4,
                    "profile_field_name_limit": 255, "profile_field_value_limit": 255,
                ],
                "statuses": statusLimits,
                "media_attachments": [
                    "description_limit": 10_000, "image_matrix_limit": 33_177_600, "image_size_limit": JSON(settings.bodyBytes),
                    "supported_mime_types": Self.imageTypes, "video_frame_rate_limit": 120, "video_matrix_limit": 8_294_400,
                    "video_size_limit": JSON(settings.bodyBytes),
                ],
                "polls": pollLimits, "translation": ["enabled": false],
                "timelines_access": [
                    "live_feeds": ["local": "public", "remote": "public"], "hashtag_feeds": ["local": "public", "remote": "public"],
                    "trending_link_feeds": ["local": "public", "remote": "public"],
                ], "limited_federation": false,
            ],
            "registrations": [
                "enabled": false, "approval_required": false, "reason_required": false, "message": nil, "min_age": nil, "url": nil,
            ], "api_versions": ["mastodon": 11], "wrapstodon": nil, "contact": ["email": "", "account": nil], "rules": Self.rules,
        ]
    }

    func firstInstanceJSON(_ base: String) -> JSON {
        let streaming = base.hasPrefix("https://") ? "wss://" + base.dropFirst(8) : "ws://" + base.dropFirst(7)
        return [
            "uri": .string(world.domain), "title": .string(settings.title), "short_description": "People and posts here are invented.",
            "description": "People and posts here are invented.", "email": "", "version": .string(Self.version),
            "urls": ["streaming_api": .string(streaming)],
            "stats": [
                "user_count": JSON(localPeople), "status_count": JSON(world.postCount),
                "domain_count": JSON(Set(world.people.compactMap(\.domain)).count),
            ],
            "thumbnail": .string("\(base)/pictures/headers/1.png"), "languages": .array(Language.allCases.map { .string($0.rawValue) }),
            "registrations": false, "approval_required": false, "invites_enabled": false,
            "configuration": [
                "accounts": ["max_featured_tags": 10], "statuses": statusLimits,
                "media_attachments": [
                    "supported_mime_types": Self.imageTypes, "image_size_limit": JSON(settings.bodyBytes), "image_matrix_limit": 33_177_600,
                    "video_size_limit": JSON(settings.bodyBytes), "video_frame_rate_limit": 120, "video_matrix_limit": 8_294_400,
                ], "polls": pollLimits,
            ], "contact_account": nil, "rules": Self.rules,
        ]
    }
}
