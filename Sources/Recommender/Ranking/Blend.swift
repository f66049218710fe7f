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
        for place in 0..<count {
            for signal in weights.indices { batch.terms[signal * count + place] *= weights[signal] }
            // Popularity is one signal with two measures. The public one steps in where too few people here acted, and where it
            // says more: acts of people here must not make a status less popular.
            if abs(batch.terms[here + place]) >= abs(batch.terms[everywhere + place]) {
                batch.terms[everywhere + place] = 0
                if batch.terms[here + place] != 0 { batch.trace.popularHere += 1 }
            } else {
                batch.terms[here + place] = 0
                batch.trace.popular += 1
            }
        }
        batch.sum(above: 0)
    }
}

extension CandidateBatch {
    /// Adds up the terms, names the largest as the reason, and drops what is not above `threshold` or has a reason that the
    /// reader does not want.
    mutating func sum(above threshold: Double) {
        let signals = ReasonCode.allCases.count
        for place in 0..<count {
            var score = terms[place]
            var largest = 0
            for signal in 1..<signals {
                score += terms[signal * count + place]
                if terms[signal * count + place] > terms[largest * count + place] { largest = signal }
            }
            scores[place] = score
            if score > threshold, terms[largest * count + place] > 0, !reader.suppressedReasons[largest] {
                reasons[place] = Int8(largest)
            } else {
                trace.unwanted += 1
            }
        }
    }
}
