public import Fediverse

/// What a person may ask and do about themselves: one code, behind the commands and behind the person API.
///
/// Whoever calls has made sure who asks; here there is an alias only.
public struct PersonRights: Sendable {
    /// What a report says that is not about the person.
    /// - Parameter settings: the person's own, which decide how their home is ranked.
    public typealias Facts = @Sendable (_ settings: [String: String], _ now: Instant) async throws -> PrivacyReport.Service

    public let people: any PeopleRepository
    public let preferences: any PreferenceRepository
    public let data: any PersonalDataRepository
    public let knownSettings: [KnownSetting]
    let pseudonymizer: Pseudonymizer
    let tenant: TenantKey
    let facts: Facts
    let clock: @Sendable () -> Instant
    let policy = PrivacyPolicy()

    public init(
        people: any PeopleRepository, preferences: any PreferenceRepository, data: any PersonalDataRepository, knownSettings: [KnownSetting],
        pseudonymizer: Pseudonymizer, tenant: TenantKey, facts: @escaping Facts, clock: @escaping @Sendable () -> Instant
    ) {
        self.people = people
        self.preferences = preferences
        self.data = data
        self.knownSettings = knownSettings
        self.pseudonymizer = pseudonymizer
        self.tenant = tenant
        self.facts = facts
        self.clock = clock
    }

    public func viewer(_ alias: AliasID) async throws -> Viewer { try await people.viewer(alias, in: tenant) }

    /// Everything that is stored, why, and until when.
    public func report(about alias: AliasID) async throws -> PrivacyReport {
        let viewer = try await viewer(alias)
        let now = clock()
        return try await PrivacyReport(
            of: viewer, keyID: pseudonymizer.keyID, tables: data.everything(about: alias, in: tenant),
            service: facts(preferences.settings(of: viewer), now), at: now)
    }

    /// Every row, to take along.
    public func export(of alias: AliasID) async throws -> PrivacyExport {
        try await PrivacyExport(
            of: viewer(alias), keyID: pseudonymizer.keyID, authorsKey: pseudonymizer.authorsKeyID, tables: data.everything(about: alias, in: tenant))
    }

    /// The rows of one table; empty where there are none.
    public func rows(of table: String, about alias: AliasID) async throws -> PersonalTable {
        try await data.everything(about: alias, in: tenant).first { $0.name == table } ?? PersonalTable(name: table, columns: [], rows: [])
    }

    /// Down cuts the past, NONE removes it; what was removed may stand in the log until `scrub`.
    /// - Parameter expected: who they were when they agreed; nil where nobody had to.
    /// - Throws: `RightsError.changedMeanwhile`.
    public func setLevel(_ level: PrivacyLevel, of alias: AliasID, from expected: Viewer? = nil) async throws -> LevelChange {
        try await people.setLevel(level, of: alias, in: tenant, at: clock(), from: expected)
    }

    /// Removes every row; their bytes may stand in the log until `scrub`.
    public func erase(_ alias: AliasID) async throws -> ErasureReceipt {
        try await people.erase(alias, in: tenant, ledgerTag: pseudonymizer.ledgerTag(alias), at: clock())
    }

    /// Takes the bytes of removed rows out of the files. Readers of ours end within seconds, a foreign one may delay it.
    /// - Parameter patience: how long it is tried again, every 5 seconds; the service itself tries again within a minute.
    /// - Returns: whether nothing is left.
    public func scrub(patience: Duration = .zero) async throws -> Bool {
        let end = ContinuousClock.now + patience
        while try await !people.scrub() {
            guard ContinuousClock.now + .seconds(5) <= end else { return false }
            try await Task.sleep(for: .seconds(5))
        }
        return true
    }

    /// What became of the bytes of removed rows.
    public struct Scrubbed: Sendable, Equatable {
        /// Whether nothing of them is left in the database's files.
        public var isDone: Bool
        /// When what is left leaves a server's files; nil where nothing waits for the night.
        public var bytesLeaveBy: Instant?

        public init(isDone: Bool, bytesLeaveBy: Instant? = nil) {
            self.isDone = isDone
            self.bytesLeaveBy = bytesLeaveBy
        }
    }

    /// One try to take them out, and what is still to come. A try that fails is the service's to repeat.
    public func scrubbed() async -> Scrubbed {
        let areAliasesGone = (try? await scrub()) ?? false
        guard let facts = try? await facts([:], clock()) else { return Scrubbed(isDone: false) }
        return Scrubbed(isDone: areAliasesGone && facts.bytesLeaveBy == nil, bytesLeaveBy: facts.bytesLeaveBy)
    }

