import Database
import Glibc
import Migrations
import Postgres
import SQLite

public import Fediverse
public import Privacy
public import Recommender

/// One database, opened and brought up to date: gives out the repositories.
public struct Storage: Sendable {
    public enum Role: Sendable {
        /// The one process that serves the file; migrates it.
        case serve
        /// A command beside it; migrates, too.
        case command
        /// A command that takes away what a service relies on: refused while the database is served; migrates, too.
        case alone
        /// Looks only: refuses a database that would have to be made or migrated first.
        case inspect
    }

    public let people: any PeopleRepository
    public let interactions: any InteractionRepository
    public let recommendationLog: any RecommendationLogRepository
    public let preferences: any PreferenceRepository
    public let personalData: any PersonalDataRepository
    public let retention: any RetentionRepository
    /// Bytes of removed rows.
    public var scrubs: any ScrubRepository { scrubbing }
    let scrubbing: Scrubbing
    public let statuses: any StatusRepository
    public let recommender: any RecommenderRepository
    public let jobRuns: JobRuns
    public let leases: Leases
    let keyInUse: KeyInUse
    /// Its writes are fenced where they are a job's (`Leases.fencing`).
    let pool: any ConnectionPool
    let replica: Replica?
    public let location: StoreLocation

    /// - Parameters:
    ///   - replica: the address of a hot standby of the same database, which is asked for candidates.
    ///   - defaultLevel: the level of an alias that has not chosen.
    ///   - candidateLimit: the most candidates of one tenant; beyond it the oldest go.
    ///   - now: the time that migrations are noted under.
    /// - Throws: `StoreError`, or `DatabaseError` for what the engine refuses; `corrupt`, in the role `serve`, for damage anywhere in the file.
    public static func open(
        _ location: StoreLocation, replica: String? = nil, role: Role, defaultLevel: PrivacyLevel = .none, candidateLimit: Int = 200_000, now: Instant
    ) async throws -> Storage {
        let pool = try connect(location, role)
        do {
            // Damage is met before anything is served from it. A server looks after its own files.
            if role == .serve, let file = pool as? SQLitePool { try await file.checkIntegrity() }
            try await bringUpToDate(pool, role: role, now: now)
        } catch {
            await pool.shutdown()
            throw error
        }
        return Storage(
            pool: pool, replica: replica.map(Replica.init(url:)), location: location, defaultLevel: defaultLevel, candidateLimit: candidateLimit)
    }

    private static func connect(_ location: StoreLocation, _ role: Role) throws -> any ConnectionPool {
        switch location {
        case .sqlite(let path):
            if role == .inspect, access(path, F_OK) != 0 { throw StoreError.noDatabase }
            return try SQLitePool(path: path, role: role == .serve || role == .alone ? .serve : .command)
        // Any number of processes may serve one server's database.
        case .postgres(let url): return try PostgresPool(PostgresSettings(url: url), readers: role == .serve ? 4 : 1, writing: role != .inspect)
        }
    }

    init(pool: any ConnectionPool, replica: Replica?, location: StoreLocation, defaultLevel: PrivacyLevel, candidateLimit: Int) {
        let isShared = if case .postgres = location { true } else { false }
        // Longer than a process that stands still can hold its locks (`PostgresSettings.idleLimit`).
        let pool = FencedPool(pool: pool, patience: isShared ? .seconds(20) : nil)
        self.pool = pool
        self.replica = replica
        self.location = location
        keyInUse = KeyInUse()
        scrubbing = Scrubbing(pool: pool, location: location)
        people = People(pool: pool, defaultLevel: defaultLevel, keyInUse: keyInUse, scrubbing: scrubbing)
        interactions = Interactions(pool: pool, patience: isShared ? .seconds(5) : nil)
        recommendationLog = RecommendationLog(pool: pool)
        preferences = Preferences(pool: pool)
        personalData = PersonalData(pool: pool)
        retention = Retention(pool: pool)
        statuses = Statuses(pool: pool, candidateLimit: candidateLimit, keyInUse: keyInUse)
        recommender = Snapshots(pool: pool, replica: replica, defaultLevel: defaultLevel)
        jobRuns = JobRuns(pool: pool)
        leases = Leases(pool: pool)
    }

    /// Finishes what runs and closes the database.
    public func shutdown() async {
        await replica?.shutdown()
        await pool.shutdown()
    }

    static func migrator(_ dialect: Dialect) -> Migrator {
        Migrator(Migration.all.map { Migrator.Step(number: $0.number, name: $0.name, text: dialect == .sqlite ? $0.sqlite : $0.postgres) })
    }

    private static func bringUpToDate(_ pool: any ConnectionPool, role: Role, now: Instant) async throws {
        if role == .inspect {
            let pending = try await pool.read { try migrator($0.dialect).pending(on: $0).count }
            if pending > 0 { throw StoreError.migrationsPending(pending: pending) }
        } else {
            _ = try await pool.maintain { connection in
                let migrator = migrator(connection.dialect)
                if try !migrator.pending(on: connection).isEmpty { try connection.checkExtensions() }
                try migrator.apply(on: connection, at: now.microseconds)
            }
        }
    }
}
