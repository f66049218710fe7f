import Fediverse
import Privacy
import Recommender
import Upstream

/// The list "For you": a slate of its own, each place of which has an id for good once it was shown.
///
/// Nothing is remembered here: the slate is made anew for each page, and the rows of what was shown already hold their places. So every
/// process gives the same pages, and what came in meanwhile only follows.
struct ForYouTimeline: Sendable {
    let indexes: CandidateIndexCache
    let recommender: TimelineRecommender
    let displayCheck: DisplayCheck
    let readers: any RecommenderRepository
    let log: any RecommendationLogRepository
    let policy: PrivacyPolicy
    let clock: @Sendable () -> Instant

    struct Entry: Sendable {
        let place: Int
        let placement: Placement
        let createdAt: Instant
        let shown: ShownStatus
    }

    struct Page: Sendable {
        /// The newest first; each has its row.
        var entries: [Entry] = []
        /// Whether the slate ends here.
        var isLast = true
    }

    /// - Returns: an empty page at NONE, and where the person's level changed meanwhile.
    func page(_ asked: ListPage, for person: SignedIn.Person, history: ReaderHistory) async throws -> Page {
        guard person.viewer.level > .none else { return Page() }
        let now = clock()
        let index = try await indexes.index(of: person.viewer.tenant, at: now)
        // Two requests at one moment may want the same place: whose rows come second looks again.
        for _ in 0..<2 {
            guard let slate = try await slate(asked, person, history, index, at: now) else { return Page() }
            let (page, new) = try await fill(asked, slate, for: person)
            let rows = new.compactMap { entry in
                policy.permit(
                    Recommendation(
                        post: entry.placement.post, at: now, reason: entry.placement.reason, modelVersion: slate.policy, shownAs: entry.placement.shownAs,
                        position: entry.place),
                    for: person.viewer)
            }
            guard rows.count == new.count else { return Page() }
            if try await log.record(rows, while: { true }) { return page }
        }
        return Page()
    }

    private struct Standing {
        let ids: SlateIDs
        let policy: String
        /// By place; what was shown already, and behind it the slate's best.
        var wishes: [(place: Int, placement: Placement, isNew: Bool)]
    }

    private func slate(
        _ asked: ListPage, _ person: SignedIn.Person, _ history: ReaderHistory, _ index: CandidateIndex, at now: Instant
    ) async throws -> Standing? {
        var asking = displayCheck.refusals.applied(to: history, of: person.token, at: now)
        let listed = try await readers.listed(of: person.viewer, since: now - SlateIDs.kept - SlateIDs.limitedSpan)
        func made(_ moment: Instant) -> Slate {
            let seed = UInt64(bitPattern: moment.microseconds)
            return recommender.slate(for: asking, level: person.viewer.level, from: index, size: SlateIDs.most, at: now, seed: seed)
        }
        // Any id of the instance tells how it writes them.
        let example = listed.first?.shownAs ?? made(now).entries.first?.localID
        guard let alphabet = example.flatMap({ IDAlphabet(of: CollectionOfOne($0)) }),
            let ids = SlateIDs.asked(by: asked, level: person.viewer.level, in: alphabet, at: now)
        else { return nil }
        let shown = Dictionary(listed.map { ($0.shownAs, $0) }) { first, _ in first }
        var wishes: [(place: Int, placement: Placement, isNew: Bool)] = []
        for place in 0..<SlateIDs.most {
            if let placement = shown[ids.id(place).text] { wishes.append((place, placement, false)) }
        }
        // What stands in this slate was shown for it, and is no reason to leave it out.
        for wish in wishes { asking.shown[wish.placement.post] = nil }
        let slate = made(ids.moment)
        let placed = Set(wishes.map(\.placement.post))
        var place = (wishes.last?.place ?? -1) + 1
        for entry in slate.entries where place < SlateIDs.most && !placed.contains(entry.post) {
            let id = ids.id(place).text
            let reason = Reason(entry.reason, argument: entry.argument).logged
            wishes.append((
                place,
                Placement(shownAs: id, above: id, below: id, post: entry.post, localID: entry.localID, reason: reason, policy: slate.policy, at: now), true
            ))
            place += 1
        }
        return Standing(ids: ids, policy: slate.policy, wishes: wishes)
    }

    /// As many as were asked for of those that may be shown: whoever is refused makes room for the next.
    private func fill(_ asked: ListPage, _ slate: Standing, for person: SignedIn.Person) async throws -> (Page, [Entry]) {
        let places = slate.ids.places(below: asked.below, above: asked.above)
        var rest = slate.wishes.filter { places.contains($0.place) }[...]
        if asked.takesNext { rest = ArraySlice(rest.reversed()) }
        var (picked, new): ([Entry], [Entry]) = ([], [])
        while picked.count < asked.limit, !rest.isEmpty {
            let part = rest.prefix(asked.limit - picked.count)
            rest = rest.dropFirst(part.count)
            let verdicts = try await displayCheck.verdicts(
                on: part.compactMap(\.placement.localID), standing: Set(part.filter { !$0.isNew }.compactMap(\.placement.localID)), for: person)
            for wish in part {
                // Where the person's budget ends, the page ends, and says that there is more.
                guard let id = wish.placement.localID else { continue }
                guard let verdict = verdicts[id] else { return (Page(entries: ordered(picked, asked), isLast: false), new) }
                guard case .shown(let shown) = verdict else { continue }
                let entry = Entry(place: wish.place, placement: wish.placement, createdAt: slate.ids.createdAt(wish.place), shown: shown)
                picked.append(entry)
                if wish.isNew { new.append(entry) }
            }
        }
        let last = picked.map(\.place).max() ?? 0
        let isLast = asked.takesNext ? !slate.wishes.contains { $0.place > last } : rest.isEmpty
        return (Page(entries: ordered(picked, asked), isLast: isLast), new)
    }

    private func ordered(_ entries: [Entry], _ asked: ListPage) -> [Entry] { asked.takesNext ? entries.reversed() : entries }
}
