import Glibc

public import Fediverse

/// How much a person likes an author, as numbers: the formulas behind `author_preferences`.
///
/// At FULL a score that fades; at LIMITED a step that only the last 14 days of rows make.
public enum AuthorAffinity {
    /// After this long an act counts half.
    public static let halfLife = Instant.Span.days(30)
    /// A FULL preference under this is removed.
    public static let fadedScore = 0.05
    /// Rows that a LIMITED preference is made from, and the fewest of them.
    public static let limitedWindow = Instant.Span.days(14)
    public static let fewestActs = 2
    public static let highestBucket = 4
    private static let saturation = 4.0

    /// What an act adds. Source: the documented weights (reference: Corgi).
    public static func weight(of kind: InteractionKind) -> Double {
        switch kind {
        case .view: 0.1
        case .favourite: 1.0
        case .bookmark: 1.2
        case .reply: 1.3
        case .reblog: 1.5
        }
    }

    /// What is left of an activity after `span`: `a * 0.5^(span / 30 d)`. A span below zero counts as none.
    public static func faded(_ activity: Double, after span: Instant.Span) -> Double {
        activity * exp2(-max(0, span.days) / halfLife.days)
    }

    /// The sum of the acts' weights, each faded by its age.
    public static func activity(of acts: some Sequence<(kind: InteractionKind, at: Instant)>, at now: Instant) -> Double {
        acts.reduce(0) { $0 + faded(weight(of: $1.kind), after: now - $1.at) }
    }

    /// `1 - e^(-activity / 4)`, from 0 (nothing) towards 1.
    public static func score(activity: Double) -> Double { -expm1(-max(0, activity) / saturation) }

    /// The activity behind a score, so that a kept score can be faded and added to without its rows.
    /// - Parameter score: 0 or more; from 1 on it is taken as the largest number below 1.
    public static func activity(score: Double) -> Double { -saturation * log1p(-min(max(0, score), 1.0.nextDown)) }

    /// The score at FULL.
    public static func score(of acts: some Sequence<(kind: InteractionKind, at: Instant)>, at now: Instant) -> Double {
        score(activity: activity(of: acts, at: now))
    }

    /// The step at LIMITED: 0 under two acts, then 1 (2), 2 (3 or 4), 3 (5 to 7), 4 (8 or more).
    /// - Parameter acts: times of the person's acts on the author's statuses; older than 14 days and later than `now` do not count.
    public static func bucket(of acts: some Sequence<Instant>, at now: Instant) -> Int {
        let count = acts.reduce(0) { $0 + (now - $1 < limitedWindow && $1 <= now ? 1 : 0) }
        return bucket(count: count)
    }

    /// The same where the rows are counted already.
    public static func bucket(count: Int) -> Int {
        switch count {
        case ..<fewestActs: 0
        case 2: 1
        case 3...4: 2
        case 5...7: 3
        default: highestBucket
        }
    }

    /// A step on the scale of scores, 0 to 1: what is stored as `preference_score` and ranked with.
    public static func score(bucket: Int) -> Double { Double(min(max(0, bucket), highestBucket)) / Double(highestBucket) }
}
