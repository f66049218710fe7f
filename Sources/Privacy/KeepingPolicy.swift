public import Fediverse

/// What is kept about a person, at which level, in which form, for how long: the one table that decides it.
///
/// The permits, the retention steps, the report and docs/privacy.md are all read from here.
public struct KeepingPolicy: Sendable, Equatable {
    /// The kinds of personal record.
    public enum Record: String, Sendable, CaseIterable {
        case visit, act, bookmark, view, privateAct = "private-act", recommendation, authorPreference = "author-preference"
        case suppression, setting, evidence
    }

    /// How exactly a time is kept.
    public enum Precision: String, Sendable, CaseIterable {
        case second, hour, day, week

        var span: Instant.Span {
            switch self {
            case .second: .seconds(1)
            case .hour: .hours(1)
            case .day: .days(1)
            case .week: .days(7)
            }
        }

        /// The start of the second, hour, day or week in UTC; weeks begin on Monday.
        public func cut(_ instant: Instant) -> Instant {
            guard self == .week else { return instant.floored(to: span) }
            // 1970 began on a Thursday.
            let monday = Instant.Span.days(4)
            return (instant - monday).floored(to: span) + monday
        }

        /// The same or the next such moment, for an end that must not come early.
        public func raised(_ instant: Instant) -> Instant {
            let cut = cut(instant)
            return cut == instant ? instant : cut + span
        }
    }

    /// The parts of a record that are kept only at some levels.
    public enum Part: String, Sendable, CaseIterable {
        case weight, context, modelVersion = "model version", position, wrapper = "ids of the shown entry and its neighbours"
        case score, bucket = "a step from 0 to 4"
    }

    /// The form in which a record is kept.
    public struct Form: Sendable, Equatable {
        public var precision: Precision?
        public var parts: Set<Part>
        /// nil: as long as the person's row.
        public var age: Instant.Span?
        /// Kept only after the person turned it on.
        public var onlyWhenTurnedOn: Bool
        /// The most rows of a person; nil where time alone bounds them.
        public var limit: Int?

        init(_ precision: Precision?, _ parts: Set<Part> = [], for age: Instant.Span?, onlyWhenTurnedOn: Bool = false, limit: Int? = nil) {
            self.precision = precision
            self.parts = parts
            self.age = age
            self.onlyWhenTurnedOn = onlyWhenTurnedOn
            self.limit = limit
        }
    }

    private var forms: [PrivacyLevel: [Record: Form]]

    /// - Returns: nil where nothing is kept. At NONE that is everything.
    public func form(of record: Record, at level: PrivacyLevel) -> Form? { forms[level]?[record] }

    /// The product's policy. Level NONE has no line: what is not listed is not kept.
    public static let standard = KeepingPolicy(forms: [
        .limited: [
            .visit: Form(.week, for: .days(180)),
            .act: Form(.hour, for: .days(14)),
            .recommendation: Form(.day, [.wrapper], for: .days(7)),
            .authorPreference: Form(.hour, [.bucket], for: .days(14), limit: 50),
            .suppression: Form(.week, for: .days(90)),
            .setting: Form(nil, for: nil),
        ],
        .full: [
            .visit: Form(.day, for: .days(365)),
            .act: Form(.second, [.weight, .context], for: .days(90)),
            .bookmark: Form(.second, [.weight, .context], for: .days(90)),
            .view: Form(.day, for: .days(7), onlyWhenTurnedOn: true),
            .recommendation: Form(.second, [.wrapper, .modelVersion, .position], for: .days(30)),
            .authorPreference: Form(.day, [.score], for: nil, limit: 500),
            .suppression: Form(.day, for: .days(365)),
            .setting: Form(nil, for: nil),
            .evidence: Form(.second, for: .days(30)),
        ],
    ])

    /// What is kept that is not about a person we serve.
    public enum Shared {
        /// Rows of statuses after their `created_at`; then a stub or gone.
        public static let posts = Instant.Span.days(30)
        /// The longest that a status's text may be kept, and the default.
        public static let contentDays = 7
        public static let aggregates = Instant.Span.days(90)
        /// 30 days of backups and a week to spare.
        public static let ledgerTags = Instant.Span.days(37)
        public static let jobRuns = Instant.Span.days(400)
        /// From the moment that another key took a key's place: who does not come until then is forgotten.
        public static let acceptedKeys = Instant.Span.days(90)
    }
}
