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
    private let blocks: InstanceBlocks?

    /// - Parameters:
    ///   - consent: judged with this instance's own authors as local.
    ///   - keepsContent: whether a status's plain text is kept with it.
    ///   - blocksOf: an instance that is asked which domains it limits or suspends itself; nil asks nobody.
    public init(
        instance: Instance, pseudonymizer: Pseudonymizer, consent: ConsentPolicy, keepsContent: Bool, blocksOf mastodon: Mastodon? = nil
    ) {
        blocks = mastodon.map(InstanceBlocks.init)
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
        /// Public ids of statuses of authors who opted out: nothing of them stays.
        public var forgotten: [String] = []
        /// Authors whose profile says no.
        public var optedOut: Set<String> = []
        /// Authors at an instance of which nothing is kept.
        public var denied: Set<String> = []
        /// Authors who, by what their account now says, may not be recommended with any status.
        public var unwilling: Set<String> = []
        /// Refusals by their rule, for the operator.
        public var refusals: [ConsentRefusal: Int] = [:]
        /// Statuses that cannot be stored.
        public var malformed = 0
    }

    /// - Parameters:
    ///   - optedOut: those of `authors(of:)` who want to be left alone.
    ///   - blocked: instances that ours limits or suspends.
    ///   - ignoringAge: for statuses that are stored already: how long they stay is the retention's affair.
    public func judge(
        _ read: [Status], from source: String, optedOut: Set<String> = [], blocked: InstanceList = InstanceList(), ignoringAge: Bool = false,
        at now: Instant
    ) -> Judgement {
        var judgement = Judgement()
        var consent = consent
        consent.deniedInstances.formUnion(blocked)
        for status in read {
            // A reblog is judged by what it passes on; who passed it on is not kept.
            let status = status.reblog?.status ?? status
            let postID = Pseudonymizer.postID(host: instance.domain, uri: status.uri)
            let refusal = consent.refusal(
                of: status, at: ignoringAge ? min(now, status.createdAt + ConsentPolicy.longestAge) : now, isLocalAuthor: instance.isHome,
                authorOptedOut: { optedOut.contains(pseudonymizer.authorID(uri: $0.uri)) })
            guard let refusal else {
                if let form = form(of: status, postID: postID, source: source) {
                    judgement.kept.append(form)
                } else {
                    judgement.malformed += 1
                }
                continue
            }
            judgement.refusals[refusal, default: 0] += 1
            let author = pseudonymizer.authorID(uri: status.account.uri)
            // Whatever else is wrong with the status: what its author says of all of them is heard.
            if consent.deniedInstances.holds(status.account) {
                judgement.denied.insert(author)
            } else if !optedOut.contains(author), consent.isTagged(status.account) {
                judgement.optedOut.insert(author)
            } else if consent.refusal(ofAuthor: status.account, isLocalAuthor: instance.isHome(of: status.account)) != nil {
                judgement.unwilling.insert(author)
            }
            if judgement.optedOut.contains(author) || judgement.denied.contains(author) || optedOut.contains(author) {
                judgement.forgotten.append(postID)
            } else {
                judgement.refused.append(postID)
            }
        }
        // Pages overlap, and a status may have been edited between two of them: then the refusal counts.
        let refused = Set(judgement.refused + judgement.forgotten)
        judgement.kept.removeAll { refused.contains($0.postID) || judgement.unwilling.contains($0.authorID) }
        return judgement
    }

    /// Keys of everybody whose word counts for these statuses: their authors, and those whom they quote.
    public func authors(of read: [Status]) -> [String] {
        Set(accounts(of: read).map(\.uri)).map { pseudonymizer.authorID(uri: $0) }
    }

    private func hosts(of read: [Status]) -> Set<String> {
        accounts(of: read).reduce(into: []) { $0.formUnion(InstanceList.hosts(of: $1)) }
    }

    private func accounts(of read: [Status]) -> [Account] {
        var accounts: [Account] = []
        func add(_ status: Status, depth: Int) {
            accounts.append(status.account)
            if depth < 3, case .shown(let quoted) = status.quote { add(quoted.status, depth: depth + 1) }
        }
        for status in read { add(status.reblog?.status ?? status, depth: 0) }
        return accounts
    }

    /// Public ids of statuses that an answer holds which may not be kept.
    public func postIDs(of read: [Status]) -> [String] {
        read.map { Pseudonymizer.postID(host: instance.domain, uri: ($0.reblog?.status ?? $0).uri) }
    }

    /// Judges what was read, and carries the judgement out.
    /// - Parameters:
    ///   - ignoringAge: as for `judge`.
    ///   - cursor: moves with what is kept.
    /// - Returns: the judgement, and in statuses: written, gone by it, and such as could not be stored.
    public func take(
        _ read: [Status], from source: String, ignoringAge: Bool = false, cursor: IngestCursor? = nil, into statuses: any StatusRepository,
        in tenant: TenantKey, at now: Instant
    ) async throws -> (judgement: Judgement, kept: Int, gone: Int, malformed: Int) {
        let optedOut = try await statuses.optedOut(among: authors(of: read), in: tenant)
        let blocked = try await blocks?.denied(among: hosts(of: read), at: now) ?? InstanceList()
        let judgement = judge(read, from: source, optedOut: optedOut, blocked: blocked, ignoringAge: ignoringAge, at: now)
        let (kept, gone, malformed) = try await statuses.carryOut(judgement, cursor: cursor, in: tenant, at: now)
        return (judgement, kept, gone, malformed)
    }

    /// - Returns: nil for a status that could not be asked for again by its id.
    private func form(of status: Status, postID: String, source: String) -> KeptStatus? {
        guard let localID = StoredForm.id(status.id) else { return nil }
        return KeptStatus(
            postID: postID, authorID: pseudonymizer.authorID(uri: status.account.uri), localID: localID,
            content: keepsContent ? StoredForm.content(HTMLText.plain(status.content)) : nil, language: StoredForm.language(status.language),
            createdAt: status.createdAt, editedAt: status.editedAt, favourites: StoredForm.count(status.favourites),
            reblogs: StoredForm.count(status.reblogs), replies: StoredForm.count(status.replies), tags: StoredForm.tags(status.tags),
            source: source)
    }
}

