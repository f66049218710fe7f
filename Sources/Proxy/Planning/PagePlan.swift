import Fediverse
import Privacy
import Recommender

/// How a recommendation is marked as one.
enum RecommendationLabel: String, Sendable, CaseIterable {
    /// Wrapped as a reblog by an account whose name is the reason: visible in every client.
    case reblog
    /// The status itself with an `x_recommendation` member: invisible in ordinary clients, so only when asked.
    case json
    /// Wrapped, and collapsed behind a filter notice that tells the reason: only when asked.
    case filtered
    case off

    /// Whether the entry has an id of ours. Without a wrapper the status stands where its own id belongs.
    var wraps: Bool { self == .reblog || self == .filtered }
}

/// A status that may be shown to this viewer now: it was read a moment ago at their own instance.
struct Offer: Sendable, Equatable {
    var post: PostKey
    /// Its id and canonical address as that instance shows it.
    var innerID: String
    var createdAt: Instant
    /// What it is called where it may already stand: id and address.
    let names: [StatusName]

    init(post: PostKey, innerID: String, innerURI: String, createdAt: Instant) {
        self.post = post
        self.innerID = innerID
        self.createdAt = createdAt
        names = [StatusName(innerID), StatusName(innerURI)]
    }
}

/// Everything that the plan for one page depends on.
struct PageQuestion: Sendable {
    /// Upstream's page, as it came: newest first.
    var entries: [PagePost]
    /// What may be shown now: the slate's best first, and every standing recommendation that could be read.
    var offers: [Offer]
    /// Where wrappers stand in this reader's pages. The order does not matter.
    var placements: [Placement] = []
    var label = RecommendationLabel.reblog
    /// Recommendations at most, as the operator has set it.
    var most = 4
}

/// Which recommendations stand where on one page, and which of upstream's statuses make room for them.
///
/// A page never grows: as many of upstream's last statuses leave it as recommendations come in, and they open the next one.
/// The same question has the same plan.
struct PagePlan: Sendable, Equatable {
    struct Insertion: Sendable, Equatable {
        var post: PostKey
        /// The status's id at the viewer's instance.
        var innerID: String
        /// How many of upstream's statuses stand above it: from 1 to `kept - 1`.
        var gap: Int
        /// The entry's position id: our own, or with label `json` the status's.
        var shownAs: String
        var above: String
        var below: String
        var createdAt: String
        /// The placement that it keeps; nil for one that is new.
        var standing: Placement?
    }

    /// How many of upstream's statuses stay, from the top.
    var kept: Int
    /// From the top down; where upstream's ids fall, theirs do.
    var insertions: [Insertion]
    /// Where the next page begins: the last entry kept. Nil where nothing was taken off: upstream's own cursor is right.
    var nextCursor: String?

    static func unchanged(_ count: Int) -> PagePlan { PagePlan(kept: count, insertions: [], nextCursor: nil) }

    /// How many recommendations a page of `count` entries may hold: a fifth, at most 4.
    static func most(on count: Int) -> Int { min(4, count / 5) }

    init(kept: Int, insertions: [Insertion], nextCursor: String?) {
        self.kept = kept
        self.insertions = insertions
        self.nextCursor = nextCursor
    }

    init(_ question: PageQuestion) {
        self = PagePlanner(question)?.plan() ?? .unchanged(question.entries.count)
    }
}
