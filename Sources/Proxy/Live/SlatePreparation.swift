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
        let first = try await attempt(for: person, history: history, asked: asked, count: count)
        // Nothing of the whole slate may be shown, as happens when it is full of people whom the reader follows: the next slate
        // is made without them.
        guard first.prepared.offered.isEmpty, first.wasRefused else { return first.prepared }
        return try await attempt(for: person, history: history, asked: asked, count: count).prepared
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
    ) async throws -> (prepared: Prepared, wasRefused: Bool) {
        let now = clock()
        let index = try await indexes.index(of: person.viewer.tenant, at: now)
        var asking = displayCheck.refusals.applied(to: history, of: person.token, at: now)
        if let strategy = asked.strategy, RankingPolicy(rawValue: strategy) != nil { asking.settings["policy"] = strategy }
        let slate = recommender.slate(
            for: asking, level: person.viewer.level, from: index, size: count * 2, at: now, seed: Self.seed(now))
        let wishes = wishes(for: slate, standing: Self.standing(history.placements, below: asked.maxID), asked: asked, count: count)
        let verdicts = try await displayCheck.verdicts(on: wishes.map(\.localID), for: person)
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
        let wasRefused = !followed.isEmpty || !refused.isEmpty
        if wasRefused { displayCheck.refusals.note(authors: followed, posts: refused, by: person.token, at: now) }
        return (Prepared(offered: offered, policy: slate.policy), wasRefused)
    }

    /// What stands first, then the slate's best. Where each status costs requests of the person's budget, only as many are asked
    /// about as can be shown; and on a page further down, where what stands is likely on it, only as many as it leaves room for.
    private func wishes(for slate: Slate, standing: [Placement], asked: HomeRequest, count: Int) -> [Wish] {
        var wishes: [Wish] = []
        var seen: Set<PostKey> = []
        for placement in standing {
            guard let localID = placement.localID, seen.insert(placement.post).inserted else { continue }
            wishes.append(Wish(post: placement.post, author: nil, localID: localID, reason: placement.reason))
        }
        let below = asked.maxID.map { maxID in standing.count { PositionID($0.shownAs) < PositionID(maxID) } } ?? 0
        let most = mastodon.asksInBatches ? count * 2 : count - below
        for entry in slate.entries.prefix(max(0, most)) where seen.insert(entry.post).inserted {
            let reason = Reason(entry.reason, argument: entry.argument).logged
            wishes.append(Wish(post: entry.post, author: entry.author, localID: entry.localID, reason: reason))
        }
        return wishes
    }

    /// The placements that the asked page may hold: the newest below the cursor. snac orders by arrival, so that what has a
    /// somewhat higher id than the cursor may stand under it: there those next above the cursor are looked at too.
    static func standing(_ placements: [Placement], below maxID: String?) -> [Placement] {
        let falling = placements.sorted { PositionID($0.shownAs) > PositionID($1.shownAs) }
        guard let maxID else { return Array(falling.prefix(6)) }
        let border = falling.firstIndex { PositionID($0.shownAs) < PositionID(maxID) } ?? falling.endIndex
        let isByArrival = IDAlphabet(of: CollectionOfOne(maxID)) == .hex
        return Array(falling[..<border].suffix(isByArrival ? 4 : 0)) + falling[border...].prefix(isByArrival ? 4 : 6)
    }

    /// The exploration changes by the hour, not by the request, so that a refresh is not a new draw.
    private static func seed(_ now: Instant) -> UInt64 { UInt64(bitPattern: now.floored(to: .hours(1)).microseconds) }
}
