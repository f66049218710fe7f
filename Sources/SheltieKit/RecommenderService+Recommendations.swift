import Fediverse
import Recommender
import Store

public import Privacy

extension RecommenderService {
    /// Posts for one person, best first, each with the reason that contributed most.
    ///
    /// Without anything to go by, and at NONE always, they are the same for everybody.
    ///
    /// - Parameter logResults: writes what is given to the person's log before it is given, so that it is not shown again
    ///   for a week; at NONE nothing is written.
    public func getPersonalizedRecommendations(
        userID: String, instanceURL: String? = nil, limit: Int = 10, logResults: Bool = true
    ) async throws -> [RecommendedPost] {
        try await recommendations(for: person(userID: userID, instanceURL: instanceURL), limit: limit, logResults: logResults)
    }

    /// The same for the operator, who knows the alias alone.
    public func recommendations(for alias: AliasID, limit: Int = 10, logResults: Bool = true) async throws -> [RecommendedPost] {
        for _ in 0..<2 {
            let now = clock()
            let viewer = try await viewer(alias)
            let slate = try await slate(for: viewer, size: limit, at: now)
            guard logResults, viewer.level != .none else { return try await described(slate) }
            let rows = slate.entries.enumerated().compactMap { place, entry in
                policy.permit(
                    Recommendation(
                        post: entry.post, at: now, reason: entry.reason.rawValue, modelVersion: slate.policy, position: place),
                    for: viewer)
            }
            if try await storage.recommendationLog.record(rows, while: { true }) { return try await described(slate) }
        }
        // The level changes as fast as we look: what needs no profile needs no log either.
        return try await described(starter(size: limit, language: nil))
    }

    /// Posts for somebody of whom nothing is known; nobody's log is written.
    /// - Parameter language: a code; nil for all.
    public func getStarterRecommendations(limit: Int = 10, language: String? = "en") async throws -> [RecommendedPost] {
        try await described(starter(size: limit, language: language))
    }

    /// Notes that a post was shown to a person.
    ///
    /// - Parameter reason: a short code or phrase that names nobody.
    /// - Returns: whether it was kept; at NONE nothing is.
    @discardableResult
    public func logRecommendation(
        userID: String, postID: String, reason: String, modelVersion: String = "1.0.0", instanceURL: String? = nil
    ) async throws -> Bool {
        guard (1...255).contains(reason.utf8.count), !reason.contains("@"), !reason.contains("://"), !reason.contains(userID),
            reason.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
        else { throw ServiceError.badReason }
        guard modelVersion.unicodeScalars.count <= 50, !modelVersion.contains(userID) else { throw ServiceError.badModelVersion }
        let viewer = try await viewer(person(userID: userID, instanceURL: instanceURL))
        if viewer.level == .none { return false }
        guard let post = try await storage.posts(ids: [postID], in: tenant).first else { throw ServiceError.unknownPost }
        let recommendation = Recommendation(post: post.key, at: clock(), reason: reason, modelVersion: modelVersion)
        guard let permitted = policy.permit(recommendation, for: viewer) else { return false }
        return try await storage.recommendationLog.record([permitted], while: { true })
    }

    func slate(for viewer: Viewer, size: Int, at now: Instant) async throws -> Slate {
        recommender.slate(
            for: try await storage.recommender.history(of: viewer, at: now), level: viewer.level,
            from: try await candidates.refresh(tenant, at: now), size: max(0, size), at: now, seed: Self.seed(now))
    }

    private func starter(size: Int, language: String?) async throws -> Slate {
        let now = clock()
        return recommender.slate(
            for: ReaderHistory(), level: .none, from: try await candidates.refresh(tenant, at: now), size: max(0, size), at: now,
            seed: Self.seed(now), requested: language.map { [$0.lowercased()] })
    }

    /// The same for an hour, so that asking twice is no way to another answer.
    static func seed(_ now: Instant) -> UInt64 { UInt64(bitPattern: now.floored(to: .hours(1)).microseconds) }

    /// The slate's entries with their posts; one that has gone since is left out.
    func described(_ slate: Slate) async throws -> [RecommendedPost] {
        let posts = Dictionary(
            try await storage.posts(keys: slate.entries.map(\.post), in: tenant).map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
        return slate.entries.compactMap { entry in
            guard let post = posts[entry.post].flatMap({ PostMetadata($0) }) else { return nil }
            return RecommendedPost(
                post: post, score: entry.score, reason: entry.reason.rawValue, reasonText: entry.reason.sentence(argument: entry.argument),
                contributions: entry.contributions.map { RecommendationTerm(name: $0.term, value: $0.value) }, modelVersion: slate.policy)
        }
    }
}

extension ReasonCode {
    /// The reason for the person; an author is not named, since nobody's name is stored.
    func sentence(argument: String?) -> String {
        switch self {
        case .author: "You often like this author."
        case .tag: argument.map { "You often like #\($0)." } ?? "You often like this hashtag."
        case .popularHere: "People here like it."
        case .popular: "It is popular."
        case .fresh: "It is new."
        }
    }
}
