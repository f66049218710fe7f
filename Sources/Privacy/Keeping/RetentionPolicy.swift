public import Fediverse

/// The steps by which what is kept ends, made from the keeping table and in the order in which they run.
public struct RetentionPolicy: Sendable, Equatable {
    public let steps: [RetentionStep]

    /// - Parameters:
    ///   - contentDays: 0 to 7; how long a status's text may be kept.
    public init(keeping: KeepingPolicy = .standard, contentDays: Int = KeepingPolicy.Shared.contentDays) {
        precondition((0...KeepingPolicy.Shared.contentDays).contains(contentDays), "\(contentDays) content days; 0 to 7")
        let personal: [(RetentionStep.What, KeepingPolicy.Record)] = [
            (.interactions, .act), (.views, .view), (.recommendationLogs, .recommendation), (.suppressions, .suppression),
            (.unseenAliases, .visit), (.evidence, .evidence),
        ]
        var steps = personal.flatMap { what, record in
            PrivacyLevel.allCases.compactMap { level in
                keeping.form(of: record, at: level)?.age.map { RetentionStep(what: what, level: level, age: $0) }
            }
        }
        // A FULL preference ends by its score, not by an age: every one that was not just acted on is looked at. LIMITED
        // ones are made from rows and end with them.
        steps.append(RetentionStep(what: .fadedPreferences, level: .full, age: .days(1)))
        steps += [
            RetentionStep(what: .endedKeys, level: nil, age: KeepingPolicy.Shared.acceptedKeys),
            RetentionStep(what: .postContent, level: nil, age: .days(Int64(contentDays))),
            RetentionStep(what: .posts, level: nil, age: KeepingPolicy.Shared.posts),
            // After everything that refers to them.
            RetentionStep(what: .stubs, level: nil, age: .days(0)),
            RetentionStep(what: .sharedAggregates, level: nil, age: KeepingPolicy.Shared.aggregates),
            RetentionStep(what: .ledgerTags, level: nil, age: KeepingPolicy.Shared.ledgerTags),
            RetentionStep(what: .jobRuns, level: nil, age: KeepingPolicy.Shared.jobRuns),
        ]
        self.steps = steps
    }

    /// The age after which rows of this kind go, for the report.
    public func age(of what: RetentionStep.What, at level: PrivacyLevel) -> Instant.Span? {
        steps.first { $0.what == what && ($0.level == level || $0.level == nil) }?.age
    }
}
