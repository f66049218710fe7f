import Fediverse

/// The ranking of the Corgi recommender service as its documents and `core/ranking_algorithm.py` state it:
/// `0.4 * author + 0.3 * engagement + 0.3 * recency`, kept when above 0.1.
///
/// Only the part that a reader's privacy allows differs: acts are known as counts for each author, so an author counts as
/// unknown 30 days after the last act.
struct CorgiFormula: RankingStep {
    let name = "corgi-v1"

    struct Terms: Equatable {
        var author: Double
        var engagement: Double
        var recency: Double
        var score: Double { author + engagement + recency }
    }

    static let threshold = 0.1
    static let window = 100
    private static let actsCountFor = 30 * 86_400.0

    /// The three weighted terms.
    ///
    /// - Parameters:
    ///   - positive, total: the reader's acts on the author's statuses; 0 in total means that the author is unknown.
    ///   - ageSeconds: nil for a status without a date; below 0 counts as 0.
    static func terms(
        favourites: Double, reblogs: Double, replies: Double, positive: Double, total: Double, ageSeconds: Double?
    ) -> Terms {
        let author = total > 0 ? max(0.1, 1 / (1 + exponential(-5 * (positive / total - 0.5)))) : 0.1
        let engagement = naturalLogarithm(1 + max(0, favourites + reblogs + replies)) / 10
        let recency = ageSeconds.map { max(0.2, exponential(-max(0, $0) / 86_400 / 7)) } ?? 0.5
        return Terms(author: 0.4 * author, engagement: 0.3 * engagement, recency: 0.3 * recency)
    }

    func apply(to batch: inout CandidateBatch) {
        let count = batch.count
        let columns = batch.index.columns
        var terms = batch.terms
        batch.terms = []
        for place in 0..<count {
            let row = Int(batch.rows[place])
            var acts = batch.reader.affinity(with: batch.authors[place])
            if let last = acts?.lastAt, (batch.reader.now - last).seconds > Self.actsCountFor { acts = nil }
            let three = Self.terms(
                favourites: Double(columns.favourites[row]), reblogs: Double(columns.reblogs[row]),
                replies: Double(columns.replies[row]), positive: Double(acts?.positive ?? 0), total: Double(acts?.interactions ?? 0),
                ageSeconds: batch.ages[place])
            terms[ReasonCode.author.place * count + place] = three.author
            terms[ReasonCode.popular.place * count + place] = three.engagement
            terms[ReasonCode.fresh.place * count + place] = three.recency
        }
        batch.terms = terms
        batch.trace.popular = count
        batch.sum(above: Self.threshold)
    }
}
