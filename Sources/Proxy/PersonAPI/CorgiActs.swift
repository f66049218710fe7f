import Fediverse
import HTTPService
import Privacy
import Recommender
import Upstream

/// Acts that a client tells by a post's id instead of doing them at the instance.
struct CorgiInteractions: Sendable {
    let posts: any PostLookup
    let capture: InteractionCapture
    let mastodon: Mastodon
    let budget: Budget
    let clock: @Sendable () -> Instant

    /// - Returns: whether it is kept, or with an undo no longer.
    func note(_ call: PersonCall) async throws -> Bool {
        let action = try call.text("action_type").lowercased()
        let postID = try call.text("post_id")
        if action == "more_like_this" || action == "less_like_this" {
            try await want(more: action == "more_like_this", ofAuthorOf: postID, call)
            return true
        }
        let undone = action.hasPrefix("un")
        guard let kind = InteractionKind(documented: undone ? String(action.dropFirst(2)) : action), !undone || kind != .reply && kind != .view else {
            throw PersonRefusal(422, "action_type is favorite, bookmark, reblog, reply, view, unfavorite, unbookmark, unreblog, more_like_this or less_like_this")
        }
        // Taking back needs nothing but one's own row.
        if undone { return try await !call.api.rights.remove(.interaction(kind, postID: postID), of: call.alias).isEmpty }
        let person = try call.person.with(try await call.arrived())
        let status = try await status(of: postID, for: person)
        return try await capture.note(
            .init(kind: kind, undone: false), on: status, by: person, source: Self.context(call.body["context"]), while: { true })
    }

    /// - Throws: `PersonRefusal` for a post that is not stored.
    func want(more: Bool, ofAuthorOf postID: String, _ call: PersonCall) async throws {
        guard let post = try await posts.post(postID, in: call.person.viewer.tenant) else { throw PersonRefusal.notFound }
        let subject = Suppression.Subject.author(id: post.authorID)
        if more {
            _ = try await call.api.rights.remove(.suppression(subject), of: call.alias)
        } else {
            _ = try await call.arrived()
            try await call.api.rights.suppress(subject, until: nil, of: call.alias)
        }
    }

    /// The post as the person's own instance shows it to them: whose it is, and who may see it, decide what is kept.
    private func status(of postID: String, for person: SignedIn.Person) async throws -> Status {
        guard let post = try await posts.post(postID, in: person.viewer.tenant) else { throw PersonRefusal.notFound }
        guard budget.spend(1, for: person.token, at: clock()) else { throw PersonRefusal(429, "this is asked too often; try again in 5 minutes") }
        guard let shown = try await mastodon.statuses([post.localID], authorization: person.authorization).first,
            Pseudonymizer.postID(host: mastodon.instance.domain, uri: shown.status.uri) == postID
        else { throw PersonRefusal.notFound }
        return shown.status
    }

    private static func context(_ value: FlatJSON.Value?) -> Interaction.Context? {
        guard case .object(let members) = value else { return nil }
        func text(_ name: String) -> String? { if case .string(let text) = members[name] { text } else { nil } }
        let position: Int? = if case .integer(let number) = members["position"] { number } else { nil }
        return Interaction.Context(source: text("source"), position: position, reason: text("reason"))
    }
}

/// Recommendations that a client asks for by themselves: ranked, asked about at the person's own instance and logged as those in home are.
struct CorgiRecommendations: Sendable {
    struct Given: Sendable {
        let postID: String
        let reason: String
        let policy: String
        /// The status as the person's own instance shows it.
        let status: [UInt8]
    }

    let preparation: SlatePreparation
    let readers: any RecommenderRepository
    let log: any RecommendationLogRepository
    let policy: PrivacyPolicy
    let domain: String
    let clock: @Sendable () -> Instant

    func give(_ count: Int, _ call: PersonCall) async throws -> [Given] {
        let viewer = try await call.arrived()
        let person = try call.person.with(viewer)
        var history = try await readers.history(of: viewer, at: clock())
        // What stands in their home stays there: it is in the log already.
        history.placements = []
        let prepared = try await preparation.prepare(for: person, history: history, asked: HomeRequest(target: "/"), count: count)
        let given = prepared.offered.prefix(count)
        if viewer.level > .none {
            let now = clock()
            let rows = given.enumerated().compactMap { place, offered in
                policy.permit(Recommendation(post: offered.post, at: now, reason: offered.reason, modelVersion: prepared.policy, position: place), for: viewer)
            }
            guard rows.count == given.count, try await log.record(rows, while: { true }) else { throw RightsError.changedMeanwhile }
        }
        return given.map { offered in
            Given(
                postID: Pseudonymizer.postID(host: domain, uri: offered.shown.status.uri), reason: offered.reason, policy: prepared.policy,
                status: offered.shown.bytes)
        }
    }
}
