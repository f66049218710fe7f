/// What the threads of one pool and its callers share: who waits, and for what.
package struct PoolLine: Sendable {
    enum Threads {
        static let writer = 0, closing = 1
        static func reader(_ slot: Int) -> Int { 2 + slot }
        static func count(readers: Int) -> Int { 2 + readers }
    }

    package var state: PoolState
    private var jobs: [PoolState.JobID: Job] = [:]
    /// What stops a read that runs, by its number; nothing where the engine has no way to.
    private var running: [PoolState.JobID: any ReadStop] = [:]
    /// Let go when the last connection is closed.
    private var held: (any Sendable)?
    private var waitingForClose: [CheckedContinuation<Void, Never>] = []

    init(readers: Int, limits: PoolState.Limits, holding held: (any Sendable)?) {
        state = PoolState(readers: readers, limits: limits)
        self.held = held
    }

    /// Puts the job in line; nil when it is refused.
    mutating func add(_ kind: PoolState.Kind, _ job: Job, at now: ContinuousClock.Instant) -> PoolState.JobID? {
        let id = state.add(kind, at: now)
        if let id { jobs[id] = job }
        return id
    }

    mutating func take(_ id: PoolState.JobID) -> Job? { jobs.removeValue(forKey: id) }

    /// Lets a write that another session's work undid stand in line once more.
    /// - Returns: false when it was tried often enough.
    mutating func tryAgain(_ id: PoolState.JobID, _ job: Job) -> Bool {
        guard state.tryAgain() else { return false }
        jobs[id] = job
        return true
    }

    /// Takes a read that begins now, and remembers how to stop it.
    mutating func begin(_ id: PoolState.JobID, _ stop: (any ReadStop)?) -> Job? {
        running[id] = stop
        return take(id)
    }

    /// The read that `begin` gave runs on this session.
    mutating func began(_ id: PoolState.JobID, _ stop: (any ReadStop)?) { running[id] = stop }

    /// A read whose reader got no session stands in line again, where another reader has one.
    mutating func couldNotOpen(_ slot: Int, _ id: PoolState.JobID, _ job: Job, at now: ContinuousClock.Instant) -> Bool {
        guard state.couldNotOpen(slot, at: now) else { return false }
        jobs[id] = job
        return true
    }

    mutating func ended(_ id: PoolState.JobID) { running[id] = nil }

    /// What stops the read, when it has begun and can be stopped.
    func stop(of id: PoolState.JobID) -> (any ReadStop)? { running[id] }

    mutating func cancel(_ id: PoolState.JobID) -> Job? { state.cancel(id) ? take(id) : nil }

    /// Remembers who waits for the last connection to close; false when it is closed already.
    mutating func wait(_ continuation: CheckedContinuation<Void, Never>) -> Bool {
        guard !state.isClosed else { return false }
        waitingForClose.append(continuation)
        return true
    }

    /// The callers to tell, once every connection is closed.
    mutating func closed() -> [CheckedContinuation<Void, Never>] {
        guard state.isClosed else { return [] }
        held = nil
        defer { waitingForClose = [] }
        return waitingForClose
    }
}
