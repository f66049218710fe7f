/// Writes that share one transaction: each under a savepoint of its own, their callers answered after the commit.
struct WriteGroup<Connected: PooledConnection> {
    private let connection: Connected
    private var isOpen = false
    private var done: [(job: Job, answer: Job.Answer)] = []

    init(_ connection: Connected) { self.connection = connection }

    mutating func begin(_ durability: Durability) throws(DatabaseError) {
        try connection.makeReady()
        try connection.beginGroup(durability)
        isOpen = true
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
            giveUp((error as? DatabaseError) ?? .transactionLost)
            return false
        }
        return true
    }

    mutating func commit() {
        guard isOpen else { return }
        do {
            try connection.commitGroup()
        } catch {
            return giveUp(error)
        }
        isOpen = false
        // Emptied first: whoever is answered may be back in line before the next one is.
        let answered = done
        done = []
        for (_, answer) in answered { answer() }
    }

    private mutating func giveUp(_ error: DatabaseError) {
        if isOpen { connection.rollbackGroup() }
        isOpen = false
        let failed = done
        done = []
        for (job, _) in failed { job.fail(error) }
    }
}
