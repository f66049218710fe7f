/// How candidates are ordered. The raw value, with its version, is stored and sent.
public enum RankingPolicy: String, Sendable, CaseIterable {
    /// Newest first.
    case chronological
    /// Corgi's documented formula, to the letter: for comparison.
    case corgi = "corgi-v1"
    /// The weighted sum of saturated signals, then variety: the default.
    case blend = "blend-v1"
    /// The same for everybody: for a person who has not chosen a level, or of whom nothing is known yet.
    case starter = "starter-v1"
}
