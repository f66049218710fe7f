public import Fediverse
import OpenSSL

/// Everything that is stored about one alias, and what follows from it, for the person themselves.
///
/// Made from the rows and the keeping table alone: the same facts give the same report, but for its time.
public struct PrivacyReport: Sendable {
    public static let schema = "sheltie-privacy-report/1"

    /// What is not about the person: who runs this and how it ranks.
    public struct Service: Sendable, Equatable {
        public var name: String
        public var version: String
        /// The operator, as the settings name them; nil where they do not.
        public var contact: String?
        public var instance: String
        public var defaultLevel: PrivacyLevel
        /// The main parameters of the ranking with their weights now in force, in the order to print.
        public var parameters: [Parameter]
        /// The last run that ended, whether it left something over, and when the next one is due.
        public var lastAnonymized: Instant?
        public var nextAnonymized: Instant?
        /// Rows of everybody that the last run removed; nil where it is not known.
        public var lastRemoved: Int?
        /// Where the rows are, which decides when the bytes of removed ones are gone.
        public var engine: Engine
        /// When bytes of rows removed up to now leave a server's files; nil where none are left in them.
        public var bytesLeaveBy: Instant?

        public enum Engine: Sendable { case file, server }

        public struct Parameter: Sendable, Equatable {
            public var name: String
            public var value: String
            public init(name: String, value: String) { self.name = name; self.value = value }
        }

        public init(
            name: String = "Sheltie", version: String, contact: String?, instance: String, defaultLevel: PrivacyLevel = .none,
            parameters: [Parameter] = [], lastAnonymized: Instant? = nil, nextAnonymized: Instant? = nil, lastRemoved: Int? = nil,
            engine: Engine = .file
        ) {
            self.name = name
            self.version = version
            self.contact = contact
            self.instance = instance
            self.defaultLevel = defaultLevel
            self.parameters = parameters
            self.lastAnonymized = lastAnonymized
            self.nextAnonymized = nextAnonymized
            self.lastRemoved = lastRemoved
            self.engine = engine
        }
    }

    /// One table's rows and what is to be said about them.
    struct Section: Sendable {
        var table: PersonalTable
        var purpose: TablePurpose
        var oldest: Instant?
        var newest: Instant?
        /// The first moment at which a row may go.
        var nextDeletion: Instant?
    }

    public let service: Service
    public let viewer: Viewer
    public let keyID: String
    public let madeAt: Instant
    let keeping: KeepingPolicy
    let sections: [Section]

    /// - Parameters:
    ///   - tables: what ``PersonalDataRepository`` gave for this alias.
    ///   - keyID: of the key that made the alias.
    public init(
        of viewer: Viewer, keyID: String, tables: [PersonalTable], service: Service, keeping: KeepingPolicy = .standard, at now: Instant
    ) {
        self.service = service
        self.viewer = viewer
        self.keyID = keyID
        self.keeping = keeping
        madeAt = now
        sections = tables.map { Section(of: $0, level: viewer.level, keeping: keeping) }
    }

    /// Rows about the person, in all tables.
    public var rowCount: Int { sections.reduce(0) { $0 + $1.table.rows.count } }

    /// SHA-256 of the compact JSON without the time and the checksum, as 64 hex digits.
    public var checksum: String { SHA256.digest(of: JSONValue.object(facts).compact.utf8).hex }

    /// The day of the alias's row.
    var aliasSince: Instant? {
        guard let people = sections.first(where: { $0.purpose.record == .visit })?.table, let column = people.columns.firstIndex(of: "created_at")
        else { return nil }
        return people.rows.first.flatMap { $0[column] }.flatMap(UTCText.read)
    }

    /// The one sentence that is the whole report where nothing is kept; nil where something is.
    var nothingStored: String? {
        guard viewer.level == .none else { return nil }
        if rowCount == 0 { return "Nothing is stored about you." }
        // An explicit NONE under another default has to be remembered; more than that one row is never told as nothing.
        guard rowCount == 1, let only = sections.first(where: { !$0.table.rows.isEmpty }), only.purpose.record == .visit, only.oldest == nil
        else { return nil }
        return "Nothing is stored about you but your alias and your choice of NONE, without a time."
    }
}

extension PrivacyReport.Section {
    init(of table: PersonalTable, level: PrivacyLevel, keeping: KeepingPolicy) {
        self.table = table
        purpose = TablePurpose.of(table.name)
        let candidates = purpose.times.compactMap { table.columns.firstIndex(of: $0) }
        for row in table.rows {
            guard let time = candidates.lazy.compactMap({ row[$0] }).compactMap(UTCText.read).first else { continue }
            oldest = min(oldest ?? time, time)
            newest = max(newest ?? time, time)
            if let end = purpose.deletion(ofRow: row, at: time, columns: table.columns, level: level, keeping: keeping) {
                nextDeletion = min(nextDeletion ?? end, end)
            }
        }
    }
}
