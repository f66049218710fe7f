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
        let now = clock()
        let index = try await indexes.index(of: person.viewer.tenant, at: now)
        var asking = displayCheck.refusals.applied(to: history, of: person.token, at: now)
        if let strategy = asked.strategy, RankingPolicy(rawValue: strategy) != nil { asking.settings["policy"] = strategy }
        let slate = recommender.slate(
            for: asking, level: person.viewer.level, from: index, size: count * 2, at: now, seed: Self.seed(now))
        let standing = Self.standing(history.placements, below: asked.maxID)
        var wanted: [(post: PostKey, author: AuthorKey?, localID: String, reason: String)] = []
        var seen: Set<PostKey> = []
        for placement in standing {
            guard let localID = placement.localID, seen.insert(placement.post).inserted else { continue }
            wanted.append((placement.post, nil, localID, placement.reason))
        }
        // Where each status costs a request of the person's budget, only as many are asked for as can be shown.
        let most = mastodon.asksInBatches ? count * 2 : count
        for entry in slate.entries.prefix(max(0, most - (mastodon.asksInBatches ? 0 : wanted.count))) where seen.insert(entry.post).inserted {
            wanted.append((entry.post, entry.author, entry.localID, Reason(entry.reason, argument: entry.argument).logged))
        }
        let verdicts = try await displayCheck.verdicts(on: wanted.map(\.localID), for: person)
        var offered: [Offered] = []
        var (followed, refused) = ([AuthorKey](), [PostKey]())
        for wish in wanted {
            switch verdicts[wish.localID] {
            case .shown(let shown): offered.append(Offered(post: wish.post, shown: shown, reason: wish.reason))
            case .followed: if let author = wish.author { followed.append(author) } else { refused.append(wish.post) }
            case .refused: refused.append(wish.post)
            case nil: break
            }
        }
        if !followed.isEmpty || !refused.isEmpty { displayCheck.refusals.note(authors: followed, posts: refused, by: person.token, at: now) }
        return Prepared(offered: offered, policy: slate.policy)
    }

    /// The placements that the asked page may hold: the newest below the cursor.
    private static func standing(_ placements: [Placement], below maxID: String?) -> ArraySlice<Placement> {
        let below = placements.filter { placement in
            guard let maxID else { return true }
            return PositionID(placement.shownAs) < PositionID(maxID)
        }
        return below.sorted { PositionID($0.shownAs) > PositionID($1.shownAs) }.prefix(6)
    }

    /// The exploration changes by the hour, not by the request, so that a refresh is not a new draw.
    private static func seed(_ now: Instant) -> UInt64 { UInt64(bitPattern: now.floored(to: .hours(1)).microseconds) }
}
