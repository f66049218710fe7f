public import Fediverse
public import Privacy

/// Candidates and a reader in, a slate out. Pure: the same arguments give the same slate, on every machine.
public struct TimelineRecommender: Sendable {
    private let policy: RankingPolicy
    private let pipelines: [RankingPolicy: Pipeline]

    /// - Parameters:
    ///   - policy: what runs when the reader has not chosen one.
    ///   - lambda: 1 orders by score alone, 0 by variety alone.
    ///   - caps: places of one slate for one author and one tag.
    ///   - longestAge: older statuses are no candidates, whatever a policy's own window; where consent has a limit of its own,
    ///     they would only take places and be refused at display.
    public init(policy: RankingPolicy = .blend, lambda: Double = 0.7, caps: Caps = Caps(), longestAge: Instant.Span = .days(14)) {
        precondition((0...1).contains(lambda), "lambda is a share, not \(lambda)")
        self.policy = policy
        pipelines = Dictionary(
            uniqueKeysWithValues: RankingPolicy.allCases.map { ($0, Pipeline($0, lambda: lambda, caps: caps, longestAge: longestAge)) })
    }

    /// The slate for one reader.
    ///
    /// - Parameters:
    ///   - history: at NONE nothing of it is used, at LIMITED its tags are not. Without anything to go by, the slate is the
    ///     same for everybody who reads the same languages, and is named `starter-v1`.
    ///   - size: entries at most; there are fewer when the filters leave fewer.
    ///   - seed: decides which statuses get a chance that no list favours.
    ///   - languages: languages a status must be in, beside those of the reader's own setting; nil for no such wish. Without
    ///     either, those of what the reader acted on.
    public func slate(
        for history: ReaderHistory, level: PrivacyLevel, from index: CandidateIndex, size: Int, at now: Instant, seed: UInt64,
        requested languages: Set<String>? = nil
    ) -> Slate {
        ranked(for: history, level: level, from: index, size: size, at: now, seed: seed, requested: languages).slate
    }

    /// The slate, and in counts how it came about.
    public func ranked(
        for history: ReaderHistory, level: PrivacyLevel, from index: CandidateIndex, size: Int, at now: Instant, seed: UInt64,
        requested languages: Set<String>? = nil
    ) -> RankedSlate {
        rank(candidates(for: history, level: level, from: index, size: size, at: now, seed: seed, requested: languages))
    }

    /// The first half: what the sources give and the viewer's filters let through.
    public func candidates(
        for history: ReaderHistory, level: PrivacyLevel, from index: CandidateIndex, size: Int, at now: Instant, seed: UInt64,
        requested languages: Set<String>? = nil
    ) -> CandidateBatch {
        let reader = ReaderView(history, level: level, index: index, at: now, requested: languages)
        let pipeline = pipeline(for: reader)
        var trace = RankingTrace(policy: pipeline.policy)
        var gatherer = CandidateGatherer(index: index, reader: reader, window: pipeline.window, limit: Pipeline.candidateLimit)
        for plan in pipeline.sources {
            let given = gatherer.gather(plan.source, budget: plan.budget, seed: seed)
            trace.sources.append(.init(source: plan.source.rawValue, candidates: given))
            if given == 0, case .fallBack(let other) = plan.onFailure {
                trace.fallbacks.append("\(plan.source.rawValue) -> \(other.rawValue)")
                let instead = gatherer.gather(other, budget: plan.budget, seed: seed)
                trace.sources.append(.init(source: other.rawValue, candidates: instead))
            }
        }
        trace.filtered = gatherer.filtered
        return CandidateBatch(
            rows: gatherer.rows, index: index, reader: reader, pipeline: pipeline, size: max(0, size), trace: trace)
    }

    /// The second half: the steps of the policy, in their order, and the slate.
    public func rank(_ candidates: CandidateBatch) -> RankedSlate {
        var batch = candidates
        for step in batch.pipeline.steps { step.apply(to: &batch) }
        return RankedSlate(
            slate: Slate(policy: batch.trace.policy.rawValue, entries: batch.picked.map { batch.entry(Int($0)) }), trace: batch.trace)
    }

    private func pipeline(for reader: ReaderView) -> Pipeline {
        var choice = reader.sliders.policy ?? policy
        if choice == .blend, !reader.isProfiled { choice = .starter }
        guard let pipeline = pipelines[choice] else { preconditionFailure("every policy has a pipeline") }
        return pipeline
    }
}

extension CandidateBatch {
    fileprivate func entry(_ place: Int) -> Slate.Entry {
        let row = Int(rows[place])
        let reason = ReasonCode.allCases[Int(reasons[place])]
        var contributions: [Contribution] = []
        contributions.reserveCapacity(4)
        for signal in ReasonCode.allCases where terms[signal.place * count + place] != 0 {
            contributions.append(Contribution(term: signal.rawValue, value: terms[signal.place * count + place]))
        }
        if decayed[place] != 0 { contributions.append(Contribution(term: "author-decay", value: decayed[place])) }
        contributions.sort { $0.value > $1.value }
        return Slate.Entry(
            post: PostKey(index.columns.keys[row]), author: AuthorKey(authors[place]), localID: index.columns.localIDs[row],
            score: scores[place], reason: reason, argument: reason == .tag && bestTags[place] >= 0 ? index.tags[bestTags[place]] : nil,
            contributions: contributions)
    }
}
