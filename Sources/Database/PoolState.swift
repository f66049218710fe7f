/// What a pool of threads does next: who runs, which writes share a transaction, when to refuse and when to close.
///
/// A value that knows neither threads nor SQL: they tell it what happened and carry out what it answers. With no readers
/// (a database in memory has one connection) the writer does the reads as well, in turn.
public struct PoolState: Sendable {
    public typealias JobID = UInt64

    public enum Kind: Sendable, Equatable { case read, write(Durability), maintenance }

    public struct Limits: Sendable {
        /// A group commits after so many writes, or when its first one began so long ago.
        public var groupJobs = 256
        public var groupTime = Duration.milliseconds(10)
        /// More jobs than this are not even put in line.
        public var waiting = 10_000
        /// A job that stood in line for longer is refused when its turn comes: nobody counts on its answer any more.
        public var patience = Duration.seconds(30)

        public init() {}
    }

    public enum ReaderStep: Sendable, Equatable { case wait, read(JobID), refuse(JobID), close }

    public enum WriterStep: Sendable, Equatable {
        case wait
        /// Open the group's transaction, this durable.
        case begin(Durability)
        /// Run a write inside the group's transaction.
        case write(JobID)
        /// Commit the group's transaction and answer its callers.
        case commit
        /// Run outside any transaction.
        case maintain(JobID)
        case read(JobID)
        case refuse(JobID)
        case close
    }

    private struct Waiting: Sendable {
        let id: JobID
        let kind: Kind
        let since: ContinuousClock.Instant
    }

    private struct Group: Sendable {
        let durability: Durability
        let since: ContinuousClock.Instant
        var jobs = 0
    }

    private let limits: Limits
    private let hasReaders: Bool
    private var readersOpen: Int
    private var writerOpen = true
    private var reads = Line<Waiting>()
    private var writes = Line<Waiting>()
    private var group: Group?
    private var lastID: JobID = 0
    public private(set) var isShuttingDown = false

    public init(readers: Int, limits: Limits = Limits()) {
        precondition(readers >= 0, "\(readers) readers")
        self.limits = limits
        hasReaders = readers > 0
        readersOpen = readers
    }

    /// Jobs in line, for a gauge.
    public var waiting: Int { reads.count + writes.count }

    public var isClosed: Bool { !writerOpen && readersOpen == 0 }

    /// Puts a job in line; nil when it is refused at once, because the line is full or the pool shuts down.
    public mutating func add(_ kind: Kind, at now: ContinuousClock.Instant) -> JobID? {
        guard !isShuttingDown, waiting < limits.waiting else { return nil }
        lastID += 1
        let job = Waiting(id: lastID, kind: kind, since: now)
        if kind == .read && hasReaders { reads.append(job) } else { writes.append(job) }
        return lastID
    }

    /// Takes a read out of the line, when it has not begun. Writes are not cancelled: once accepted, they happen.
    public mutating func cancel(_ id: JobID) -> Bool {
        reads.remove { $0.id == id } || writes.remove { $0.id == id && $0.kind == .read }
    }

    public mutating func nextForReader(at now: ContinuousClock.Instant) -> ReaderStep {
        guard let next = reads.popFirst() else { return isShuttingDown ? .close : .wait }
        return isLate(next, now) ? .refuse(next.id) : .read(next.id)
    }

    public mutating func nextForWriter(at now: ContinuousClock.Instant) -> WriterStep {
        if let group { return nextInGroup(group, at: now) }
        guard let next = writes.first else {
            // The writer closes last: the last connection empties the log and removes it, which a reader may not.
            return isShuttingDown && readersOpen == 0 ? .close : .wait
        }
        if isLate(next, now) {
            _ = writes.popFirst()
            return .refuse(next.id)
        }
        switch next.kind {
        case .write:
            let durability = durabilityOfFirstGroup()
            group = Group(durability: durability, since: now)
            return .begin(durability)
        case .maintenance:
            _ = writes.popFirst()
            return .maintain(next.id)
        case .read:
            _ = writes.popFirst()
            return .read(next.id)
        }
    }

    /// The group's transaction could not be opened: the jobs that it would have taken, out of the line.
    public mutating func groupDidNotBegin() -> [JobID] {
        group = nil
        var ids: [JobID] = []
        while ids.count < limits.groupJobs, let next = writes.first, case .write = next.kind {
            ids.append(next.id)
            _ = writes.popFirst()
        }
        return ids
    }

    /// The group's transaction was lost halfway: whoever waits begins anew.
    public mutating func groupWasLost() { group = nil }

    public mutating func shutDown() { isShuttingDown = true }
    public mutating func readerClosed() { readersOpen -= 1 }
    public mutating func writerClosed() { writerOpen = false }

    private mutating func nextInGroup(_ open: Group, at now: ContinuousClock.Instant) -> WriterStep {
        let isFull = open.jobs >= limits.groupJobs || open.jobs > 0 && now - open.since >= limits.groupTime
        // Who asks for more than the group gives waits for the next one: durability is fixed when a transaction begins.
        guard !isFull, let next = writes.first, case .write(let durability) = next.kind, durability <= open.durability else {
            group = nil
            return .commit
        }
        _ = writes.popFirst()
        group?.jobs += 1
        return .write(next.id)
    }

    private func durabilityOfFirstGroup() -> Durability {
        var strongest = Durability.process
        for waiting in writes.prefix(limits.groupJobs) {
            guard case .write(let durability) = waiting.kind else { break }
            strongest = max(strongest, durability)
        }
        return strongest
    }

    private func isLate(_ waiting: Waiting, _ now: ContinuousClock.Instant) -> Bool { now - waiting.since > limits.patience }
}
