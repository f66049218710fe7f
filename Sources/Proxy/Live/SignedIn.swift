import Fediverse
import Privacy
import Upstream

/// Who asks: a bearer token becomes a `Viewer`, and from there on the account does not exist.
struct SignedIn: Sendable {
    struct Person: Sendable {
        let viewer: Viewer
        let token: TokenDigest
        /// Held for the length of the request, to ask the person's own instance in their name.
        let authorization: String
        let accountID: String
    }

    let mastodon: Mastodon
    let pseudonymizer: Pseudonymizer
    let people: any PeopleRepository
    let tenant: TenantKey
    let cache: TokenCache
    let visits: Visits
    let budget: Budget
    let policy: PrivacyPolicy
    let clock: @Sendable () -> Instant

    /// The token of an `Authorization: Bearer` header; nil for anything else.
    static func bearer(_ authorization: String?) -> String? {
        guard let authorization, authorization.utf8.count <= 4_096 else { return nil }
        let parts = authorization.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        let token = parts[1].filter { $0 != " " }
        return token.isEmpty ? nil : token
    }

    /// - Parameter fresh: ask the instance even when the answer is known: for level changes, exports and erasures.
    /// - Returns: nil when nobody can be told from the token: then the request is served as at level NONE.
    func person(authorization: String?, fresh: Bool = false) async throws -> Person? {
        guard let authorization, let token = Self.bearer(authorization) else { return nil }
        let digest = cache.digest(of: token)
        guard let identified = try await identified(digest, authorization: authorization, fresh: fresh) else { return nil }
        var viewer = try await people.viewer(identified.alias, in: tenant)
        if viewer.level > .none, viewer.key == nil {
            // The operator's default level: the person's row is made when they first come.
            viewer = try await people.setLevel(viewer.level, of: identified.alias, in: tenant, at: clock()).viewer
        }
        await note(viewer)
        return Person(viewer: viewer, token: digest, authorization: authorization, accountID: identified.accountID)
    }

    /// The same for a request that can be served without it: nil when the answer is not there in time, or is a failure.
    func person(authorization: String?, within limit: Duration) async -> Person? {
        await within(limit) { try await person(authorization: authorization) } ?? nil
    }

    /// Whether no other host has to be asked who this is.
    func isKnown(_ authorization: String?) -> Bool {
        Self.bearer(authorization).map { cache.lookUp(cache.digest(of: $0), at: clock()) != nil } ?? true
    }

    /// That the person was here, at most once an hour: the row itself knows only the day or the week.
    private func note(_ viewer: Viewer) async {
        let now = clock()
        guard let visit = policy.permit(visit: now, for: viewer), visits.isNew(visit.key, at: now) else { return }
        // A visit that could not be written keeps nobody from their timeline.
        try? await people.seen(visit)
    }

    private func identified(_ digest: TokenDigest, authorization: String, fresh: Bool) async throws -> Identified? {
        let now = clock()
        if !fresh, let known = cache.lookUp(digest, at: now) {
            if case .person(let identified) = known { return identified }
            return nil
        }
        budget.charge(digest, at: now)
        do {
            let account = try await mastodon.verifyCredentials(authorization: authorization)
            let identified = Identified(
                alias: try pseudonymizer.alias(domain: mastodon.instance.domain, accountID: account.id), accountID: account.id)
            cache.remember(.person(identified), for: digest, at: now)
            return identified
        } catch UpstreamError.status(401, _), UpstreamError.status(403, _) {
            // An application's own token, or one without the scope that names its owner: served, but as nobody.
            cache.remember(.nobody, for: digest, at: now)
            return nil
        }
    }
}
