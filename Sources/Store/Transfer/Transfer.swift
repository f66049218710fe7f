public import Fediverse
public import Privacy

/// Brings everything from an SQLite file into an empty PostgreSQL database, and shows it there only after each row was found equal.
public struct Transfer: Sendable {
    /// For a source that is no database of ours.
    public struct Identity: Sendable {
        /// The instance whose people they are: its canonical host.
        public var domain: String
        public var pseudonymizer: Pseudonymizer

        public init(domain: String, pseudonymizer: Pseudonymizer) {
            self.domain = domain
            self.pseudonymizer = pseudonymizer
        }
    }

    /// Path of the SQLite file.
    public var source: String
    /// `postgres://…`
    public var target: String
    /// Goes on with what was begun and not ended.
    public var resumes = false
    /// Tries everything inside one transaction that is taken back.
    public var isTrial = false
    /// Makes the rest visible where rows do not fit.
    public var leavesOut = false
    /// Rows that are committed together.
    public var chunkRows = 250_000
    /// Sessions that build indexes and check keys beside each other.
    public var builders = 2
    public var identity: Identity?

    public init(source: String, target: String) {
        self.source = source
        self.target = target
    }

    /// - Parameters:
    ///   - now: the time that migrations are noted under.
    ///   - note: hears how far it is, several times a second at most, on a thread of the transfer.
    /// - Throws: `TransferError`, `StoreError`, `DatabaseError`.
    public func run(at now: Instant, _ note: @escaping @Sendable (TransferNote) -> Void) async throws -> TransferReport {
        try await OwnThread.run("transfer") { try TransferRun(self, now: now, note: note).run() }
    }
}

/// What a transfer says while it runs.
public enum TransferNote: Sendable {
    public enum Step: String, Sendable, CaseIterable { case schema, rows, indexes, keys, verification, publication }

    case began(Step)
    /// - Parameters:
    ///   - done: of this step, rows or pieces of work.
    ///   - total: 0 where it is not known.
    case progress(Step, table: String, done: Int, total: Int)
    case ended(Step, seconds: Double)
    /// A row that is not carried over.
    case unfit(TransferReport.UnfitRow)
    /// Rows that differ: `key` is missing, other, or too much in the target.
    case different(table: String, key: String, how: String)
}

/// What a transfer has done.
public struct TransferReport: Sendable, Equatable {
    public struct UnfitRow: Sendable, Hashable {
        public var table: String
        /// The row's key in the source, its parts with slashes between.
        public var key: String
        public var reason: String
    }

    public struct Table: Sendable, Equatable {
        public var name: String
        public var rows: Int
    }

    /// Rows by table, parents before children.
    public var tables: [Table] = []
    public var unfit: [UnfitRow] = []
    /// People at level NONE, who are not carried over from the documented schema: a level that keeps nothing.
    public var peopleAtNone = 0
    /// Rows about them that stayed behind.
    public var rowsOfPeopleAtNone = 0
    /// Views of others, which nobody has turned on here.
    public var views = 0
    /// Whether a run before this one had done everything.
    public var wasComplete = false
    /// Seconds by step.
    public var seconds: [String: Double] = [:]
    /// Seconds of this process's own CPU time by step.
    public var cpuSeconds: [String: Double] = [:]

    public var rows: Int { tables.reduce(0) { $0 + $1.rows } }
}