extension StatusRepository {
    /// What came of a judgement.
    typealias Outcome = (kept: Int, gone: Int, malformed: Int)

    /// Carries a judgement out.
    /// - Returns: statuses kept, statuses that are gone by it, and statuses that could not be stored.
    func carryOut(
        _ judgement: StatusIntake.Judgement, cursor: IngestCursor? = nil, in tenant: TenantKey, at now: Instant
    ) async throws -> Outcome {
        var gone = 0
        for author in judgement.optedOut.sorted() { gone += try await optOut(authorID: author, source: .profile, in: tenant, at: now) }
        gone += try await remove(authors: judgement.denied.sorted(), in: tenant, at: now)
        gone += try await withdraw(authors: judgement.unwilling.sorted(), in: tenant, at: now)
        gone += try await forget(judgement.forgotten, in: tenant, at: now) + withdraw(judgement.refused, in: tenant, at: now)
        let (kept, refused) = try await keepWhatCanBe(judgement.kept, cursor: cursor, in: tenant, at: now)
        return (kept, gone, judgement.malformed + refused)
    }

    /// Keeps the statuses together, or one by one where the database refuses one of them, and moves the cursor last.
    private func keepWhatCanBe(
        _ statuses: [KeptStatus], cursor: IngestCursor?, in tenant: TenantKey, at now: Instant
    ) async throws -> (kept: Int, refused: Int) {
        do {
            return (try await keep(statuses, cursor: cursor, in: tenant, at: now), 0)
        } catch let refusal as StatusRefused {
            var (kept, refused) = (0, 0)
            for status in statuses {
                do {
                    kept += try await keep([status], cursor: nil, in: tenant, at: now)
                } catch is StatusRefused {
                    refused += 1
                }
            }
            // Where none of several can be stored, it is not they who are odd.
            if refused > 1, refused == statuses.count { throw refusal }
            if let cursor { try await setCursor(cursor, in: tenant, at: now) }
            return (kept, refused)
        }
    }
}
