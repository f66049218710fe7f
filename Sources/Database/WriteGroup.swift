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

    enum Outcome {
        /// It is done, or was undone alone and its caller answered.
        case went
        /// Another session's work has undone it, and it alone; its caller is not answered.
        case conflicted
        /// The whole transaction is lost with it, and every caller of the group answered.
        case lost
    }

    /// Runs one write. One that throws is undone alone.
    mutating func run(_ job: Job) -> Outcome {
        do {
            let answer = try connection.transaction { try job.perform(connection) }
            done.append((job, answer))
        } catch {
            let isLost = connection.hasLostTransaction
            if !isLost, error as? DatabaseError == .conflict { return .conflicted }
            job.fail(error)
            guard isLost else { return .went }
            giveUp((error as? DatabaseError) ?? .transactionLost)
            return .lost
        }
        return .went
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
