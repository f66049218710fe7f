/// What happened on the way to a slate, in counts: no key and nothing about a person.
public struct RankingTrace: Sendable, Equatable {
    public struct SourceCount: Sendable, Equatable {
        public var source: String
        public var candidates: Int
        public init(source: String, candidates: Int) {
            self.source = source
            self.candidates = candidates
        }
    }

    /// The policy that really ran.
    public var policy: RankingPolicy
    /// What each source gave, in the order in which they were asked.
    public var sources: [SourceCount] = []
    /// What stood in for what: `popular-here -> popular`.
    public var fallbacks: [String] = []
    /// Refused by the viewer's filters, over all sources.
    public var filtered = 0
    /// Candidates that were ranked.
    public var candidates = 0
    /// How many candidates' popularity was that of people here, and how many fell back to the public counters.
    public var popularHere = 0
    public var popular = 0
    /// Dropped after the blend: nothing spoke for them, or only what the reader does not want.
    public var unwanted = 0
    /// Passed over because their author or a tag had its places already.
    public var capped = 0
    /// Stopped by the final check. Anything but 0 is a fault in a step before it.
    public var ineligible = 0

    public init(policy: RankingPolicy) { self.policy = policy }
}

/// A slate and how it came about.
public struct RankedSlate: Sendable, Equatable {
    public var slate: Slate
    public var trace: RankingTrace
    public init(slate: Slate, trace: RankingTrace) {
        self.slate = slate
        self.trace = trace
    }
}
