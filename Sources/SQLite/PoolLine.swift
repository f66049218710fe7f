import Database

/// What the threads of one pool and its callers share: who waits, and for what.
struct PoolLine: Sendable {
    enum Threads { static let writer = 0, readers = 1, closing = 2, count = 3 }

    var state: PoolState
    private var jobs: [PoolState.JobID: Job] = [:]
    /// Released when the last connection is closed, so that this process, too, can serve the file again.
    private var lock: ServeLock?
    private var waitingForClose: [CheckedContinuation<Void, Never>] = []

    init(readers: Int, limits: PoolState.Limits, lock: ServeLock?) {
        state = PoolState(readers: readers, limits: limits)
        self.lock = lock
    }

    /// Puts the job in line; nil when it is refused.
    mutating func add(_ kind: PoolState.Kind, _ job: Job, at now: ContinuousClock.Instant) -> PoolState.JobID? {
        let id = state.add(kind, at: now)
        if let id { jobs[id] = job }
        return id
    }

    mutating func take(_ id: PoolState.JobID) -> Job? { jobs.removeValue(forKey: id) }

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
        lock = nil
        defer { waitingForClose = [] }
        return waitingForClose
    }
}
