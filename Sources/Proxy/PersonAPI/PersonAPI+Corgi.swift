import Fediverse
import HTTPService
import Privacy

extension PersonAPI {
    /// The documented REST routes of Corgi, as far as they are about a person: the same rights under other names. Whose they are, the token says;
    /// a `user_id` or `user_alias` that is sent is not looked at.
    static let corgiRoutes: [PersonRoute] = [
        PersonRoute("GET", "/corgi/privacy", "your level") { call in
            let level = try await call.api.rights.viewer(call.alias).level
            return .personal { $0.object { $0.member("tracking_level", level.rawValue.lowercased()) } }
        },
        PersonRoute(
            "POST", "/corgi/privacy", "choose a level; up needs the agreement's id",
            fields: [.body("tracking_level", "none, limited or full"), .body("confirm", "as for /privacy/level", isRequired: false)]
        ) { call in
            guard let level = PrivacyLevel(rawValue: try call.text("tracking_level").uppercased()) else {
                throw PersonRefusal(422, "tracking_level is none, limited or full")
            }
            return try await setLevel(level, call)
        },
        PersonRoute(
            "GET", "/corgi/privacy/data", "every row, to take along", fields: [.query("format", "json (usual) or csv")], answers: ["application/json", "text/csv"]
        ) { call in
            guard call.query("format") == "csv" else { return try await export(call, format: call.query("format") ?? "json") }
            return .personal(Array(try await call.api.rights.report(about: call.alias).csv.utf8), type: "text/csv; charset=utf-8").named("sheltie-data.csv")
        },
        PersonRoute(
            "DELETE", "/corgi/privacy/data", "remove every row about you, for good", fields: [.query("confirm", "must be true: there is no way back", .boolean)]
        ) { call in
            guard call.query("confirm") == "true" else { throw PersonRefusal(422, "this removes everything about you for good; say ?confirm=true") }
            let (removed, _) = try await erase(call)
            return .personal { $0.object { $0.member("deleted_items", removed.values.reduce(0, +)) } }
        },
        PersonRoute(
            "POST", "/corgi/interactions", "note an act on a stored post, as far as your level keeps it",
            fields: [
                .body("post_id", "of a post that may be recommended"),
                .body("action_type", "favorite, bookmark, reblog, reply, view, each but the last two with un before it to take it back; more_like_this, less_like_this"),
                .body("context", "source, position and reason are kept, at FULL", .object, isRequired: false),
            ]
        ) { call in
            let kept = try await call.api.interactions.note(call)
            return .personal { $0.object { $0.member("status", "ok"); $0.member("kept", kept) } }
        },
        PersonRoute(
            "GET", "/corgi/interactions/user/:id", "what you did: nothing at NONE, counts at LIMITED, rows at FULL",
            fields: [.path("id", "me, or your own alias; any other is not found")]
        ) { call in
            guard try ["me", call.alias.hex].contains(call.parameter("id")) else { throw PersonRefusal.notFound }
            let viewer = try await call.api.rights.viewer(call.alias)
            let rows = try await call.api.rights.rows(of: "user_interactions", about: viewer.alias)
            return .personal { writer in
                writer.object {
                    switch viewer.level {
                    case .none:
                        $0.member("interactions") { $0.array { _ in } }
                        $0.member("message", "At level none nothing is kept.")
                    case .limited:
                        let kinds = rows.columns.firstIndex(of: "interaction_type").map { column in rows.rows.compactMap { $0[column] } } ?? []
                        $0.member("interaction_counts") { $0.counts(Dictionary(kinds.map { ($0.lowercased(), 1) }, uniquingKeysWith: +)) }
                    case .full: $0.member("interactions") { rows.write(to: &$0) }
                    }
                }
            }
        },
        PersonRoute("GET", "/corgi/interactions/favourites", "what you favourited") { call in
            let rows = try await interactions(call) { $0["interaction_type"] == InteractionKind.favourite.rawValue }
            return .personal { $0.object { $0.member("favourites") { rows.write(to: &$0) } } }
        },
        PersonRoute("GET", "/corgi/interactions/:post_id", "what you did with one post", fields: [.path("post_id", "as in the list")]) { call in
            let post = call.parameter("post_id")
            let rows = try await interactions(call) { $0["post_id"] == post }
            if rows.rows.isEmpty { throw PersonRefusal.notFound }
            return .personal { $0.object { $0.member("post_id", post); $0.member("interactions") { rows.write(to: &$0) } } }
        },
        PersonRoute(
            "POST", "/corgi/feedback", "want more or less of a post's author", fields: [.body("post_id", "of a stored post"), .body("feedback", "more or less")]
        ) { call in
            let feedback = try call.text("feedback")
            guard ["more", "less"].contains(feedback) else { throw PersonRefusal(422, "feedback is more or less") }
            try await call.api.interactions.want(more: feedback == "more", ofAuthorOf: call.text("post_id"), call)
            return .personal(status: 202) { $0.object { $0.member("status", "ok") } }
        },
        PersonRoute(
            "GET", "/corgi/recommendations", "posts for you, each with its reason; logged before they are answered",
            fields: [.query("limit", "1 to 20; 10 where it is missing", .integer)]
        ) { call in
            let given = try await call.api.recommendations.give(call.limit(10, most: 20), call)
            return .personal { writer in
                writer.object {
                    $0.member("recommendations") {
                        $0.array {
                            for one in given {
                                $0.object {
                                    $0.member("post_id", one.postID)
                                    $0.member("reason", one.reason)
                                    $0.member("model_version", one.policy)
                                    $0.member("status") { $0.raw(one.status) }
                                }
                            }
                        }
                    }
                }
            }
        },
        PersonRoute(
            "GET", "/corgi/recommendations/timelines/recommended", "the same as a timeline of statuses", fields: [.query("limit", "1 to 20; 20 where it is missing", .integer)]
        ) { call in
            let given = try await call.api.recommendations.give(call.limit(20, most: 20), call)
            return .personal { $0.array { for one in given { $0.raw(one.status) } } }
        },
    ]

    private static func interactions(_ call: PersonCall, where isWanted: ([String: String?]) -> Bool) async throws -> PersonalTable {
        var table = try await call.api.rights.rows(of: "user_interactions", about: call.alias)
        let columns = table.columns
        table.rows = table.rows.filter { isWanted(Dictionary(zip(columns, $0)) { first, _ in first }) }
        return table
    }
}
