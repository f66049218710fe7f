import Fediverse
import Store

public import Privacy

extension RecommenderService {
    /// Keeps what a person did with a post, as far as their level allows; a repeat only moves its time.
    ///
    /// The author is that of the stored post; for a post not stored yet a stand-in, until it is.
    ///
    /// - Parameters:
    ///   - interactionType: favorite, boost (or reblog), reply, bookmark or view, in any case.
    ///   - instanceURL: the person's instance; nil for the one that is served.
    /// - Returns: whether it was kept. Nothing is at NONE; bookmarks at FULL only; views only of people who turned that on.
    @discardableResult
    public func recordInteraction(
        userID: String, postID: String, interactionType: String, instanceURL: String? = nil, context: [String: ContextValue] = [:]
    ) async throws -> Bool {
        let record = InteractionRecord(
            userID: userID, postID: postID, interactionType: interactionType, instanceURL: instanceURL, context: context)
        return try await keep(prepared(record))
    }

    /// The same for the operator, who knows the alias alone.
    @discardableResult
    public func recordInteraction(
        alias: AliasID, postID: String, interactionType: String, context: [String: ContextValue] = [:]
    ) async throws -> Bool {
        try await keep(prepared(alias, postID, interactionType, context, nil, hiding: nil))
    }

    /// Keeps many acts. Each row stands for itself: one that is wrong is named in the result and hinders no other.
    public func bulkRecordInteractions(_ records: [InteractionRecord]) async throws -> BulkResult {
        var result = BulkResult()
        var acts: [PreparedAct] = []
        for (index, record) in records.enumerated() {
            do {
                acts.append(try await prepared(record))
            } catch let error as ServiceError {
                result.errors.append(.init(index: index, reason: error.description))
            }
        }
        // Acts that wait at the same moment share one transaction.
        for start in stride(from: 0, to: acts.count, by: Self.actsAtOnce) {
            let part = acts[start..<min(start + Self.actsAtOnce, acts.count)]
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for act in part { group.addTask { try await keep(act) } }
                for try await kept in group {
                    if kept { result.ok += 1 } else { result.notKept += 1 }
                }
            }
        }
        return result
    }

    /// What a person did, newest first.
    public func getUserInteractionHistory(userID: String, limit: Int = 50, instanceURL: String? = nil) async throws -> [UserInteraction] {
        try await interactionHistory(of: person(userID: userID, instanceURL: instanceURL), limit: limit)
    }

    public func interactionHistory(of alias: AliasID, limit: Int = 50) async throws -> [UserInteraction] {
        try await storage.interactions(of: viewer(alias), limit: max(0, limit)).map { stored in
            UserInteraction(
                id: stored.id, aliasID: alias.hex, postID: stored.postID, authorID: stored.authorID, interactionType: stored.kind.rawValue,
                timestamp: stored.at.iso8601, scoreWeight: stored.weight ?? 1, context: stored.context)
        }
    }

    /// How much a person likes each author, 0 to 1, by the author's id as it is stored.
    public func getAuthorPreferenceScores(userID: String, instanceURL: String? = nil) async throws -> [String: Double] {
        let viewer = try await viewer(person(userID: userID, instanceURL: instanceURL))
        let scores = try await storage.authorScores(of: viewer, at: clock())
        return Dictionary(scores.map { ($0.authorID, $0.score) }, uniquingKeysWith: { first, _ in first })
    }

    /// The id under which an author is stored, as `getAuthorPreferenceScores` and stored posts show it.
    public func storedAuthorID(_ authorID: String) -> String { pseudonymizer.authorID(uri: authorID) }

    /// How many acts of a bulk call are under way at once.
    private static let actsAtOnce = 100

    /// An act whose words have been understood; the person's id is gone.
    struct PreparedAct: Sendable {
        var alias: AliasID
        var postID: String
        var kind: InteractionKind
        var at: Instant
        var context: Interaction.Context
    }

    private func prepared(_ record: InteractionRecord) async throws -> PreparedAct {
        try await prepared(
            person(userID: record.userID, instanceURL: record.instanceURL), record.postID, record.interactionType, record.context,
            record.timestamp, hiding: record.userID)
    }

    private func prepared(
        _ alias: AliasID, _ postID: String, _ type: String, _ context: [String: ContextValue], _ timestamp: String?, hiding userID: String?
    ) throws -> PreparedAct {
        try PostMetadata.check(postID: postID)
        let now = clock()
        var at = now
        if let timestamp {
            guard let read = Instant(iso8601: timestamp), read <= now + .minutes(5) else { throw ServiceError.badTime }
            at = min(read, now)
        }
        // A caller's text that holds the person's own id would put it at rest.
        func safe(_ text: String?) -> String? { text.flatMap { text in userID.map { text.contains($0) } == true ? nil : text } }
        guard let kind = InteractionKind(documented: type) else { throw ServiceError.unknownInteractionType }
        return PreparedAct(
            alias: alias, postID: postID, kind: kind, at: at,
            context: Interaction.Context(
                source: safe(context["source"]?.text), position: context["position"]?.number, reason: safe(context["reason"]?.text)))
    }

    /// Once more after a change of the level in between; a second change leaves it.
    private func keep(_ act: PreparedAct) async throws -> Bool {
        for _ in 0..<2 {
            let viewer = try await viewer(act.alias)
            if viewer.level == .none { return false }
            let interaction = Interaction(
                post: try await reference(to: act.postID), kind: act.kind, at: act.at,
                context: act.context == Interaction.Context() ? nil : act.context)
            guard let permitted = policy.permit(interaction, visibility: .public, for: viewer) else { return false }
            guard try await storage.interactions.record(permitted) else { continue }
            if let visit = policy.permit(visit: act.at, for: viewer) { try await storage.people.seen(visit) }
            return true
        }
        return false
    }

    private func reference(to postID: String) async throws -> PostReference {
        let stored = try await storage.posts(ids: [postID], in: tenant).first
        return PostReference(postID: postID, authorID: stored?.authorID ?? standIn(forAuthorOf: postID))
    }

    /// What stands for the author of a post of which only the id is known; unlike any uri.
    func standIn(forAuthorOf postID: String) -> String { pseudonymizer.authorID(uri: "author of\u{0}" + postID) }
}
