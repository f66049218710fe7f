import Fediverse
import Privacy
import Recommender

/// Makes the plan of one page. Rules: what stands keeps its place; new ones come only above the topmost that was ever placed
/// in this range, so a repeated request gets no others, whatever the slate says by then; and neighbours are far apart.
struct PagePlanner {
    private let question: PageQuestion
    private let alphabet: IDAlphabet
    private let positions: [PositionID]
    /// Whether the ids fall from the top down, as clients expect. snac orders by arrival, so there they often do not.
    private let isOrdered: Bool
    /// Upstream entries between two recommendations, at least.
    private let spacing: Int
    private let most: Int
    /// Ids that a new wrapper must not take: another client's cache may still hold them for something else.
    private let taken: Set<StatusName>
    private let standing: [Standing]
    /// The topmost place in this range that ever held a recommendation, also one that is withdrawn now.
    private let topmost: Int?
    private let fresh: [Offer]

    private struct Standing {
        var placement: Placement
        var offer: Offer
        var gap: Int
    }

    /// - Returns: nil where nothing may be inserted: too few entries, ids of unknown form.
    init?(_ question: PageQuestion) {
        let entries = question.entries
        let most = min(question.most, PagePlan.most(on: entries.count))
        guard most > 0, question.label != .off, let alphabet = IDAlphabet(of: entries.lazy.map(\.id))
        else { return nil }
        let positions = entries.map { PositionID($0.id) }
        isOrdered = zip(positions, positions.dropFirst()).allSatisfy(>)
        self.question = question
        self.alphabet = alphabet
        self.positions = positions
        self.most = most
        spacing = max(1, (entries.count - most) / (most + 1))

        var present: Set<StatusName> = []
        present.reserveCapacity(4 * entries.count + question.placements.count)
        for entry in entries { present.formUnion(entry.shows) }
        var offers: [PostKey: Offer] = [:]
        var allowed: [Offer] = []
        var seen: Set<String> = []
        for offer in question.offers where offers[offer.post] == nil {
            guard offer.names.allSatisfy({ !present.contains($0) }), seen.insert(offer.innerID).inserted else { continue }
            offers[offer.post] = offer
            allowed.append(offer)
        }

        // One row a showing: of several with one id the oldest tells when it first stood there.
        var placements: [String: Placement] = [:]
        for placement in question.placements {
            if let known = placements[placement.shownAs], known.at <= placement.at { continue }
            placements[placement.shownAs] = placement
        }
        for id in placements.keys { present.insert(StatusName(id)) }
        taken = present
        var topmost: Int?
        var standing: [Standing] = []
        var placed: Set<PostKey> = []
        for placement in placements.values {
            placed.insert(placement.post)
            guard question.label.wraps == placement.isWrapper else { continue }
            guard let gap = isOrdered ? Self.gap(of: placement.shownAs, among: positions) : Self.gap(beside: placement, among: positions),
                gap > 0, gap < positions.count
            else { continue }
            topmost = min(topmost ?? gap, gap)
            if let offer = offers[placement.post] { standing.append(Standing(placement: placement, offer: offer, gap: gap)) }
        }
        standing.sort { ($0.placement.at, PositionID($1.placement.shownAs)) < ($1.placement.at, PositionID($0.placement.shownAs)) }
        // A post that was placed twice stands where it stood first.
        var once: Set<PostKey> = []
        self.standing = standing.filter { once.insert($0.placement.post).inserted }
        self.topmost = topmost
        fresh = allowed.filter { !placed.contains($0.post) }
    }

    /// As many recommendations as the page may hold. Each one fewer lets one more of upstream's statuses stay, which can make
    /// room for one more that stands: so from the most downwards, the first number that comes out even.
    func plan() -> PagePlan {
        for count in stride(from: most, through: 1, by: -1) {
            let kept = positions.count - count
            var insertions = standing.filter { $0.gap < kept }.prefix(count).map(insertion)
            insertions += newcomers(count - insertions.count, above: kept)
            guard insertions.count == count else { continue }
            insertions.sort { ($0.gap, PositionID($1.shownAs)) < ($1.gap, PositionID($0.shownAs)) }
            return PagePlan(kept: kept, insertions: insertions, nextCursor: positions[kept - 1].text)
        }
        return .unchanged(positions.count)
    }

