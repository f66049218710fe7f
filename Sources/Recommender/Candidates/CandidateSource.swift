import Fediverse

/// Where candidates come from. Each reads one order of the index from its best end.
enum CandidateSource: String, Sendable {
    /// What people here acted on, k-gated.
    case popularHere = "popular-here"
    /// Whose public counters grew most.
    case popular
    /// The newest of each author whom the reader likes.
    case authors
    /// The newest of each tag that the reader likes.
    case tags
    /// The newest of all.
    case fresh
    /// A draw from those not older than two days: those that no list favours get a chance as well.
    case chance

    /// What stands in when the source gives nothing.
    enum OnFailure: Sendable, Equatable { case goWithout, fallBack(to: CandidateSource) }

    struct Plan: Sendable {
        var source: CandidateSource
        /// Candidates that it may add.
        var budget: Int
        var onFailure: OnFailure = .goWithout

        init(_ source: CandidateSource, budget: Int, onFailure: OnFailure = .goWithout) {
            self.source = source
            self.budget = budget
            self.onFailure = onFailure
        }
    }

    static let perAuthor = 4
    static let perTag = 12
    static let chanceAge = Instant.Span.days(2)
    /// Rows that one source looks at, at most: a reader of a rare language is worth the walk, but not without end.
    static let scanLimit = 20_000
}

/// Asks the sources, in turn, for rows that the viewer's filters let through, each row once.
struct CandidateGatherer {
    let index: CandidateIndex
    let reader: ReaderView
    let oldest: Int64
    // The columns that every row is asked for, by themselves: all thirteen of them would be retained for each row.
    private let keys: [Int64]
    private let authors: [Int64]
    private let created: [Int64]
    private let languages: [Int16]
    let limit: Int
    private(set) var rows: [Int32] = []
    private(set) var filtered = 0
    private var seen: FlatSet
    private var scanned = 0
    private var end = 0

    /// - Parameters:
    ///   - window: statuses older than this are no candidates.
    ///   - limit: candidates over all sources.
    init(index: CandidateIndex, reader: ReaderView, window: Instant.Span, limit: Int) {
        self.index = index
        self.reader = reader
        self.limit = limit
        oldest = (reader.now - window).microseconds
        keys = index.columns.keys
        authors = index.columns.authors
        created = index.columns.created
        languages = index.columns.languages
        rows.reserveCapacity(limit)
        seen = FlatSet(capacity: limit * 2)
    }

    /// - Returns: how many candidates the source added.
    mutating func gather(_ source: CandidateSource, budget: Int, seed: UInt64) -> Int {
        let before = rows.count
        scanned = 0
        end = min(limit, before + budget)
        switch source {
        case .popularHere: visit(index.orders.byOwnScore[...])
        case .popular: visit(index.orders.byPublicScore[...])
        case .fresh: visit(index.orders.newest[...], newestFirst: true)
        case .authors:
            for author in reader.favouriteAuthors where !isFull {
                visit(index.rows(of: author), newestFirst: true, atMost: CandidateSource.perAuthor)
            }
        case .tags:
            for tag in reader.favouriteTags where !isFull {
                visit(index.rows(tagged: tag), newestFirst: true, atMost: CandidateSource.perTag)
            }
        case .chance: draw(budget: budget, seed: seed)
        }
        return rows.count - before
    }

    private var isFull: Bool { rows.count >= end || scanned >= CandidateSource.scanLimit }

    private mutating func visit(_ order: ArraySlice<Int32>, newestFirst: Bool = false, atMost count: Int = .max) {
        let before = rows.count
        for row in order {
            if isFull || rows.count - before >= count { return }
            if newestFirst, created[Int(row)] < oldest { return }
            consider(row)
        }
    }

    private mutating func draw(budget: Int, seed: UInt64) {
        let since = max(oldest, (reader.now - CandidateSource.chanceAge).microseconds)
        let recent = index.orders.newest.partitioningIndex { created[Int($0)] < since }
        guard recent > 0 else { return }
        var random = SplitMix64(seed: seed)
        // With replacement, so a pool hardly larger than the budget would be drawn dry for long.
        for _ in 0..<(budget * 4) where !isFull {
            consider(index.orders.newest[Int.random(in: 0..<recent, using: &random)])
        }
    }

    private mutating func consider(_ row: Int32) {
        scanned += 1
        guard seen.insert(Int64(row)) else { return }
        let place = Int(row)
        guard created[place] >= oldest else { return }
        if reader.accepts(key: keys[place], author: authors[place], language: languages[place]) {
            rows.append(row)
        } else {
            filtered += 1
        }
    }
}
