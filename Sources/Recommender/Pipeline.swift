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
    /// Older ones would take places here and be refused at display.
    private static let consented = ConsentPolicy.longestAge

    init(_ policy: RankingPolicy, lambda: Double, caps: Caps) {
        self.policy = policy
        switch policy {
        case .blend:
            window = Self.consented
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
            window = Self.consented
            sources = [
                .init(.popularHere, budget: 150, onFailure: .fallBack(to: .popular)),
                .init(.popular, budget: 150),
                .init(.fresh, budget: 120),
                .init(.chance, budget: 80),
            ]
            steps = [Signals(), Blend.nonProfiled, AuthorDecay(), Diversity(lambda: lambda, caps: caps), FinalEligibility()]

        case .corgi:
            // Neither decay nor variety: its order is that of its scores. The caps hold for every policy.
            window = Self.consented
            sources = [.init(.fresh, budget: CorgiFormula.window)]
            steps = [CorgiFormula(), Diversity(lambda: 1, caps: caps), FinalEligibility()]

        case .chronological:
            window = Self.consented
            sources = [.init(.fresh, budget: Self.candidateLimit)]
            steps = [Signals(), Blend.newestFirst, Diversity(lambda: 1, caps: caps), FinalEligibility()]
        }
    }
}
