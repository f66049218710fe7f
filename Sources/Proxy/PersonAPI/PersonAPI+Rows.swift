import Fediverse
import HTTPService
import Privacy

extension PersonAPI {
    /// What is stored, table by table and row by row.
    static let rowRoutes: [PersonRoute] = [
        listing("/interactions", "user_interactions", "what you did"),
        PersonRoute(
            "DELETE", "/interactions/:post_id/:type", "take one act back, with what was derived from it",
            fields: [.path("post_id", "as in the list"), .path("type", "favorite, boost (or reblog), reply, bookmark or view")]
        ) { call in
            guard let kind = InteractionKind(documented: call.parameter("type")) else { throw PersonRefusal.notFound }
            return try await remove(.interaction(kind, postID: call.parameter("post_id")), call)
        },
        listing("/author-preferences", "author_preferences", "which authors you like, as derived from it"),
        PersonRoute(
            "DELETE", "/author-preferences/:author_id", "forget an author, with your acts on their posts: from these alone they would come back",
            fields: [.path("author_id", "as in the list")]
        ) { call in
            guard AliasID(hex: call.parameter("author_id")) != nil else { throw PersonRefusal.notFound }
            return try await remove(.author(id: call.parameter("author_id")), call)
        },
        listing("/recommendations", "recommendation_logs", "what was recommended to you, and why"),
        PersonRoute("DELETE", "/recommendations/:id", "forget one recommendation", fields: [.path("id", "as in the list")]) { call in
            guard let id = Int64(call.parameter("id")) else { throw PersonRefusal.notFound }
            return try await remove(.recommendation(id: id), call)
        },
        listing("/suppressions", "suppressions", "what you want less of"),
        PersonRoute(
            "POST", "/suppressions", "want less of an author or a reason",
            fields: [
                .body("kind", "author or reason"), .body("subject", "the author's id, or the reason's code"),
                .body("until", "its end, as 2027-01-31T10:30:00Z; without one the level's own", isRequired: false),
            ]
        ) { call in
            guard let subject = Suppression.Subject(kind: try call.text("kind"), subject: try call.text("subject")) else {
                throw PersonRefusal(422, "what is held back is an author, by 64 hex digits, or a reason, by its code")
            }
            var until: Instant?
            if let text = try call.optionalText("until") {
                guard let time = Instant(iso8601: text) else { throw RightsError.badTime }
                until = time
            }
            _ = try await call.arrived()
            try await call.api.rights.suppress(subject, until: until, of: call.alias)
            return .personal { $0.object { $0.member("suppressed", true) } }
        },
        PersonRoute(
            "DELETE", "/suppressions/:kind/:subject", "no longer hold it back", fields: [.path("kind", "author or reason"), .path("subject", "as in the list")]
        ) { call in
            guard let subject = Suppression.Subject(kind: call.parameter("kind"), subject: call.parameter("subject")) else { throw PersonRefusal.notFound }
            return try await remove(.suppression(subject), call)
        },
        PersonRoute("GET", "/settings", "your settings, and what each may say") { call in
            let table = try await call.api.rights.rows(of: "preferences", about: call.alias)
            let values = Dictionary(table.rows.map { ($0[0] ?? "", $0[1]) }) { first, _ in first }
            let known = call.api.rights.knownSettings
            return .personal { writer in
                writer.array {
                    for setting in known {
                        $0.object {
                            $0.member("name", setting.name)
                            $0.member("value", values[setting.name] ?? nil)
                            $0.member("sentence", setting.sentence)
                        }
                    }
                }
            }
        },
        PersonRoute("PUT", "/settings/:name", "set one", fields: [.path("name", "as in the list"), .body("value", "what it shall say")]) { call in
            _ = try await call.arrived()
            try await call.api.rights.set(call.parameter("name"), to: call.text("value"), of: call.alias)
            return .personal { $0.object { $0.member("set", true) } }
        },
        PersonRoute("DELETE", "/settings/:name", "go back to its default", fields: [.path("name", "as in the list")]) { call in
            try await remove(.setting(name: call.parameter("name")), call)
        },
        PersonRoute(
            "DELETE", "/evidence/:table/:id", "remove one row of evidence",
            fields: [.path("table", PersonalRow.Evidence.allCases.map(\.rawValue).joined(separator: ", ")), .path("id", "as in the report")]
        ) { call in
            guard let table = PersonalRow.Evidence(rawValue: call.parameter("table")), let id = Int64(call.parameter("id")) else { throw PersonRefusal.notFound }
            return try await remove(.evidence(table, id: id), call)
        },
    ]

    private static func listing(_ template: String, _ table: String, _ summary: String) -> PersonRoute {
        PersonRoute("GET", template, summary) { call in
            let rows = try await call.api.rights.rows(of: table, about: call.alias)
            return .personal { rows.write(to: &$0) }
        }
    }

    private static func remove(_ row: PersonalRow, _ call: PersonCall) async throws -> ServerResponse {
        try await call.removed(call.api.rights.remove(row, of: call.alias))
    }
}
