/// How many places of a slate one author and one tag may take.
public struct Caps: Sendable, Equatable {
    public var perAuthor: Int
    public var perTag: Int

    public init(perAuthor: Int = 2, perTag: Int = 3) {
        self.perAuthor = perAuthor
        self.perTag = perTag
    }

    public static let none = Caps(perAuthor: .max, perTag: .max)
}

/// Fills the slate place by place with what is good and unlike what stands there already (maximal marginal relevance):
/// the largest `lambda * score / highest - (1 - lambda) * similarity`, as long as the caps allow.
///
/// Similarity to the nearest status in the slate: 1 for the same author, else the Jaccard index of the tags. Untagged statuses
/// are like nothing but their author's. With lambda 1 the order is that of the scores.
///
/// Source: Carbonell and Goldstein 1998; recsys.
struct Diversity: RankingStep {
    let name = "diversity"
    let lambda: Double
    let caps: Caps

    func apply(to batch: inout CandidateBatch) {
        var slate = OpenSlate(batch, caps: caps)
        while slate.picked.count < batch.size, slate.pick(lambda: lambda) {}
        batch.picked = slate.picked
        batch.trace.capped += slate.capped
    }
}

/// A slate while it is being filled: what stands in it, and what may still come.
private struct OpenSlate {
    private let batch: CandidateBatch
    private let caps: Caps
    private(set) var picked: [Int32] = []
    private(set) var capped = 0
    /// Those not looked at yet.
    private var heap: ScoreHeap
    /// Those looked at and not picked, best score first.
    private var open: [Open] = []
    private var highest: Double?
    private var tagPlaces: [Int32: Int] = [:]
    private var fullTags: [Int32] = []
    private var fullTagBits: UInt64 = 0

    private struct Open {
        let place: Int
        /// Likeness to the nearest of the first `compared` picks.
        var nearest = 0.0
        var compared = 0
        /// Places that the author has among them.
        var authorPlaces = 0
    }

    init(_ batch: CandidateBatch, caps: Caps) {
        self.batch = batch
        self.caps = caps
        heap = ScoreHeap(batch)
    }

    /// Fills the next place; a tie goes to the smaller row.
    ///
    /// Goes down the scores and stops where even a status like nothing in the slate could not win any more: likeness only takes away.
    /// - Returns: false when there is nobody left to take it.
    mutating func pick(lambda: Double) -> Bool {
        var (best, bestValue) = (-1, -Double.infinity)
        var candidate = 0
        while candidate < open.count || lookAtNext() {
            let place = open[candidate].place
            let relevance = lambda * batch.scores[place] / scale
            if relevance < bestValue { break }
            update(candidate)
            if isCapped(open[candidate]) {
                open.remove(at: candidate)
                capped += 1
                continue
            }
            let value = relevance - (1 - lambda) * open[candidate].nearest
            if value > bestValue || value == bestValue && batch.rows[place] < batch.rows[open[best].place] {
                (best, bestValue) = (candidate, value)
            }
            candidate += 1
        }
        guard best >= 0 else { return false }
        let pick = open.remove(at: best).place
        picked.append(Int32(pick))
        for tag in batch.tagRange(pick) {
            let tag = batch.tags[tag]
            tagPlaces[tag, default: 0] += 1
            if tagPlaces[tag, default: 0] == caps.perTag {
                fullTags.append(tag)
                fullTagBits |= 1 << UInt64(tag & 63)
            }
        }
        return true
    }

    /// What scores are divided by: the highest, unless all are 0 or below.
    private var scale: Double { (highest ?? 0) > 0 ? highest ?? 1 : 1 }

    private mutating func lookAtNext() -> Bool {
        guard let place = heap.next() else { return false }
        if highest == nil { highest = batch.scores[Int(place)] }
        open.append(Open(place: Int(place)))
        return true
    }

    /// Compares an open candidate with what was picked since it was looked at last.
    private mutating func update(_ index: Int) {
        var candidate = open[index]
        guard candidate.compared < picked.count else { return }
        let (author, bits) = (batch.authors[candidate.place], batch.tagBits[candidate.place])
        for other in picked[candidate.compared...].lazy.map(Int.init) {
            if batch.authors[other] == author {
                candidate.nearest = 1
                candidate.authorPlaces += 1
            } else if batch.tagBits[other] & bits != 0 {
                let likeness = jaccard(batch.tagRange(candidate.place), batch.tagRange(other), of: batch.tags)
                candidate.nearest = max(candidate.nearest, likeness)
            }
        }
        candidate.compared = picked.count
        open[index] = candidate
    }

    private func isCapped(_ candidate: Open) -> Bool {
        if candidate.authorPlaces >= caps.perAuthor { return true }
        guard batch.tagBits[candidate.place] & fullTagBits != 0 else { return false }
        return batch.tagRange(candidate.place).contains { fullTags.contains(batch.tags[$0]) }
    }
}

/// Common elements divided by all elements, of two ascending stretches of `tags`; 0 when both are empty.
func jaccard(_ left: Range<Int>, _ right: Range<Int>, of tags: [Int32]) -> Double {
    var (a, b, common) = (left.lowerBound, right.lowerBound, 0)
    while a < left.upperBound, b < right.upperBound {
        if tags[a] == tags[b] {
            common += 1
            a += 1
            b += 1
        } else if tags[a] < tags[b] {
            a += 1
        } else {
            b += 1
        }
    }
    let all = left.count + right.count - common
    return all == 0 ? 0 : Double(common) / Double(all)
}
