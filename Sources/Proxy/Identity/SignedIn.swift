import Fediverse
import Privacy
import Recommender
import Upstream

/// Who asks: a bearer token becomes a `Viewer`, and from there on the account does not exist.
///
/// Nobody waits for us: what does not come in time is served as at level NONE.
struct SignedIn: Sendable {
    struct Person: Sendable {
        let viewer: Viewer
        let token: TokenDigest
        /// Held for the length of the request, to ask the person's own instance in their name.
        let authorization: String
        let accountID: String
        /// When the level was read.
        let readAt: Instant

        func with(_ viewer: Viewer) -> Person {
            Person(viewer: viewer, token: token, authorization: authorization, accountID: accountID, readAt: readAt)
        }
    }

    enum Reader: Sendable {
        case reader(Person, ReaderHistory)
        case nobody
        /// The database did not answer in time, or failed.
        case unknown
    }

    let mastodon: Mastodon
    let pseudonymizer: Pseudonymizer
    let people: any PeopleRepository
    let readers: any RecommenderRepository
    let tenant: TenantKey
    let cache: TokenCache
    let visits: Visits
    let budget: Budget
    let policy: PrivacyPolicy
    /// How long a first request may wait for the instance to say whose token it is.
    let verification: Duration
    /// How long any request may wait for the database.
    let lookUp: Duration
    let clock: @Sendable () -> Instant

    /// The token of an `Authorization: Bearer` header; nil for anything else.
    static func bearer(_ authorization: String?) -> String? {
        guard let authorization, authorization.utf8.count <= 4_096 else { return nil }
        let blank = UInt8(ascii: " ")
        let parts = authorization.utf8.split(separator: blank, omittingEmptySubsequences: true)
        guard parts.count > 1, Substring(parts[0]).lowercased() == "bearer" else { return nil }
        return parts.count == 2 ? String(Substring(parts[1])) : parts.dropFirst().map { String(Substring($0)) }.joined()
    }

    /// - Returns: nil when nobody can be told from the token, or not in time: then the request is served as at level NONE.
    func person(authorization: String?) async -> Person? {
        guard let known = await known(authorization) else { return nil }
        return await within(lookUp) { _ in
            let now = clock()
            return try await arrived(known, as: try await people.viewer(known.identified.alias, in: tenant), at: now)
        }
    }

    /// The person with what is known about them, in one look.
    func reader(authorization: String?) async -> Reader {
        guard let known = await known(authorization) else { return .nobody }
        let found = await within(lookUp) { _ in
            let now = clock()
            let (viewer, history) = try await readers.reader(known.identified.alias, in: tenant, at: now)
            return (try await arrived(known, as: viewer, at: now), history)
        }
        return found.map(Reader.reader) ?? .unknown
    }

    /// Whether a request without a person is nobody's by the instance's word, or has no token: not only that the instance did not say in time.
    func isRefused(authorization: String?) -> Bool {
        guard let token = Self.bearer(authorization) else { return true }
        if case .nobody = cache.lookUp(cache.digest(of: token), at: clock()) { return true }
        return false
    }

    enum Verified: Sendable {
        case person(Person)
        /// No token, or none that the instance accepts.
        case refused
        case tooMany
        /// The instance or the database cannot say.
        case unreachable
    }

    /// Whose token this is by the instance's word of now, whatever is remembered: for what a revoked token must not do for another moment.
    /// That a token is nobody's stays known for its 30 seconds.
    /// - Parameter budget: of these questions; the person asks for them one by one.
    func verified(authorization: String?, within budget: Budget) async -> Verified {
        guard let authorization, let token = Self.bearer(authorization) else { return .refused }
        let digest = cache.digest(of: token)
        if case .nobody = cache.lookUp(digest, at: clock()) { return .refused }
        guard budget.spend(1, for: digest, at: clock()) else { return .tooMany }
        do {
            guard let identified = try await verify(digest, authorization: authorization) else { return .refused }
            let now = clock()
            let viewer = try await people.viewer(identified.alias, in: tenant)
            return .person(Person(viewer: viewer, token: digest, authorization: authorization, accountID: identified.accountID, readAt: now))
        } catch UpstreamError.status(401, _) {
            return .refused
        } catch {
            return .unreachable
        }
    }

