/// The last look at what is about to be shown: whatever the steps before did, nothing gets past the viewer's filters.
struct FinalEligibility: RankingStep {
    let name = "final-eligibility"

    func apply(to batch: inout CandidateBatch) {
        let columns = batch.index.columns
        let before = batch.picked.count
        let checked = batch.picked.filter { place in
            let row = Int(batch.rows[Int(place)])
            let reason = Int(batch.reasons[Int(place)])
            return reason >= 0 && !batch.reader.suppressedReasons[reason]
                && batch.reader.accepts(key: columns.keys[row], author: columns.authors[row], language: columns.languages[row])
        }
        batch.picked = checked
        batch.trace.ineligible += before - checked.count
    }
}
