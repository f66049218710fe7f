import Fediverse

/// What a policy does, in the order in which it happens: reading this file is reading the product.
///
/// sources -> viewer's filters (`ReaderView.accepts`, row by row while gathering) -> steps -> slate with reasons.
struct Pipeline: Sendable {
    let policy: RankingPolicy
    let sources: [CandidateSource.Plan]
    /// Statuses older than this are no candidates.
    let window: Instant.Span
    let steps: [any RankingStep]

    /// Candidates that are ranked, over all sources.
    static let candidateLimit = 500
    /// What a status lives with us (privacy: 30 days a row), less what would not interest anyone.
    private static let week = Instant.Span.days(7)

    init(_ policy: RankingPolicy, lambda: Double, caps: Caps, longestAge: Instant.Span) {
        self.policy = policy
        let week = min(Self.week, longestAge)
        switch policy {
        case .blend:
            window = week
            sources = [
                .init(.popularHere, budget: 100, onFailure: .fallBack(to: .popular)),
                .init(.popular, budget: 100),
                .init(.authors, budget: 120),
                .init(.tags, budget: 100),
                .init(.fresh, budget: 50),
                .init(.chance, budget: 30),
            ]
            steps = [Signals(), Blend.personal, AuthorDecay(), Diversity(lambda: lambda, caps: caps), FinalEligibility()]

        case .starter:
            window = week
            sources = [
                .init(.popularHere, budget: 150, onFailure: .fallBack(to: .popular)),
                .init(.popular, budget: 150),
                .init(.fresh, budget: 120),
                .init(.chance, budget: 80),
            ]
            steps = [Signals(), Blend.nonProfiled, AuthorDecay(), Diversity(lambda: lambda, caps: caps), FinalEligibility()]

        case .corgi:
            // Neither decay nor variety: its order is that of its scores. The caps hold for every policy.
            window = min(.days(14), longestAge)
            sources = [.init(.fresh, budget: CorgiFormula.window)]
            steps = [CorgiFormula(), Diversity(lambda: 1, caps: caps), FinalEligibility()]

        case .chronological:
            window = week
            sources = [.init(.fresh, budget: Self.candidateLimit)]
            steps = [Signals(), Blend.newestFirst, Diversity(lambda: 1, caps: caps), FinalEligibility()]
        }
    }
}
