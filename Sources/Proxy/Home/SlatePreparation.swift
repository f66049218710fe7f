import Fediverse
import Privacy
import Recommender
import Upstream

/// What may be shown on a page, made while upstream still works on it: the slate, what stands already, and the word of the
/// viewer's own instance on each of them.
struct SlatePreparation: Sendable {
    /// A status that passed the display check, with why it is recommended.
    struct Offered: Sendable {
        let post: PostKey
        let shown: ShownStatus
        /// As it is logged: a code, with the hashtag where it is one.
        let reason: String

        var offer: Offer {
            Offer(post: post, innerID: shown.status.id, innerURI: shown.status.uri, createdAt: shown.status.createdAt)
        }
    }

    struct Prepared: Sendable {
        let offered: [Offered]
        let policy: String
    }

    let indexes: CandidateIndexCache
    let recommender: TimelineRecommender
    let displayCheck: DisplayCheck
    let mastodon: Mastodon
    let clock: @Sendable () -> Instant

    /// - Parameters:
    ///   - count: recommendations that a page may hold; up to twice as many are checked, since some fall away.
    func prepare(
        for person: SignedIn.Person, history: ReaderHistory, asked: HomeRequest, count: Int
    ) async throws -> Prepared {
        var prepared = try await attempt(for: person, history: history, asked: asked, count: count)
        // Much of the slate may not be shown, as happens when it is full of people whom the reader follows: the next one is made
        // without them. More attempts would cost time that the page does not have.
        for _ in 0..<2 where prepared.wasRefused && prepared.fresh * 2 < count {
            prepared = try await attempt(for: person, history: history, asked: asked, count: count)
        }
        return Prepared(offered: prepared.offered, policy: prepared.policy)
    }

    private struct Wish {
        let post: PostKey
        /// nil for what stands already.
        let author: AuthorKey?
        let localID: String
        let reason: String
    }

    private func attempt(
        for person: SignedIn.Person, history: ReaderHistory, asked: HomeRequest, count: Int
    ) async throws -> (offered: [Offered], fresh: Int, policy: String, wasRefused: Bool) {
        let now = clock()
        let index = try await indexes.index(of: person.viewer.tenant, at: now)
        var asking = displayCheck.refusals.applied(to: history, of: person.token, at: now)
        if let strategy = asked.strategy, RankingPolicy(rawValue: strategy) != nil { asking.settings["policy"] = strategy }
        let slate = recommender.slate(
            for: asking, level: person.viewer.level, from: index, size: count * 2, at: now, seed: Self.seed(now))
        let wishes = wishes(for: slate, standing: Self.standing(history.placements, below: asked.maxID), count: count)
        let verdicts = try await displayCheck.verdicts(
            on: wishes.map(\.localID), standing: Set(wishes.filter { $0.author == nil }.map(\.localID)), for: person)
        var offered: [Offered] = []
        var (followed, refused) = ([AuthorKey](), [PostKey]())
        for wish in wishes {
            switch (verdicts[wish.localID], wish.author) {
            case (.shown(let shown), _): offered.append(Offered(post: wish.post, shown: shown, reason: wish.reason))
            case (.followed, let author?): followed.append(author)
            case (.followed, nil), (.refused, _): refused.append(wish.post)
            case (nil, _): break
            }
        }
        if !followed.isEmpty || !refused.isEmpty { displayCheck.refusals.note(authors: followed, posts: refused, by: person.token, at: now) }
        let fresh = wishes.filter { $0.author != nil }
        let shownFresh = fresh.count { if case .shown = verdicts[$0.localID] { true } else { false } }
        return (offered, shownFresh, slate.policy, fresh.count { verdicts[$0.localID] != nil } > shownFresh)
    }

    /// What stands first, then the slate's best: where each status costs requests of the person's budget, only as many as can be
    /// shown.
    private func wishes(for slate: Slate, standing: [Placement], count: Int) -> [Wish] {
        var wishes: [Wish] = []
        var seen: Set<PostKey> = []
        for placement in standing {
            guard let localID = placement.localID, seen.insert(placement.post).inserted else { continue }
            wishes.append(Wish(post: placement.post, author: nil, localID: localID, reason: placement.reason))
        }
        for entry in slate.entries.prefix(mastodon.asksInBatches ? count * 2 : count) where seen.insert(entry.post).inserted {
            let reason = Reason(entry.reason, argument: entry.argument).logged
            wishes.append(Wish(post: entry.post, author: entry.author, localID: entry.localID, reason: reason))
        }
        return wishes
    }

    /// The placements that the asked page may hold: the newest below the cursor. snac orders by arrival, so that what has a
    /// somewhat higher id than the cursor may stand under it: there those next above the cursor are looked at too, the nearest first.
    static func standing(_ placements: [Placement], below maxID: String?) -> [Placement] {
        let falling = placements.sorted { PositionID($0.shownAs) > PositionID($1.shownAs) }
        let isByArrival = IDAlphabet(of: placements.lazy.map(\.shownAs)) == .hex
        let most = isByArrival ? 8 : 6
        guard let maxID else { return Array(falling.prefix(most)) }
        let border = falling.firstIndex { PositionID($0.shownAs) < PositionID(maxID) } ?? falling.endIndex
        return falling[border...].prefix(most) + (isByArrival ? falling[..<border].suffix(most).reversed() : [])
    }

    /// The exploration changes by the hour, not by the request, so that a refresh is not a new draw.
    private static func seed(_ now: Instant) -> UInt64 { UInt64(bitPattern: now.floored(to: .hours(1)).microseconds) }
}
