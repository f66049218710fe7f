/// Makes an author's second status count for less than the first, the third for less again.
///
/// The k-th status of an author, by score, keeps `(1 - floor) * 0.5^k + floor` of it, k from 0. Only scores above 0 are
/// touched: a factor would lift those below.
///
/// Source: the author diversity of twitter/the-algorithm (`home-mixer`).
struct AuthorDecay: RankingStep {
    let name = "author-decay"
    var floor = 0.25

    func apply(to batch: inout CandidateBatch) {
        // Each author's places, as chains through one array: no dictionary, no sorting of the whole batch.
        var heads = FlatMap(capacity: batch.count)
        var next = [Int32](repeating: -1, count: batch.count)
        var several: [Int32] = []
        for place in 0..<batch.count where batch.reasons[place] >= 0 {
            guard let head = heads.value(of: batch.authors[place], orSet: Double(place)) else { continue }
            if next[Int(head)] < 0 { several.append(Int32(head)) }
            next[place] = next[Int(head)]
            next[Int(head)] = Int32(place)
        }
        var statuses: [Int32] = []
        for head in several {
            statuses.removeAll(keepingCapacity: true)
            var place = head
            while place >= 0 {
                statuses.append(place)
                place = next[Int(place)]
            }
            statuses.sort { batch.precedes(Int($0), Int($1)) }
            var factor = 1.0
            for status in statuses.dropFirst() {
                factor *= 0.5
                let before = batch.scores[Int(status)]
                guard before > 0 else { continue }
                batch.scores[Int(status)] = before * ((1 - floor) * factor + floor)
                batch.decayed[Int(status)] = batch.scores[Int(status)] - before
            }
        }
    }
}

extension CandidateBatch {
    /// The order of scores; a tie goes to the smaller post key, which is the smaller row.
    func precedes(_ left: Int, _ right: Int) -> Bool {
        scores[left] != scores[right] ? scores[left] > scores[right] : rows[left] < rows[right]
    }
}