    /// Removes one row and what was derived from it.
    /// - Returns: rows removed by table; empty where there was none.
    public func remove(_ row: PersonalRow, of alias: AliasID) async throws -> [String: Int] {
        try await data.remove(row, of: alias, in: tenant, at: clock())
    }

    /// The longest that `forget` reaches back.
    public static let mostHours = 24

    /// Removes what was done and shown in the last hours, rather too much than too little: what is kept as its hour or day goes with it.
    /// - Returns: rows removed by table.
    /// - Throws: `RightsError.badHours`.
    public func forget(hours: Int, of alias: AliasID) async throws -> [String: Int] {
        guard (1...Self.mostHours).contains(hours) else { throw RightsError.badHours }
        let now = clock()
        return try await data.forget(since: now - .hours(Int64(hours)), of: alias, in: tenant, at: now)
    }

    /// Holds an author or a reason back.
    /// - Throws: `RightsError`, `nothingIsKept` at NONE.
    public func suppress(_ subject: Suppression.Subject, until: Instant?, of alias: AliasID) async throws {
        let now = clock()
        if let until, until <= now { throw RightsError.badTime }
        let suppression = Suppression(subject: subject, setAt: now, until: until)
        guard let permitted = policy.permit(suppression: suppression, for: try await viewer(alias)) else { throw RightsError.nothingIsKept }
        guard try await preferences.suppress(permitted) else { throw RightsError.changedMeanwhile }
    }

    /// - Parameter value: nil goes back to the default, which is allowed at every level.
    /// - Throws: `RightsError`.
    public func set(_ name: String, to value: String?, of alias: AliasID) async throws {
        guard let known = knownSettings.first(where: { $0.name == name }) else { throw RightsError.unknownSetting(known: knownSettings.map(\.name)) }
        if let value, !known.allows(value) { throw RightsError.badValue(name: known.name, sentence: known.sentence) }
        guard let permitted = policy.permit(setting: Setting(name: name, value: value), for: try await viewer(alias)) else {
            throw RightsError.nothingIsKept
        }
        guard try await preferences.set(permitted) else { throw RightsError.changedMeanwhile }
    }

    public struct Taken: Sendable, Equatable {
        /// Rows written, by table.
        public var taken: [String: Int]
        /// What the person's level does not keep, or what is past its time.
        public var notKept: Int
        public var leftOut: BroughtPreferences.LeftOut
    }

    /// Takes settings, suppressions and authors out of an export of another installation, as far as they can mean the same here.
    /// - Parameter document: an export, as JSON or as a zip.
    /// - Throws: `BroughtError` before anything is written; `RightsError`.
    public func take(_ document: [UInt8], of alias: AliasID) async throws -> Taken {
        let now = clock()
        let (brought, leftOut) = try BroughtPreferences.read(
            PrivacyExport.document(in: document), authorsKey: pseudonymizer.authorsKeyID, known: knownSettings, at: now)
        guard let permitted = policy.permit(brought: brought, for: try await viewer(alias), at: now) else { throw RightsError.nothingIsKept }
        guard let taken = try await preferences.take(permitted) else { throw RightsError.changedMeanwhile }
        let given = brought.settings.count + brought.suppressions.count + brought.authors.count
        return Taken(taken: taken, notKept: given - taken.values.reduce(0, +), leftOut: leftOut)
    }
}

/// Why a right could not be carried out, in words that are safe to show.
public enum RightsError: Error, Equatable, CustomStringConvertible {
    /// The person is at NONE.
    case nothingIsKept
    case changedMeanwhile
    case unknownSetting(known: [String])
    case badValue(name: String, sentence: String)
    case badHours
    case badTime

    public var description: String {
        switch self {
        case .nothingIsKept: "at level NONE nothing is kept, settings neither; choose a level with 'sheltie privacy set'"
        case .changedMeanwhile: "nothing was done: the person's level has changed just now; try again"
        case .unknownSetting(let known): "this is no setting; they are \(known.joined(separator: ", "))"
        case .badValue(let name, let sentence): "\(name) may say: \(sentence)"
        case .badHours: "hours must be a number from 1 to \(PersonRights.mostHours)"
        case .badTime: "an end must lie in the future and read as 2027-01-31T10:30:00Z"
        }
    }
}
