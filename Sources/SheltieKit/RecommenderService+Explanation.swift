import Fediverse
import Recommender
import Store

public import Privacy

/// Why one post is recommended to one person, or why not.
public struct RecommendationExplanation: Sendable, Equatable {
    public var postID: String
    /// From 1, among what the person would get now had it not been shown yet; nil when it is not among it.
    public var place: Int?
    public var recommended: RecommendedPost?
    /// A sentence for a post without a place.
    public var obstacle: String?
    /// When it was shown before, newest first: time (ISO 8601) and the reason given then.
    public var shown: [(at: String, reason: String)]

    public static func == (left: Self, right: Self) -> Bool {
        left.postID == right.postID && left.place == right.place && left.recommended == right.recommended && left.obstacle == right.obstacle
            && left.shown.elementsEqual(right.shown, by: ==)
    }
}

extension RecommenderService {
    /// How many places are looked through for the post.
    private static let depth = 500

    /// Nothing is written.
    /// - Throws: `ServiceError.unknownPost`.
    public func explain(_ postID: String, for alias: AliasID) async throws -> RecommendationExplanation {
        guard let stored = try await storage.posts(ids: [postID], in: tenant).first else { throw ServiceError.unknownPost }
        let now = clock()
        let viewer = try await viewer(alias)
        let index = try await candidates.refresh(tenant, at: now)
        var history = try await storage.recommender.history(of: viewer, at: now)
        history.shown[stored.key] = nil
        let slate = recommender.slate(
            for: history, level: viewer.level, from: index, size: Self.depth, at: now, seed: Self.seed(now))
        let place = slate.entries.firstIndex { $0.post == stored.key }
        let shown = try await storage.shown(to: viewer, postID: postID, limit: 20)
        var recommended: RecommendedPost?
        if let place { recommended = try await described(Slate(policy: slate.policy, entries: [slate.entries[place]])).first }
        return RecommendationExplanation(
            postID: postID, place: place.map { $0 + 1 }, recommended: recommended,
            obstacle: place == nil ? obstacle(for: stored, candidate: index[stored.key], history: history, at: now) : nil,
            shown: shown.map { ($0.at.iso8601, $0.reason) })
    }

    private func obstacle(for stored: StoredPostDetails, candidate: StoredPost?, history: ReaderHistory, at now: Instant) -> String {
        guard stored.eligible, let candidate else { return "It may not be recommended: only its id is kept." }
        if history.actedOn.contains(stored.key) { return "The person has acted on it already." }
        if history.suppressedAuthors.contains(candidate.author) { return "The person wants less of its author." }
        return "Others come first: it is too old, in another language, or its author or tag has its places already."
    }
}
