/// The weighted sum of the signals, and the reason: the term that added most.
///
/// Source: recsys's blend, with saturation for its division by the largest (`Signals`) and an author's pull for its embeddings.
struct Blend: RankingStep {
    let name = "blend"
    /// In the order of `ReasonCode.allCases`; the two popularities share one weight, as only one of them counts.
    let weights: [Double]
    /// Whether the reader's sliders multiply the weights.
    let usesSliders: Bool

    static let personal = Blend(weights: [0.25, 0.30, 0.25, 0.25, 0.20], usesSliders: true)
    static let nonProfiled = Blend(weights: [0, 0, 0.60, 0.60, 0.40], usesSliders: true)
    static let newestFirst = Blend(weights: [0, 0, 0, 0, 1], usesSliders: false)

    func apply(to batch: inout CandidateBatch) {
        var weights = weights
        if usesSliders {
            for signal in weights.indices {
                // A reason that the reader does not want is not held against a status: its term is not used at all.
                weights[signal] *= batch.reader.suppressedReasons[signal] ? 0 : batch.reader.sliders.multipliers[signal]
            }
        }
        let count = batch.count
        let (here, everywhere) = (ReasonCode.popularHere.place * count, ReasonCode.popular.place * count)
        var terms = batch.terms
        batch.terms = []
        for signal in weights.indices {
            let weight = weights[signal]
            for place in (signal * count)..<((signal + 1) * count) { terms[place] *= weight }
        }
        var (countHere, countEverywhere) = (0, 0)
        for place in 0..<count {
            // Popularity is one signal with two measures. The public one steps in where too few people here acted, and where it
            // says more: acts of people here must not make a status less popular.
            if abs(terms[here + place]) >= abs(terms[everywhere + place]) {
                terms[everywhere + place] = 0
                if terms[here + place] != 0 { countHere += 1 }
            } else {
                terms[here + place] = 0
                countEverywhere += 1
            }
        }
        batch.terms = terms
        batch.trace.popularHere = countHere
        batch.trace.popular = countEverywhere
        batch.sum(above: 0)
    }
}

extension CandidateBatch {
    /// Adds up the terms, names the largest as the reason, and drops what is not above `threshold` or has a reason that the
    /// reader does not want.
    mutating func sum(above threshold: Double) {
        let (count, terms, refused) = (count, terms, reader.suppressedReasons)
        for place in 0..<count {
            var (score, largest, reason) = (terms[place], terms[place], 0)
            for signal in 1..<ReasonCode.count {
                let term = terms[signal * count + place]
                score += term
                if term > largest { (largest, reason) = (term, signal) }
            }
            scores[place] = score
            if score > threshold, largest > 0, !refused[reason] {
                reasons[place] = Int8(reason)
            } else {
                trace.unwanted += 1
            }
        }
    }
}
