/// One step of a ranking: it has a name, keeps no state and reads no clock.
///
/// A step works on the whole batch in place instead of taking and giving a list of candidates: the numbers stay in packed
/// arrays from the first step to the last, and nothing is copied in between. What a step needs to know about the reader and
/// the moment is in the batch.
protocol RankingStep: Sendable {
    var name: String { get }
    func apply(to batch: inout CandidateBatch)
}
