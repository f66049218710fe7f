import Fediverse

/// What of a person's home stands in a list: told entry by entry, from the newest down, so that a list holds real statuses in home's order.
struct HomeChoice {
    enum Kind: Sendable {
        /// Followed people who rarely post, whose statuses drown among those of the others.
        case quietFriends
        /// What came since the person last read home: on one page a status that several passed on once, a thread once.
        case catchUp
    }

    /// Two a week, on average since the account began.
    static let quiet = 2.0 / 7
    /// Somebody who is having a conversation is not quiet now.
    static let mostOfOne = 3
    /// What is older is no longer to be caught up with.
    static let longestAge = Instant.Span.days(2)

    let kind: Kind
    /// The account id of the person whose home it is.
    let reader: String
    let now: Instant
    /// What the person has read.
    var marker: PositionID?

    private var shown: Set<String> = []
    private var byAuthor: [String: Int] = [:]

    init(_ kind: Kind, reader: String, marker: PositionID?, now: Instant) {
        self.kind = kind
        self.reader = reader
        self.marker = marker
        self.now = now
    }

    /// Whether the list ends above this entry.
    func isOver(at entry: HomeEntry) -> Bool {
        guard kind == .catchUp else { return false }
        return marker.map { PositionID(entry.id) <= $0 } ?? false || entry.createdAt.map { now - $0 > Self.longestAge } ?? false
    }

    mutating func takes(_ entry: HomeEntry) -> Bool {
        guard entry.author.id != reader else { return false }
        switch kind {
        case .quietFriends:
            guard entry.reblogged == nil, !entry.author.isBot, entry.author.statusesADay(at: now).map({ $0 <= Self.quiet }) ?? false else { return false }
            byAuthor[entry.author.id, default: 0] += 1
            return byAuthor[entry.author.id, default: 0] <= Self.mostOfOne
        case .catchUp:
            let subject = entry.reblogged ?? entry.id
            defer {
                shown.insert(subject)
                // What it answers is read where it is read.
                if let parent = entry.inReplyToID { shown.insert(parent) }
            }
            return !shown.contains(subject)
        }
    }
}
