public import Fediverse

/// What is kept about a person, at which level, in which form, for how long, where, and who sees it.
///
/// ``standard`` is the state table, which decides it alone: the permits, the retention steps, the cuts of a level change, the report,
/// the check of stored rows and the documentation are all read from it.
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
        case weight, context, modelVersion = "model version", position, argument = "the hashtag of a reason"
        case wrapper = "ids of the shown entry and its neighbours", score, bucket = "a step from 0 to 4"
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

    /// Something that happens, and what is written because of it.
    public struct Event: Sendable, Equatable {
        /// As a reader of the documentation knows it.
        public var title: String
        var kept: Kept
        /// The tables in which it may leave a row; none where it leaves nothing.
        public var tables: [String]
        public var seenBy: Readers

        enum Kept: Sendable, Equatable {
            /// Rows about a person: what each holds at every level that keeps it, the form at LIMITED and at FULL, and how long, where no age says it.
            case record(Record, holds: [String], limited: Form?, full: Form?, unbounded: String)
            /// No row of a kind of its own, in these words.
            case words(none: String, limited: String, full: String)
        }

        init(
            _ record: Record, _ title: String, holds: [String] = [], limited: Form? = nil, full: Form? = nil, unbounded: String = "",
            in tables: [String] = [], seenBy: Readers = .personAndOperator
        ) {
            (self.title, self.tables, self.seenBy) = (title, tables, seenBy)
            kept = .record(record, holds: holds, limited: limited, full: full, unbounded: unbounded)
        }

        /// - Parameter limited: nil where it is as at NONE; `full` where it is as at LIMITED.
        init(_ title: String, _ none: String = "nothing", limited: String? = nil, full: String? = nil, in tables: [String] = [], seenBy: Readers = .nobody) {
            (self.title, self.tables, self.seenBy) = (title, tables, seenBy)
            kept = .words(none: none, limited: limited ?? none, full: full ?? limited ?? none)
        }

        /// The kind of record, where rows are kept at some level.
        public var record: Record? {
            if case .record(let record, _, _, _, _) = kept { record } else { nil }
        }

        func form(at level: PrivacyLevel) -> Form? {
            guard case .record(_, _, let limited, let full, _) = kept else { return nil }
            // NONE has no place in the table: it cannot be given one.
            return level == .limited ? limited : level == .full ? full : nil
        }
    }

    /// Who can see what an event leaves.
    public enum Readers: String, Sendable {
        case nobody = "nobody"
        case personAndOperator = "you; the operator with database and key"
        case theOperator = "the operator"
    }

    public let events: [Event]
    /// Every table of the schema; of the personal ones children before parents, so that they can be removed in this order.
    public let tables: [Table]
    private let forms: [PrivacyLevel: [Record: Form]]

    init(events: [Event], tables: [Table]) {
        (self.events, self.tables) = (events, tables)
        var forms: [PrivacyLevel: [Record: Form]] = [:]
        for event in events {
            guard let record = event.record else { continue }
            for level in PrivacyLevel.allCases { forms[level, default: [:]][record] = event.form(at: level) }
        }
        self.forms = forms
    }

    /// - Returns: nil where nothing is kept. At NONE that is everything.
    public func form(of record: Record, at level: PrivacyLevel) -> Form? { forms[level]?[record] }

    /// The kind of record that an act on a public or unlisted status is.
    public static func record(of kind: InteractionKind) -> Record {
        switch kind {
        case .favourite, .reblog, .reply: .act
        case .bookmark: .bookmark
        case .view: .view
        }
    }
}
