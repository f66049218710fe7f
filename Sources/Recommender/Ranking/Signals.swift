/// The signals of each candidate, from 0 to 1: popularity here and in public, tags, author, freshness.
struct Signals: RankingStep {
    let name = "signals"
    /// Seconds.
    var freshHalfLife = 86_400.0

    func apply(to batch: inout CandidateBatch) {
        let count = batch.count
        let (own, growth) = (batch.index.columns.ownScores, batch.index.columns.publicScores)
        // Moved out and back, so that the loops write into an array that nobody else holds.
        var terms = batch.terms
        batch.terms = []
        terms.withUnsafeMutableBufferPointer { terms in
            for place in 0..<count {
                let row = Int(batch.rows[place])
                terms[ReasonCode.popularHere.place * count + place] = Double(own[row])
                terms[ReasonCode.popular.place * count + place] = Double(growth[row])
                terms[ReasonCode.fresh.place * count + place] = decay(age: batch.ages[place], halfLife: freshHalfLife)
            }
        }
        if batch.reader.authors.count > 0 {
            let pulls = batch.reader.authors
            for place in 0..<count { terms[ReasonCode.author.place * count + place] = pulls[batch.authors[place]] ?? 0 }
        }
        if batch.reader.tagWeights.count > 0 { addOverlap(to: &terms, of: &batch) }
        for signal in [ReasonCode.popularHere, .popular, .tag] {
            let range = (signal.place * count)..<((signal.place + 1) * count)
            let scale = saturationScale(of: terms[range])
            for place in range { terms[place] = saturated(terms[place], scale: scale) }
        }
        batch.terms = terms
    }

    /// How much the candidate's tags are the reader's tags, the rare ones most, and the tag that says most of it.
    private func addOverlap(to terms: inout [Double], of batch: inout CandidateBatch) {
        let weights = batch.reader.tagWeights
        let tags = batch.tags
        for place in 0..<batch.count where batch.tagBits[place] & batch.reader.tagBits != 0 {
            var sum = 0.0
            var best = 0.0
            for tag in batch.tagRange(place) {
                guard let gain = weights[Int64(tags[tag])] else { continue }
                sum += gain
                if gain > best {
                    best = gain
                    batch.bestTags[place] = tags[tag]
                }
            }
            terms[ReasonCode.tag.place * batch.count + place] = sum
        }
    }
}
