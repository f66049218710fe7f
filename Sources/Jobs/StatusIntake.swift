public import Fediverse
public import Privacy
public import Recommender
public import Upstream

/// Judges what an instance shows, and carries out the judgement: what may be recommended is kept, what no longer may goes at
/// once, and an author who says no in their profile is left alone from then on.
public struct StatusIntake: Sendable {
    private let instance: Instance
    private let pseudonymizer: Pseudonymizer
    private let consent: ConsentPolicy
    private let keepsContent: Bool

    /// - Parameters:
    ///   - consent: judged with this instance's own authors as local.
    ///   - keepsContent: whether a status's plain text is kept with it.
    public init(instance: Instance, pseudonymizer: Pseudonymizer, consent: ConsentPolicy, keepsContent: Bool) {
        self.instance = instance
        self.pseudonymizer = pseudonymizer
        self.consent = consent
        self.keepsContent = keepsContent
    }

    /// What is to happen with some statuses.
    public struct Judgement: Sendable, Equatable {
        public var kept: [KeptStatus] = []
        /// Public ids of statuses that may not be recommended; most were never stored.
        public var refused: [String] = []
        /// Authors whose profile says no.
        public var optedOut: Set<String> = []
        /// Refusals by their rule, for the operator.
        public var refusals: [ConsentRefusal: Int] = [:]
    }

    /// - Parameters:
    ///   - optedOut: those of `authors(of:)` who want to be left alone.
    ///   - ignoringAge: for statuses that are stored already: how long they stay is the retention's affair.
    public func judge(
        _ read: [Status], from source: String, optedOut: Set<String> = [], ignoringAge: Bool = false, at now: Instant
    ) -> Judgement {
        var judgement = Judgement()
        for status in read {
            // A reblog is judged by what it passes on; who passed it on is not kept.
            let status = status.reblog?.status ?? status
            let postID = Pseudonymizer.postID(host: instance.domain, uri: status.uri)
            let refusal = consent.refusal(
                of: status, at: ignoringAge ? min(now, status.createdAt + ConsentPolicy.longestAge) : now, isLocalAuthor: instance.isHome,
                authorOptedOut: { optedOut.contains(pseudonymizer.authorID(uri: $0.uri)) })
            guard let refusal else {
                judgement.kept.append(form(of: status, postID: postID, source: source))
                continue
            }
            judgement.refusals[refusal, default: 0] += 1
            judgement.refused.append(postID)
            if refusal == .optOutTag { judgement.optedOut.insert(pseudonymizer.authorID(uri: status.account.uri)) }
        }
        // Pages overlap, and a status may have been edited between two of them: then the refusal counts.
        let refused = Set(judgement.refused)
        judgement.kept.removeAll { refused.contains($0.postID) }
        return judgement
    }

    /// Keys of everybody whose word counts for these statuses: their authors, and those whom they quote.
    public func authors(of read: [Status]) -> [String] {
        var uris: Set<String> = []
        func add(_ status: Status, depth: Int) {
            uris.insert(status.account.uri)
            if depth < 3, case .shown(let quoted) = status.quote { add(quoted.status, depth: depth + 1) }
        }
        for status in read { add(status.reblog?.status ?? status, depth: 0) }
        return uris.map { pseudonymizer.authorID(uri: $0) }
    }

    /// Judges what was read, and carries the judgement out.
    /// - Parameters:
    ///   - ignoringAge: as for `judge`.
    ///   - cursor: moves with what is kept.
    /// - Returns: the judgement, how many statuses were written, and how many are gone by it.
    public func take(
        _ read: [Status], from source: String, ignoringAge: Bool = false, cursor: IngestCursor? = nil, into statuses: any StatusRepository,
        in tenant: TenantKey, at now: Instant
    ) async throws -> (judgement: Judgement, kept: Int, gone: Int) {
        let optedOut = try await statuses.optedOut(among: authors(of: read), in: tenant)
        let judgement = judge(read, from: source, optedOut: optedOut, ignoringAge: ignoringAge, at: now)
        var gone = 0
        for author in judgement.optedOut.sorted() {
            gone += try await statuses.optOut(authorID: author, source: "profile", in: tenant, at: now)
        }
        gone += try await statuses.withdraw(judgement.refused, in: tenant, at: now)
        return (judgement, try await statuses.keep(judgement.kept, cursor: cursor, in: tenant, at: now), gone)
    }

    private func form(of status: Status, postID: String, source: String) -> KeptStatus {
        KeptStatus(
            postID: postID, authorID: pseudonymizer.authorID(uri: status.account.uri), localID: status.id,
            content: keepsContent ? HTMLText.plain(status.content) : nil, language: status.language, createdAt: status.createdAt,
            editedAt: status.editedAt, favourites: status.favourites, reblogs: status.reblogs, replies: status.replies,
            tags: status.tags, source: source)
    }
}