    /// - Returns: how many entries stand above the id; nil when one of them has it.
    private static func gap(of id: String, among positions: [PositionID]) -> Int? {
        let position = PositionID(id)
        var (low, high) = (0, positions.count)
        while low < high {
            let middle = (low + high) / 2
            if positions[middle] == position { return nil }
            if positions[middle] > position { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Where ids do not fall, the neighbours tell the place: under the one above, else above the one below.
    private static func gap(beside placement: Placement, among positions: [PositionID]) -> Int? {
        positions.firstIndex { $0.text == placement.above }.map { $0 + 1 } ?? positions.firstIndex { $0.text == placement.below }
    }

    private func insertion(_ standing: Standing) -> PagePlan.Insertion {
        PagePlan.Insertion(
            post: standing.placement.post, innerID: standing.offer.innerID, gap: standing.gap, shownAs: standing.placement.shownAs,
            above: standing.placement.above, below: standing.placement.below,
            createdAt: question.label.wraps ? createdAt(of: standing.placement.shownAs, in: standing.gap) : standing.offer.createdAt.iso8601,
            standing: standing.placement)
    }

    private func newcomers(_ wanted: Int, above kept: Int) -> [PagePlan.Insertion] {
        let last = min(kept - 1, topmost.map { $0 - spacing } ?? kept)
        return question.label.wraps ? wrapped(wanted, through: last) : unwrapped(wanted, through: last)
    }

    /// Wrappers at even distances; where ids leave no room, or a neighbour may not be named, one entry further down.
    private func wrapped(_ wanted: Int, through last: Int) -> [PagePlan.Insertion] {
        var insertions: [PagePlan.Insertion] = []
        var offers = fresh.makeIterator()
        var gap = spacing
        while insertions.count < wanted, gap <= last {
            guard mayBeNamed(gap), let id = freeID(in: gap) else {
                gap += 1
                continue
            }
            guard let offer = offers.next() else { break }
            insertions.append(newcomer(offer, shownAs: id, gap: gap))
            gap += spacing
        }
        return insertions
    }

    /// Statuses under their own ids, each where its id and its time belong, and no two side by side.
    private func unwrapped(_ wanted: Int, through last: Int) -> [PagePlan.Insertion] {
        var insertions: [PagePlan.Insertion] = []
        var gaps: Set<Int> = []
        for offer in fresh where insertions.count < wanted {
            guard offer.innerID.utf8.count == positions[0].text.utf8.count, let gap = Self.gap(of: offer.innerID, among: positions),
                gap > 0, gap <= last, mayBeNamed(gap), isTimely(offer, in: gap), gaps.insert(gap).inserted
            else { continue }
            var insertion = newcomer(offer, shownAs: offer.innerID, gap: gap)
            insertion.createdAt = offer.createdAt.iso8601
            insertions.append(insertion)
        }
        return insertions
    }

    /// Whether both neighbours may stand in the log.
    private func mayBeNamed(_ gap: Int) -> Bool { question.entries[gap - 1].mayBeNamed && question.entries[gap].mayBeNamed }

    /// Whether the status's time is between those of its neighbours, since some clients sort by time.
    private func isTimely(_ offer: Offer, in gap: Int) -> Bool {
        guard let above = Instant(iso8601: question.entries[gap - 1].createdAt),
            let below = Instant(iso8601: question.entries[gap].createdAt)
        else { return false }
        return below <= offer.createdAt && offer.createdAt <= above
    }

    private func newcomer(_ offer: Offer, shownAs id: String, gap: Int) -> PagePlan.Insertion {
        PagePlan.Insertion(
            post: offer.post, innerID: offer.innerID, gap: gap, shownAs: id, above: positions[gap - 1].text,
            below: positions[gap].text, createdAt: createdAt(of: id, in: gap), standing: nil)
    }

    /// Ids this far below an entry are tried and recognised.
    private static let reach = 64

    /// The highest id below the entry above and above the entry below that nothing else has.
    private func freeID(in gap: Int) -> String? {
        for step in 1...Self.reach {
            guard let id = positions[gap - 1].minus(step, in: alphabet), id > positions[gap] else { return nil }
            if !taken.contains(StatusName(id.text)) { return id.text }
        }
        return nil
    }

    /// As many milliseconds before the entry above as the id is below its id.
    private func createdAt(of id: String, in gap: Int) -> String {
        let above = positions[gap - 1]
        let step = (1...Self.reach).first { above.minus($0, in: alphabet)?.text == id } ?? Self.reach
        return WireTime.between(question.entries[gap - 1].createdAt, question.entries[gap].createdAt, steps: Int64(step))
    }
}
