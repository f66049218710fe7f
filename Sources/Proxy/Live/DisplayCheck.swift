import Fediverse
import Synchronization
import Upstream

/// The last question before a status is shown to a stranger: does the viewer's own instance show it to this viewer, now,
/// and does its author still consent? Asked with the viewer's token, at no other host, and remembered for 5 minutes.
final class DisplayCheck: Sendable {
    static let keep = Instant.Span.minutes(5)

    private struct Key: Hashable {
        let token: TokenDigest
        let localID: String
    }

    private struct Entry {
        /// nil: gone, or not for this viewer.
        let shown: ShownStatus?
        let until: Instant
    }

    private let mastodon: Mastodon
    private let policy: ConsentPolicy
    private let budget: Budget
    private let clock: @Sendable () -> Instant
    private let capacity: Int
    private let entries = Mutex<[Key: Entry]>([:])

    init(mastodon: Mastodon, policy: ConsentPolicy, budget: Budget, capacity: Int = 4_000, clock: @escaping @Sendable () -> Instant) {
        self.mastodon = mastodon
        self.policy = policy
        self.budget = budget
        self.clock = clock
        self.capacity = capacity
    }

    /// Those of `localIDs` that may be shown to the person, in that order. Empty where the instance or the person's budget
    /// does not let us ask.
    func allowed(_ localIDs: [String], for person: SignedIn.Person) async throws -> [ShownStatus] {
        let now = clock()
        var known: [String: ShownStatus?] = [:]
        var unknown: [String] = []
        entries.withLock { entries in
            for id in localIDs {
                if let entry = entries[Key(token: person.token, localID: id)], now < entry.until {
                    known[id] = .some(entry.shown)
                } else {
                    unknown.append(id)
                }
            }
        }
        if !unknown.isEmpty, budget.spend(mastodon.requestsNeeded(forStatuses: unknown.count) + 1, for: person.token, at: now) {
            let verdicts = try await judge(unknown, for: person, at: now)
            remember(verdicts, token: person.token, at: now)
            known.merge(verdicts) { $1 }
        }
        return localIDs.compactMap { known[$0] ?? nil }
    }

    /// The viewer has blocked, muted or filtered something, or a status changed: ask again.
    func forget(_ person: TokenDigest) {
        entries.withLock { entries in entries = entries.filter { $0.key.token != person } }
    }

    /// A status is gone for everybody.
    func forget(localID: String) {
        entries.withLock { entries in entries = entries.filter { $0.key.localID != localID } }
    }

    private func judge(_ ids: [String], for person: SignedIn.Person, at now: Instant) async throws -> [String: ShownStatus?] {
        let shown = try await mastodon.statuses(ids, authorization: person.authorization)
        let candidates = shown.filter { $0.status.account.id != person.accountID && isAllowed($0.status, at: now) }
        let accounts = Array(Set(candidates.map(\.status.account.id)))
        let relationships = try await mastodon.relationships(to: accounts, authorization: person.authorization)
        // An account that the instance says nothing about is not shown.
        let open = Set(relationships.filter { Self.isOpen($0) }.map(\.id))
        var verdicts = Dictionary(uniqueKeysWithValues: Set(ids).map { ($0, ShownStatus?.none) })
        for candidate in candidates where open.contains(candidate.status.account.id) {
            verdicts[candidate.status.id] = .some(candidate)
        }
        return verdicts
    }

    /// Whether a status that was shown before may still be: its author consents, and no filter holds it. Neither its age nor a
    /// follow since then matters.
    func mayStand(_ status: Status) -> Bool {
        isAllowed(status, at: min(clock(), status.createdAt + ConsentPolicy.longestAge))
    }

    private func isAllowed(_ status: Status, at now: Instant) -> Bool {
        guard !status.filtered else { return false }
        // Opted-out authors are no candidates: the store leaves them out and removes them.
        return policy.refusal(of: status, at: now, isLocalAuthor: mastodon.instance.isHome, authorOptedOut: { _ in false }) == nil
    }

    /// Nothing stands between the viewer and the author; and an author whom the viewer follows is in their home anyway.
    private static func isOpen(_ relationship: Relationship) -> Bool {
        relationship.isUnhindered && !relationship.following
    }

    private func remember(_ verdicts: [String: ShownStatus?], token: TokenDigest, at now: Instant) {
        entries.withLock { entries in
            if entries.count + verdicts.count > capacity {
                entries = entries.filter { now < $0.value.until }
                if entries.count + verdicts.count > capacity { entries.removeAll(keepingCapacity: true) }
            }
            for (id, shown) in verdicts {
                entries[Key(token: token, localID: id)] = Entry(shown: shown, until: now + Self.keep)
            }
        }
    }
}
