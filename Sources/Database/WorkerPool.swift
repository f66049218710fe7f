/// The pool of either engine: a thread that writes and some that read, each with a connection of its own.
///
/// A driver's pool is this one with its connections: it says how they open.
package final class WorkerPool<Connected: PooledConnection>: ConnectionPool {
    package let line: Monitor<PoolLine>
    private let readers: Int

    /// Opens every connection; blocks until that is done.
    /// - Parameters:
    ///   - name: begins the threads' names; at most 7 letters.
    ///   - readers: 0 where the one connection does the reads as well, in turn.
    ///   - held: let go when the last connection is closed.
    /// - Throws: the first error of `open`, after every connection is closed again.
    package init(
        name: String, readers: Int, readLimit: Duration, limits: PoolState.Limits, holding held: (any Sendable)? = nil,
        open: @escaping @Sendable (PoolPart) throws(DatabaseError) -> Connected
    ) throws(DatabaseError) {
        self.readers = readers
        let state = PoolLine(readers: readers, limits: limits, holding: held)
        line = Monitor(state, lines: PoolLine.Threads.count(readers: readers))
        let opening = Opening(connections: 1 + readers)
        // The writer first: where there is something to create, it does.
        PoolThread(line: line, part: .writer, slot: readers, readLimit: readLimit, opening: opening, open: open).start("\(name)-writer")
        opening.wait(for: 1)
        for number in 0..<readers {
            PoolThread(line: line, part: .reader, slot: number, readLimit: readLimit, opening: opening, open: open).start("\(name)-read-\(number)")
        }
        guard let error = opening.wait(for: 1 + readers) else { return }
        close()
        // Until what is held is let go, so that the caller can try again.
        line.wait(in: PoolLine.Threads.closing) { $0.state.isClosed ? () : nil }
        throw error
    }

    // Whoever forgets `shutdown` leaks no thread.
    deinit { close() }

    package func read<Result: Sendable>(_ body: @escaping @Sendable (any Connection) throws -> Result) async throws -> Result {
        try Task.checkCancellation()
        let ticket = Monitor(Ticket(), lines: 0)
        do {
            return try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { continuation in
                    let id = add(.read, Job(continuation, body))
                    let wasCancelled = ticket.withLock { ticket in
                        ticket.id = id
                        return ticket.isCancelled
                    }
                    if wasCancelled, let id { cancel(id) }
                }
            } onCancel: {
                let id = ticket.withLock { ticket in
                    ticket.isCancelled = true
                    return ticket.id
                }
                if let id { cancel(id) }
            }
        } catch DatabaseError.interrupted where Task.isCancelled {
            throw CancellationError()
        }
    }

    /// Runs `body` inside a transaction; returns after the commit. A cancelled caller's write happens all the same.
    package func write<Result: Sendable>(
        _ durability: Durability, _ body: @escaping @Sendable (any Connection) throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { _ = add(.write(durability), Job($0, body)) }
    }

    package func maintain<Result: Sendable>(_ body: @escaping @Sendable (any Connection) throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { _ = add(.maintenance, Job($0, body)) }
    }

    package func shutdown() async {
        close()
        await withCheckedContinuation { continuation in
            let waits = line.withLock { $0.wait(continuation) }
            if !waits { continuation.resume() }
        }
    }

    private struct Ticket: Sendable {
        var id: PoolState.JobID?
        var isCancelled = false
    }

    private func add(_ kind: PoolState.Kind, _ job: Job) -> PoolState.JobID? {
        let isForReader = kind == .read && readers > 0
        let (id, reader) = line.withLock { line in (line.add(kind, job, at: .now), isForReader ? line.state.readerToWake() : nil) }
        if id == nil { job.fail(DatabaseError.unavailable) }
        if let reader { line.wakeOne(in: PoolLine.Threads.reader(reader)) }
        if !isForReader { line.wakeOne(in: PoolLine.Threads.writer) }
        return id
    }

    private func cancel(_ id: PoolState.JobID) {
        let (waiting, stop) = line.withLock { ($0.cancel(id), $0.stop(of: id)) }
        waiting?.fail(CancellationError())
        stop?.stop(id)
    }

    private func close() {
        line.withLock { $0.state.shutDown() }
        line.wakeAll()
    }
}
