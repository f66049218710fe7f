import Fediverse
import Privacy
import Testing

@Suite struct RetentionTests {
    /// From the privacy rules, by hand: days until a row of this kind goes.
    private static let ages: [(RetentionStep.What, PrivacyLevel?, Int64)] = [
        (.interactions, .limited, 14), (.interactions, .full, 90), (.views, .full, 7),
        (.recommendationLogs, .limited, 7), (.recommendationLogs, .full, 30),
        (.suppressions, .limited, 90), (.suppressions, .full, 365),
        (.unseenAliases, .limited, 180), (.unseenAliases, .full, 365), (.evidence, .full, 30),
        (.fadedPreferences, .full, 1),
        (.endedKeys, nil, 90), (.postContent, nil, 7), (.posts, nil, 30), (.stubs, nil, 0), (.sharedAggregates, nil, 90), (.ledgerTags, nil, 37), (.jobRuns, nil, 400),
    ]

    @Test func `the steps are those of the rules, each once, with stubs after what refers to them`() throws {
        let steps = RetentionPolicy().steps
        #expect(Set(steps) == Set(Self.ages.map { RetentionStep(what: $0.0, level: $0.1, age: .days($0.2)) }))
        #expect(Set(steps).count == steps.count && Set(steps.map(\.what)) == Set(RetentionStep.What.allCases))
        let stubs = try #require(steps.firstIndex { $0.what == .stubs })
        #expect(steps.allSatisfy { ![.posts, .interactions, .recommendationLogs].contains($0.what) || (steps.firstIndex(of: $0) ?? .max) < stubs })
    }

    @Test func `acts and bookmarks, which share a step, end at the same age`() {
        let keeping = KeepingPolicy.standard
        #expect(keeping.form(of: .act, at: .full)?.age == keeping.form(of: .bookmark, at: .full)?.age)
    }

    @Test(arguments: [0, 3, 7])
    func `a status's text is kept as long as the operator says`(days: Int) {
        let step = RetentionPolicy(contentDays: days).steps.first { $0.what == .postContent }
        #expect(step?.age == .days(Int64(days)))
    }

    @Test func `a row of exactly the age stays, and one a microsecond older goes`() async throws {
        let rows = Self.ages.enumerated().flatMap { number, age in
            let edge = wednesday - .days(age.2)
            return [edge, Instant(microseconds: edge.microseconds - 1)].map { RetentionModel.Row(what: age.0, level: age.1, at: $0, number: number) }
        }
        let model = RetentionModel(rows)
        let report = try await Anonymizer().run(
            on: model, tenant: TenantKey(1), at: ClockReading(wall: wednesday, sinceBoot: .seconds(5)), lastRun: nil)
        #expect(report.removed == Self.ages.count && report.finished)
        #expect(Set(model.rows) == Set(rows.enumerated().filter { $0.offset.isMultiple(of: 2) }.map(\.element)))
    }

    @Test func `nothing at all is kept at NONE`() {
        for record in KeepingPolicy.Record.allCases {
            #expect(KeepingPolicy.standard.form(of: record, at: .none) == nil)
            #expect(KeepingPolicy.standard.words(for: record, at: .none) == "nothing")
        }
        for level in PrivacyLevel.allCases { #expect(KeepingPolicy.standard.form(of: .privateAct, at: level) == nil) }
    }
}
