import Glibc

/// Brings a database's schema up to the newest that this program knows, one transaction for each step.
///
/// `schema_migrations` says what was applied, with a digest of its text: a step that is released is never edited.
public struct Migrator: Sendable {
    public struct Step: Sendable, Equatable {
        public let number: Int
        public let name: String
        /// The statements, in the database's own dialect.
        public let text: String

        public init(number: Int, name: String, text: String) {
            self.number = number
            self.name = name
            self.text = text
        }

        /// 64-bit FNV-1a of the text in 16 hexadecimal digits: it finds an edit, it is no protection against malice.
        public var checksum: String {
            var hash: UInt64 = 0xcbf2_9ce4_8422_2325
            for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
            let digits = String(hash, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
    }

    private let steps: [Step]

    /// - Parameter steps: all that the program knows, their numbers above 0 and all different.
    public init(_ steps: [Step]) {
        precondition(steps.allSatisfy { $0.number > 0 }, "a migration's number is above 0")
        precondition(Set(steps.map(\.number)).count == steps.count, "two migrations have one number")
        self.steps = steps.sorted { $0.number < $1.number }
    }

    /// What `apply` would do; changes nothing.
    /// - Throws: `newerSchema`, `changedMigration` (also for an applied one that this program does not know).
    public func pending(on connection: any Connection) throws -> [Step] {
        let applied = try hasTable(connection) ? applied(connection) : [:]
        let known = steps.last?.number ?? 0
        if let newest = applied.keys.max(), newest > known { throw DatabaseError.newerSchema(found: newest, known: known) }
        for (number, checksum) in applied.sorted(by: { $0.key < $1.key }) {
            guard steps.first(where: { $0.number == number })?.checksum == checksum else {
                throw DatabaseError.changedMigration(number: number)
            }
        }
        return steps.filter { applied[$0.number] == nil }
    }

    /// Applies what is missing, in order. A step that fails is undone whole; those before it stay.
    ///
    /// Two processes may call it at once: the second one waits and finds each step done.
    /// - Parameter now: microseconds since 1970, for the record.
    /// - Returns: the steps that this call applied.
    @discardableResult
    public func apply(on connection: any Connection, at now: Int64) throws -> [Step] {
        let missing = try pending(on: connection)
        guard !missing.isEmpty else { return [] }
        try connection.transaction {
            // Of two processes that make the same table at once, PostgreSQL would refuse one.
            if connection.dialect == .postgres { try connection.run("SELECT pg_advisory_xact_lock(5280)") }
            try connection.script(Self.table(connection.dialect))
        }
        var applied: [Step] = []
        for step in missing {
            let isNew = try patiently(on: connection) { try connection.transaction { try take(step, on: connection, at: now) } }
            if isNew { applied.append(step) }
        }
        return applied
    }

    /// How long a statement of a migration waits for a lock: less than the second after which PostgreSQL looks for deadlocks, and ends
    /// one of those who wait. That must not be a person's write, and behind a migration that waits everybody else does.
    private static let lockMilliseconds = 400
    /// In all, until a database that is busy all the time is left as it is.
    private static let attempts = 300

    private func patiently<Result>(on connection: any Connection, _ body: () throws -> Result) throws -> Result {
        // A file has waited for its lock already, for as long as its connection waits for anything.
        if connection.dialect == .sqlite { return try body() }
        for _ in 1..<Self.attempts {
            do { return try body() } catch DatabaseError.busy { usleep(200_000) }
        }
        return try body()
    }

    /// - Returns: false when another process has applied it meanwhile.
    private func take(_ step: Step, on connection: any Connection, at now: Int64) throws -> Bool {
        if connection.dialect == .postgres {
            try connection.run("LOCK TABLE schema_migrations IN EXCLUSIVE MODE")
            try connection.run(SQL(raw: "SET LOCAL lock_timeout = \(Self.lockMilliseconds)"))
        }
        guard try applied(connection)[step.number] == nil else { return false }
        try connection.script(step.text)
        try connection.run(
            """
            INSERT INTO schema_migrations (number, name, checksum, applied_at)
            VALUES (\(step.number), \(step.name), \(step.checksum), \(now))
            """)
        return true
    }

    private func applied(_ connection: any Connection) throws -> [Int: String] {
        let rows = try connection.all("SELECT number, checksum FROM schema_migrations") { (Int($0.integer(0)), $0.text(1)) }
        return Dictionary(rows) { first, _ in first }
    }

    private func hasTable(_ connection: any Connection) throws -> Bool {
        let count: SQL =
            switch connection.dialect {
            case .sqlite: "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'"
            case .postgres:
                """
                SELECT count(*) FROM information_schema.tables
                WHERE table_schema = current_schema() AND table_name = 'schema_migrations'
                """
            }
        return try connection.first(count) { $0.integer(0) > 0 } ?? false
    }

    /// Its time is a plain integer on both engines: nobody but this type reads it.
    private static func table(_ dialect: Dialect) -> String {
        // A STRICT table knows only INTEGER, which has 64 bits in SQLite and 32 in PostgreSQL.
        let (number, kind) = dialect == .sqlite ? ("INTEGER", " STRICT, WITHOUT ROWID") : ("BIGINT", "")
        return """
            -- class: configuration
            CREATE TABLE IF NOT EXISTS schema_migrations (
                number \(number) NOT NULL,
                name TEXT NOT NULL,
                checksum TEXT NOT NULL,
                applied_at \(number) NOT NULL,
                CONSTRAINT schema_migrations_pkey PRIMARY KEY (number)
            )\(kind);
            """
    }
}
