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
        var open = (0..<Int32(batch.count)).filter { batch.reasons[Int($0)] >= 0 }
        let highest = open.reduce(0) { max($0, batch.scores[Int($1)]) }
        let scale = highest > 0 ? lambda / highest : lambda
        var nearest = [Double](repeating: 0, count: batch.count)
        var tagPlaces: [Int32: Int] = [:]
        var authorPlaces: [Int64: Int] = [:]

        while batch.picked.count < batch.size, !open.isEmpty {
            var best = 0
            var bestValue = -Double.infinity
            for candidate in open.indices {
                let place = Int(open[candidate])
                let value = scale * batch.scores[place] - (1 - lambda) * nearest[place]
                if value > bestValue || value == bestValue && batch.rows[place] < batch.rows[Int(open[best])] {
                    best = candidate
                    bestValue = value
                }
            }
            let pick = Int(open[best])
            batch.picked.append(open[best])
            open.swapAt(best, open.count - 1)
            open.removeLast()

            let author = batch.authors[pick]
            authorPlaces[author, default: 0] += 1
            let authorIsFull = authorPlaces[author, default: 0] >= caps.perAuthor
            var fullTags: [Int32] = []
            for tag in batch.tags(of: pick) {
                tagPlaces[tag, default: 0] += 1
                if tagPlaces[tag, default: 0] >= caps.perTag { fullTags.append(tag) }
            }
            let before = open.count
            compare(&open, with: pick, authorIsFull: authorIsFull, fullTags: fullTags, nearest: &nearest, in: batch)
            batch.trace.capped += before - open.count
        }
    }

    /// Notes how like the pick the open candidates are, and takes those out for which there is no place any more.
    private func compare(
        _ open: inout [Int32], with pick: Int, authorIsFull: Bool, fullTags: [Int32], nearest: inout [Double], in batch: CandidateBatch
    ) {
        let (author, bits) = (batch.authors[pick], batch.tagBits[pick])
        var kept = 0
        for candidate in open.indices {
            let place = Int(open[candidate])
            var out = false
            if batch.tagBits[place] & bits != 0 {
                if !fullTags.isEmpty { out = batch.tags(of: place).contains { fullTags.contains($0) } }
                nearest[place] = max(nearest[place], jaccard(batch.tags(of: place), batch.tags(of: pick)))
            }
            if batch.authors[place] == author {
                nearest[place] = 1
                out = out || authorIsFull
            }
            open[kept] = open[candidate]
            if !out { kept += 1 }
        }
        open.removeLast(open.count - kept)
    }
}

/// Common elements divided by all elements, of two ascending lists; 0 when both are empty.
func jaccard(_ left: ArraySlice<Int32>, _ right: ArraySlice<Int32>) -> Double {
    var (a, b, common) = (left.startIndex, right.startIndex, 0)
    while a < left.endIndex, b < right.endIndex {
        if left[a] == right[b] {
            common += 1
            a += 1
            b += 1
        } else if left[a] < right[b] {
            a += 1
        } else {
            b += 1
        }
    }
    let all = left.count + right.count - common
    return all == 0 ? 0 : Double(common) / Double(all)
}
