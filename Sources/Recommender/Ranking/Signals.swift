/// The signals of each candidate, from 0 to 1: popularity here and in public, tags, author, freshness.
struct Signals: RankingStep {
    let name = "signals"
    /// Seconds.
    var freshHalfLife = 86_400.0

    func apply(to batch: inout CandidateBatch) {
        let count = batch.count
        let columns = batch.index.columns
        for place in 0..<count {
            let row = Int(batch.rows[place])
            batch.terms[ReasonCode.popularHere.place * count + place] = Double(columns.ownScores[row])
            batch.terms[ReasonCode.popular.place * count + place] = Double(columns.publicScores[row])
            batch.terms[ReasonCode.fresh.place * count + place] = decay(age: batch.ages[place], halfLife: freshHalfLife)
        }
        if batch.reader.authors.count > 0 {
            for place in 0..<count {
                batch.terms[ReasonCode.author.place * count + place] = batch.reader.authors[batch.authors[place]] ?? 0
            }
        }
        if batch.reader.tagWeights.count > 0 { overlap(of: &batch) }
        for signal in [ReasonCode.popularHere, .popular, .tag] { saturate(signal, of: &batch) }
    }

    /// How much the candidate's tags are the reader's tags, the rare ones most, and the tag that says most of it.
    private func overlap(of batch: inout CandidateBatch) {
        for place in 0..<batch.count {
            var sum = 0.0
            var best = 0.0
            for tag in batch.tags(of: place) {
                guard let gain = batch.reader.tagWeights[Int64(tag)] else { continue }
                sum += gain
                if gain > best {
                    best = gain
                    batch.bestTags[place] = tag
                }
            }
            batch.terms[ReasonCode.tag.place * batch.count + place] = sum
        }
    }

    private func saturate(_ signal: ReasonCode, of batch: inout CandidateBatch) {
        let range = (signal.place * batch.count)..<((signal.place + 1) * batch.count)
        let scale = saturationScale(of: batch.terms[range])
        for place in range { batch.terms[place] = saturated(batch.terms[place], scale: scale) }
    }
}
