/// Carries out what the pool's state decides, on one thread with one connection.
struct PoolThread<Connected: PooledConnection>: Sendable {
    let line: Monitor<PoolLine>
    let part: PoolPart
    /// Its number among the sessions.
    let slot: Int
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

    /// The session is handed on by reference: one that is closed early must have no second owner.
    private func live() {
        do {
            switch part {
            case .writer:
                var connection = try opened()
                opening.opened()
                serveWrites(&connection)
            case .reader:
                var connection: Connected?
                if line.withLock({ $0.state.opensAtOnce(slot) }) { connection = try opened() }
                opening.opened()
                serveReads(&connection)
            }
        } catch {
            opening.failed(error)
        }
    }

    private func opened() throws(DatabaseError) -> Connected {
        let connection = try open(part)
        line.withLock { $0.state.opened(slot, at: .now) }
        return connection
    }

    private func serveReads(_ connection: inout Connected?) {
        while true {
            let (step, job, need) = line.wait(in: PoolLine.Threads.reader(slot), turns: { line -> Monitor<PoolLine>.Turn<(PoolState.ReaderStep, Job?, PoolState.Need)> in
                let step = line.state.nextForReader(slot, at: .now)
                switch step {
                case .wait(let end): return .wait(until: end)
                case .read(let id): return .go((step, line.begin(id, connection?.readStop), line.state.need(of: slot, at: .now)))
                case .refuse(let id): return .go((step, line.take(id), .nothing))
                case .release, .close: return .go((step, nil, .nothing))
                }
            })
            switch step {
            case .read(let id):
                guard let job else { break }
                do {
                    let ready = try prepared(connection, need)
                    connection = ready
                    // A session that was opened for this read can be stopped from here on.
                    if need == .opening || need == .replacement { line.withLock { $0.began(id, ready.readStop) } }
                    read(id, job, ready)
                    line.withLock { $0.state.used(slot, at: .now) }
                } catch {
                    let other = line.withLock { line -> Int?? in
                        line.ended(id)
                        return line.couldNotOpen(slot, id, job, at: .now) ? line.state.readerToWake() : nil
                    }
                    switch other {
                    case nil: job.fail(error)
                    case let reader?: if let reader { line.wakeOne(in: PoolLine.Threads.reader(reader)) }
                    }
                }
            case .refuse: job?.fail(DatabaseError.unavailable)
            case .release: connection = nil
            case .wait: break
            case .close: return
            }
        }
    }

    /// The session as it is to be used now.
    private func prepared(_ connection: Connected?, _ need: PoolState.Need) throws(DatabaseError) -> Connected {
        guard let connection else { return try opened() }
        switch need {
        case .nothing, .opening: break
        case .probe: connection.probe()
        case .replacement:
            // The old one serves on where there is no new one to be had.
            if let new = try? opened() { return new }
        }
        return connection
    }

    private func serveWrites(_ connection: inout Connected) {
        var group = WriteGroup(connection)
        while true {
            let (step, job, need) = line.wait(in: PoolLine.Threads.writer) { line -> (PoolState.WriterStep, Job?, PoolState.Need)? in
                let step = line.state.nextForWriter(at: .now)
                switch step {
                case .wait: return nil
                case .read(let id): return (step, line.begin(id, connection.readStop), .nothing)
                case .write(let id), .refuse(let id): return (step, line.take(id), .nothing)
                case .maintain(let id): return (step, line.take(id), line.state.need(of: slot, at: .now))
                case .begin: return (step, nil, line.state.need(of: slot, at: .now))
                case .commit, .close: return (step, nil, .nothing)
                }
            }
            if let ready = try? prepared(connection, need), ready !== connection {
                connection = ready
                group = WriteGroup(connection)
            }
            switch step {
            case .begin(let durability):
                do {
                    try group.begin(durability)
                } catch {
                    let refused = line.withLock { line in line.state.groupDidNotBegin().compactMap { line.take($0) } }
                    for job in refused { job.fail(error) }
                }
            case .write(let id):
                guard let job else { break }
                switch group.run(job) {
                case .went: break
                case .conflicted: if !line.withLock({ $0.tryAgain(id, job) }) { job.fail(DatabaseError.conflict) }
                case .lost: line.withLock { $0.state.groupWasLost() }
                }
            case .commit: group.commit()
            case .maintain: if let job { maintain(job, connection) }
            case .read(let id): if let job { read(id, job, connection) }
            case .refuse: job?.fail(DatabaseError.unavailable)
            case .wait: break
            case .close: return
            }
            line.withLock { $0.state.used(slot, at: .now) }
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
            answer = try repeated { try once(job, connection) }
        } catch {
            return job.fail(error)
        }
        answer()
    }

    private func once(_ job: Job, _ connection: Connected) throws -> Job.Answer {
        try connection.makeReady()
        try connection.beginRead(limit: readLimit)
        defer { connection.endRead() }
        return try job.perform(connection)
    }

    /// A read changes nothing: one that another session's work undid, or whose session was cut, is begun anew, unless it has
    /// taken long already.
    private func repeated(_ read: () throws -> Job.Answer) throws -> Job.Answer {
        let start = ContinuousClock.now
        for _ in 1..<Self.readTries {
            do {
                return try read()
            } catch let error as DatabaseError where error == .conflict || error == .disconnected {
                guard ContinuousClock.now - start < Self.readAgainWithin else { throw error }
            }
        }
        return try read()
    }

    private static var readTries: Int { 3 }
    private static var readAgainWithin: Duration { .milliseconds(200) }
}

/// What a pool's connection is for.
package enum PoolPart: Sendable { case writer, reader }
