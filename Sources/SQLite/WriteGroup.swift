import CSQLite
import Database

/// Writes that share one transaction: each under a savepoint of its own, their callers answered after the commit.
struct WriteGroup {
    private let connection: SQLiteConnection
    private var scope: SQLiteConnection.Scope?
    private var done: [(job: Job, answer: Job.Answer)] = []
    /// What `PRAGMA synchronous` is set to; a connection opens with NORMAL.
    private var durability = Durability.process

    init(_ connection: SQLiteConnection) { self.connection = connection }

    mutating func begin(_ wanted: Durability) throws(DatabaseError) {
        // It cannot change inside a transaction. In the write-ahead log, NORMAL survives a killed process and FULL,
        // which waits for the disk at each commit, a lost power supply too (sqlite.org/pragma.html#pragma_synchronous).
        if wanted != durability {
            try connection.script(wanted == .power ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL")
            durability = wanted
        }
        scope = try connection.begin(toWrite: true)
    }

    /// Runs one write. One that throws is undone alone and answered at once.
    /// - Returns: false when the whole transaction is lost with it, and every caller of the group answered.
    mutating func run(_ job: Job) -> Bool {
        do {
            let answer = try connection.transaction { try job.perform(connection) }
            done.append((job, answer))
        } catch {
            job.fail(error)
            guard connection.hasLostTransaction else { return true }
            giveUp((error as? DatabaseError) ?? .failed(code: Int(SQLITE_ABORT), statement: "SAVEPOINT"))
            return false
        }
        return true
    }

    mutating func commit() {
        guard let open = scope else { return }
        do {
            try connection.commit(open)
        } catch {
            return giveUp(error)
        }
        scope = nil
        // Emptied first: whoever is answered may be back in line before the next one is.
        let answered = done
        done = []
        for (_, answer) in answered { answer() }
    }

    private mutating func giveUp(_ error: DatabaseError) {
        if let scope { connection.rollback(scope) }
        scope = nil
        let failed = done
        done = []
        for (job, _) in failed { job.fail(error) }
    }
}
