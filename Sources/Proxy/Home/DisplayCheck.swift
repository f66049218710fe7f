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

    enum Verdict: Sendable {
        case shown(ShownStatus)
        /// The viewer follows its author, and has it in their home anyway.
        case followed
        /// Gone, or not for this viewer, or its author has changed their mind.
        case refused
    }

    private struct Entry {
        let verdict: Verdict
        let until: Instant
    }

    private let mastodon: Mastodon
    private let policy: ConsentPolicy
    private let budget: Budget
    private let clock: @Sendable () -> Instant
    private let capacity: Int
    let refusals = Refusals()
    private let entries = Mutex<[Key: Entry]>([:])
    /// Goes up with each `forget`: an answer that was asked for before it is used, but not remembered.
    private let forgotten = Atomic(0)

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
        let known = try await verdicts(on: localIDs, standing: Set(localIDs), for: person)
        return localIDs.compactMap { if case .shown(let shown) = known[$0] { shown } else { nil } }
    }

    /// By local id; none for a status that could not be asked about.
    /// - Parameter standing: those that were shown before, of which the age does not matter.
    func verdicts(on localIDs: [String], standing: Set<String>, for person: SignedIn.Person) async throws -> [String: Verdict] {
        let now = clock()
        var known: [String: Verdict] = [:]
        var unknown: [String] = []
        entries.withLock { entries in
            for id in localIDs {
                if let entry = entries[Key(token: person.token, localID: id)], now < entry.until {
                    known[id] = entry.verdict
                } else {
                    unknown.append(id)
                }
            }
        }
        // Where the budget does not reach for all, the first of them are asked about.
        unknown = budget.affordable(unknown, for: person.token, at: now, cost: requestsNeeded)
        if !unknown.isEmpty {
            let before = forgotten.load(ordering: .acquiring)
            let verdicts = try await judge(unknown, standing: standing, for: person, at: now)
            remember(verdicts, token: person.token, at: now, askedAt: before)
            known.merge(verdicts) { $1 }
        }
        return known
    }

    /// The viewer has blocked, muted or filtered something, or a status changed: ask again.
    func forget(_ person: TokenDigest) {
        refusals.forget(person)
        entries.withLock { entries in
            forgotten.add(1, ordering: .releasing)
            entries = entries.filter { $0.key.token != person }
        }
    }

    private func judge(_ ids: [String], standing: Set<String>, for person: SignedIn.Person, at now: Instant) async throws -> [String: Verdict] {
        let shown = try await mastodon.statuses(ids, authorization: person.authorization)
        let candidates = shown.filter { one in
            one.mayBeKept && one.status.account.id != person.accountID
                && (standing.contains(one.status.id) ? mayStand(one.status) : isAllowed(one.status, at: now))
        }
        let accounts = Array(Set(candidates.map(\.status.account.id)))
        let relationships = try await mastodon.relationships(to: accounts, authorization: person.authorization)
        // An account that the instance says nothing about is not shown.
        let byAccount = Dictionary(relationships.map { ($0.id, $0) }) { first, _ in first }
        var verdicts = Dictionary(uniqueKeysWithValues: Set(ids).map { ($0, Verdict.refused) })
        for candidate in candidates {
            guard let relationship = byAccount[candidate.status.account.id], relationship.isUnhindered else { continue }
            verdicts[candidate.status.id] = relationship.following ? .followed : .shown(candidate)
        }
        return verdicts
    }

    /// Whether a status that was shown before may still be: its author consents, and no filter holds it. Neither its age nor a
    /// follow since then matters.
    func mayStand(_ status: Status) -> Bool {
        isAllowed(status, at: min(clock(), status.createdAt + ConsentPolicy.longestAge))
    }

    private func requestsNeeded(for count: Int) -> Int {
        mastodon.requestsNeeded(forStatuses: count) + mastodon.requestsNeeded(forRelationships: count)
    }

    private func isAllowed(_ status: Status, at now: Instant) -> Bool {
        guard !status.filtered else { return false }
        // Opted-out authors are no candidates: the store leaves them out and removes them.
        return policy.refusal(of: status, at: now, isLocalAuthor: mastodon.instance.isHome, authorOptedOut: { _ in false }) == nil
    }

    private func remember(_ verdicts: [String: Verdict], token: TokenDigest, at now: Instant, askedAt before: Int) {
        entries.withLock { entries in
            guard forgotten.load(ordering: .acquiring) == before else { return }
            if entries.count + verdicts.count > capacity {
                entries = entries.filter { now < $0.value.until }
                // Still full of living entries: the older half is asked about again when it is needed.
                if entries.count + verdicts.count > capacity {
                    let newer = entries.sorted { $0.value.until > $1.value.until }.prefix(capacity / 2)
                    entries = Dictionary(uniqueKeysWithValues: newer.map { ($0.key, $0.value) })
                }
            }
            for (id, verdict) in verdicts {
                entries[Key(token: token, localID: id)] = Entry(verdict: verdict, until: now + Self.keep)
            }
        }
    }
}
