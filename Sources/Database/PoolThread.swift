/// Carries out what the pool's state decides, on one thread with one connection.
struct PoolThread<Connected: PooledConnection>: Sendable {
    let line: Monitor<PoolLine>
    let part: PoolPart
    let readLimit: Duration
    let opening: Opening
    let open: @Sendable (PoolPart) throws(DatabaseError) -> Connected

    func start(_ name: String) {
        NamedThread.start(name) {
            live()
            // The connection is closed by now.
            let waiting = line.withLock { line in
                if part == .writer { line.state.writerClosed() } else { line.state.readerClosed() }
                return line.closed()
            }
            // The writer may be waiting for the last reader.
            line.wakeAll()
            for continuation in waiting { continuation.resume() }
        }
    }

    private func live() {
        do {
            let connection = try open(part)
            opening.opened()
            if part == .writer { serveWrites(connection) } else { serveReads(connection) }
        } catch {
            opening.failed(error)
        }
    }

    private func serveReads(_ connection: Connected) {
        while true {
            let (step, job) = line.wait(in: PoolLine.Threads.readers) { line -> (PoolState.ReaderStep, Job?)? in
                let step = line.state.nextForReader(at: .now)
                switch step {
                case .wait: return nil
                case .read(let id): return (step, line.begin(id, connection.readStop))
                case .refuse(let id): return (step, line.take(id))
                case .close: return (step, nil)
                }
            }
            switch step {
            case .read(let id): if let job { read(id, job, connection) }
            case .refuse: job?.fail(DatabaseError.unavailable)
            case .wait: break
            case .close: return
            }
        }
    }

    private func serveWrites(_ connection: Connected) {
        var group = WriteGroup(connection)
        while true {
            let (step, job) = line.wait(in: PoolLine.Threads.writer) { line -> (PoolState.WriterStep, Job?)? in
                let step = line.state.nextForWriter(at: .now)
                switch step {
                case .wait: return nil
                case .read(let id): return (step, line.begin(id, connection.readStop))
                case .write(let id), .maintain(let id), .refuse(let id): return (step, line.take(id))
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
            case .read(let id): if let job { read(id, job, connection) }
            case .refuse: job?.fail(DatabaseError.unavailable)
            case .wait: break
            case .close: return
            }
        }
    }

    private func maintain(_ job: Job, _ connection: Connected) {
        do {
            try connection.makeReady()
            try connection.beginMaintenance()
            let answer = try job.perform(connection)
            connection.endMaintenance()
            answer()
        } catch {
            connection.endMaintenance()
            job.fail(error)
        }
    }

    private func read(_ id: PoolState.JobID, _ job: Job, _ connection: Connected) {
        let answer: Job.Answer
        do {
            connection.readStop?.begin(id)
            defer {
                line.withLock { $0.ended(id) }
                connection.readStop?.end()
            }
            try connection.makeReady()
            try connection.beginRead(limit: readLimit)
            defer { connection.endRead() }
            answer = try job.perform(connection)
        } catch {
            return job.fail(error)
        }
        answer()
    }
}

/// What a pool's connection is for.
package enum PoolPart: Sendable { case writer, reader }
