extension KeepingPolicy {
    /// What a table is for, which fixes who may be in it, how long, and how it is erased.
    public enum Class: String, Sendable, CaseIterable {
        case personal, aboutAuthors = "about authors", shared, configuration
    }

    /// One table of the database.
    public struct Table: Sendable, Equatable {
        public var name: String
        public var kind: Class
        /// Whether only PostgreSQL has it.
        public var onServerOnly: Bool
        /// As the report calls it.
        public var title: String
        public var purpose: String
        /// What decides how rows are kept; acts are told apart by their kind. nil where no person is in it.
        public var record: Record?
        /// When rows go, in words.
        public var ending: String
        /// Of personal tables every one, in the schema's order; of the others none.
        public var columns: [Column]

        /// A table without people.
        init(_ name: String, _ kind: Class, for purpose: String, ends ending: String) {
            (self.name, self.kind, onServerOnly, title, self.purpose) = (name, kind, false, name, purpose)
            (record, self.ending, columns) = (nil, ending, [])
        }

        /// A personal table.
        init(
            _ name: String, _ record: Record, _ title: String, for purpose: String, ends ending: String, onServerOnly: Bool = false,
            _ columns: [Column]
        ) {
            (self.name, kind, self.onServerOnly, self.title, self.purpose) = (name, .personal, onServerOnly, title, purpose)
            (self.record, self.ending, self.columns) = (record, ending, columns)
        }

        /// What the report shows of it: names of columns as a person reads them, and whether each is a moment.
        public var reported: [(name: String, isMoment: Bool)] {
            columns.flatMap { column in column.reportedAs.map { ($0, column.rule.isMoment) } }
        }

        /// The columns that hold when a row's record came to be.
        public var times: [String] { columns.filter { $0.rule == .time }.map(\.name) }

        public func column(_ name: String) -> Column? { columns.first { $0.name == name } }
    }

    /// One column of a personal table: why it is there, and what a level lets it hold. It is kept as long as its row.
    public struct Column: Sendable, Equatable {
        public var name: String
        /// What it holds, and with it what it is for.
        public var holds: String
        public var rule: Rule
        /// The columns of the report that show it; a surrogate is shown as what it stands for, or not at all.
        public var reportedAs: [String]

        init(_ name: String, _ holds: String, _ rule: Rule = .always, reportedAs: [String]? = nil) {
            (self.name, self.holds, self.rule) = (name, holds, rule)
            self.reportedAs = reportedAs ?? (rule == .surrogate ? [] : [name])
        }
    }

    /// What a level lets a column hold.
    public enum Rule: Sendable, Equatable {
        /// A number that stands for something else, at every level that keeps the row.
        case surrogate
        /// At every level that keeps the row.
        case always
        /// The record's moment, cut as the form says.
        case time
        /// The moment at which the person's row was made: the day.
        case firstDay
        /// An end that the person asked for, raised as the form says, so that it does not come early.
        case end
        /// Only where the form has the part; else the value is `none`: NULL, or 0 where the column takes no NULL.
        case part(Part, none: None)
        /// A code, with an argument behind a colon only where the form has the part.
        case code(argument: Part)
        /// A measure from 0 to 1, or one of four steps where the form has a bucket.
        case measure

        public enum None: Sendable { case null, zero }

        var isMoment: Bool { self == .time || self == .firstDay || self == .end }
    }

    /// Every personal table that both engines have, children before parents: they are counted, reported, exported and erased together.
    public var personalTables: [Table] { tables.filter { $0.kind == .personal && !$0.onServerOnly } }

    public func table(_ name: String) -> Table? { tables.first { $0.name == name } }

    /// The form of a table's rows; nil where the level keeps none.
    public func form(of table: Table, at level: PrivacyLevel) -> Form? { table.record.flatMap { form(of: $0, at: level) } }
}
