import Fediverse

/// The candidates of one request as arrays of numbers, one place for each candidate, and what the steps find out about them.
///
/// Arrays rather than boxed candidates: 500 of them are ranked in the time in which 500 objects would be allocated.
public struct CandidateBatch: Sendable {
    let index: CandidateIndex
    let reader: ReaderView
    let pipeline: Pipeline
    let size: Int
    var trace: RankingTrace

    // What the index says.
    var rows: [Int32]
    var authors: [Int64]
    /// Seconds, not below 0.
    var ages: [Double]
    /// One bit for each tag, by its id modulo 64: statuses without a common bit have no common tag.
    var tagBits: [UInt64]
    /// Candidate i's tags, ascending: `tags[tagStarts[i]..<tagEnds[i]]`.
    let tags: [Int32]
    var tagStarts: [UInt32]
    var tagEnds: [UInt32]

    // What the steps say.
    /// Signal s of candidate i: `terms[s * count + i]`, signals in the order of `ReasonCode.allCases`.
    var terms: [Double]
    var scores: [Double]
    /// What author decay took from the score.
    var decayed: [Double]
    /// Place in `ReasonCode.allCases`; -1 when the candidate is out.
    var reasons: [Int8]
    /// The tag that gave most, -1 without one.
    var bestTags: [Int32]
    /// The slate: places in this batch, in order.
    var picked: [Int32] = []

    /// How many candidates there are.
    public var count: Int { rows.count }

    init(
        rows: [Int32], index: CandidateIndex, reader: ReaderView, pipeline: Pipeline, size: Int, trace: RankingTrace
    ) {
        self.rows = rows
        self.index = index
        self.reader = reader
        self.pipeline = pipeline
        self.size = size
        self.trace = trace
        let count = rows.count
        authors = []
        ages = []
        tagBits = []
        authors.reserveCapacity(count)
        ages.reserveCapacity(count)
        tagBits.reserveCapacity(count)
        terms = Array(repeating: 0, count: count * ReasonCode.count)
        scores = Array(repeating: 0, count: count)
        decayed = Array(repeating: 0, count: count)
        reasons = Array(repeating: -1, count: count)
        bestTags = Array(repeating: -1, count: count)
        tagStarts = []
        tagEnds = []
        tagStarts.reserveCapacity(count)
        tagEnds.reserveCapacity(count)
        tags = index.columns.tags
        let (keptAuthors, created, ends) = (index.columns.authors, index.columns.created, index.columns.tagEnds)
        for row in rows {
            let row = Int(row)
            authors.append(keptAuthors[row])
            ages.append(max(0, Double(reader.now.microseconds - created[row]) / 1_000_000))
            let start = row == 0 ? 0 : ends[row - 1]
            tagStarts.append(start)
            tagEnds.append(ends[row])
            var bits: UInt64 = 0
            for place in Int(start)..<Int(ends[row]) { bits |= 1 << UInt64(tags[place] & 63) }
            tagBits.append(bits)
        }
        self.trace.candidates = count
    }

    /// Where the candidate's tags stand in `tags`.
    func tagRange(_ place: Int) -> Range<Int> { Int(tagStarts[place])..<Int(tagEnds[place]) }
}

extension ReasonCode {
    /// `allCases.count`, without making the list.
    static let count = 5

    /// Place in `allCases`.
    var place: Int {
        switch self {
        case .author: 0
        case .tag: 1
        case .popularHere: 2
        case .popular: 3
        case .fresh: 4
        }
    }
}
