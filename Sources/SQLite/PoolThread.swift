import Database

/// Carries out what the pool's state decides, on one thread with one connection.
struct PoolThread: Sendable {
    let line: Monitor<PoolLine>
    let path: String
    let readLimit: Duration
    let access: SQLiteConnection.Access
    let opening: Opening

    func start(_ name: String) {
        NamedThread.start(name) {
            live()
            // The connection is closed by now.
            let waiting = line.withLock { line in
                if access == .writer { line.state.writerClosed() } else { line.state.readerClosed() }
                return line.closed()
            }
            // The writer may be waiting for the last reader.
            line.wakeAll()
            for continuation in waiting { continuation.resume() }
        }
    }

    private func live() {
        do {
            let connection = try SQLiteConnection(path: path, access: access)
            opening.opened()
            if access == .writer { serveWrites(connection) } else { serveReads(connection) }
        } catch {
            opening.failed(error)
        }
    }

    private func serveReads(_ connection: SQLiteConnection) {
        while true {
            let (step, job) = line.wait(in: PoolLine.Threads.readers) { line -> (PoolState.ReaderStep, Job?)? in
                let step = line.state.nextForReader(at: .now)
                switch step {
                case .wait: return nil
                case .read(let id), .refuse(let id): return (step, line.take(id))
                case .close: return (step, nil)
                }
            }
            switch step {
            case .read: if let job { read(job, connection) }
            case .refuse: job?.fail(DatabaseError.unavailable)
            case .wait: break
            case .close: return
            }
        }
    }

    private func serveWrites(_ connection: SQLiteConnection) {
        var group = WriteGroup(connection)
        while true {
            let (step, job) = line.wait(in: PoolLine.Threads.writer) { line -> (PoolState.WriterStep, Job?)? in
                let step = line.state.nextForWriter(at: .now)
                switch step {
                case .wait: return nil
                case .write(let id), .maintain(let id), .read(let id), .refuse(let id): return (step, line.take(id))
                case .begin, .commit, .close: return (step, nil)
                }
            }
            switch step {
            case .begin(let durability):
                do {
                    try group.begin(durability)
                } catch {
                    let refused = line.withLock { line in line.state.groupDidNotBegin().compactMap { line.take($0) } }
                    for job in refused { job.fail(error) }
                }
            case .write: if let job, !group.run(job) { line.withLock { $0.state.groupWasLost() } }
            case .commit: group.commit()
            case .maintain: if let job { maintain(job, connection) }
            case .read: if let job { readOnWriter(job, connection) }
            case .refuse: job?.fail(DatabaseError.unavailable)
            case .wait: break
            case .close: return
            }
        }
    }

    private func maintain(_ job: Job, _ connection: SQLiteConnection) {
        do {
            let answer = try job.perform(connection)
            connection.endTransactions()
            answer()
        } catch {
            connection.endTransactions()
            job.fail(error)
        }
    }

    /// One deferred transaction, so that all its statements see one snapshot.
    private func read(_ job: Job, _ connection: SQLiteConnection) {
        let answer: Job.Answer
        do {
            let scope = try connection.begin(toWrite: false)
            // Its end must not be stopped by the limit. There is nothing to commit, but COMMIT is a kept statement.
            defer {
                connection.deadline.clear()
                if (try? connection.commit(scope)) == nil { connection.rollback(scope) }
            }
            connection.deadline.set(readLimit)
            answer = try job.perform(connection)
        } catch {
            return job.fail(error)
        }
        answer()
    }

    /// The one connection of a database in memory could write: for the length of a read it may not, as a reader of a file may not.
    private func readOnWriter(_ job: Job, _ connection: SQLiteConnection) {
        do {
            try connection.script("PRAGMA query_only = ON")
            read(job, connection)
            try connection.script("PRAGMA query_only = OFF")
        } catch {
            preconditionFailure("PRAGMA query_only: \(error)")
        }
    }
}