    /// The level of the person behind an open stream by the instance's word of now, which is remembered as ever.
    ///
    /// Not of the person's budget, which is for recommendations: with five of these in five minutes, whatever number of streams, and the
    /// budget's twenty it is less than a tenth of what an instance allows.
    /// - Returns: nil when nobody can be told from the token.
    /// - Throws: a 401 of the instance's; or why it or the database cannot say.
    func levelAnew(_ token: TokenDigest, authorization: String) async throws -> PrivacyLevel? {
        // Through the cache, so that a token which is revoked meanwhile is not remembered.
        let asking = cache.asking(token) { Task { try await verify(token, authorization: authorization, isCharged: false) } }
        guard let identified = try await asking.value else { return nil }
        return try await people.viewer(identified.alias, in: tenant).level
    }

    /// The person as they stand, with a row where the operator's default level makes them one.
    func arrived(_ person: Person) async throws -> Viewer {
        guard person.viewer.level > .none, person.viewer.key == nil else { return person.viewer }
        return try await people.arrive(person.viewer.alias, in: tenant, at: clock())
    }

    private struct Known {
        let token: TokenDigest
        let authorization: String
        let identified: Identified
    }

    private func known(_ authorization: String?) async -> Known? {
        guard let authorization, let token = Self.bearer(authorization) else { return nil }
        let digest = cache.digest(of: token)
        guard let identified = await identified(digest, authorization: authorization) else { return nil }
        return Known(token: digest, authorization: authorization, identified: identified)
    }

    private func arrived(_ known: Known, as found: Viewer, at now: Instant) async throws -> Person {
        var viewer = found
        if viewer.level > .none, viewer.key == nil { viewer = try await people.arrive(known.identified.alias, in: tenant, at: now) }
        await note(viewer, at: now)
        return Person(
            viewer: viewer, token: known.token, authorization: known.authorization, accountID: known.identified.accountID, readAt: now)
    }

    /// That the person was here, at most once an hour: the row itself knows only the day or the week.
    private func note(_ viewer: Viewer, at now: Instant) async {
        guard let visit = policy.permit(visit: now, for: viewer), visits.isNew(visit.key, at: now) else { return }
        do {
            try await people.seen(visit)
        } catch {
            // Nobody is served less for it, and the next request tries again.
            visits.forget(visit.key)
        }
    }

    private func identified(_ digest: TokenDigest, authorization: String) async -> Identified? {
        if let known = cache.lookUp(digest, at: clock()) {
            if case .person(let identified) = known { return identified }
            return nil
        }
        // A client that starts sends ten requests at once: one question serves them all, and its answer is kept even when
        // nobody waits for it any more.
        let asking = cache.asking(digest) { Task { try await verify(digest, authorization: authorization) } }
        return await within(verification) { _ in try await asking.value } ?? nil
    }

    /// - Throws: also the 401 of a token that is refused, which is remembered before.
    private func verify(_ digest: TokenDigest, authorization: String, isCharged: Bool = true) async throws -> Identified? {
        defer { cache.asked(digest) }
        if isCharged { budget.charge(digest, at: clock()) }
        do {
            let account = try await mastodon.verifyCredentials(authorization: authorization)
            try Task.checkCancellation()
            let domain = mastodon.instance.domain
            let identified = Identified(alias: try pseudonymizer.alias(domain: domain, accountID: account.id), accountID: account.id)
            let former = try pseudonymizer.formerAliases(domain: domain, accountID: account.id)
            try await people.adopt(identified.alias, from: former, in: tenant, at: clock())
            cache.remember(.person(identified), for: digest, at: clock())
            return identified
        } catch UpstreamError.status(let status, let retryAfter) where [401, 403, 404, 422].contains(status) {
            // An application's own token (422 on Mastodon), or one without the scope that names its owner: served, but as nobody.
            cache.remember(.nobody, for: digest, at: clock())
            if status == 401 { throw UpstreamError.status(status, retryAfter: retryAfter) }
            return nil
        }
    }
}
