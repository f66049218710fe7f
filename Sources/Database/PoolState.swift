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
        /// How often a write is begun whose work another session's undoes, and a read that gets no session.
        public var tries = 3
        /// How long sessions at a server are kept; nil for connections that stay as they are, to a file of our own.
        public var sessions: Sessions?

        public init() {}
    }

    /// A session costs the server a process, and may die without a word.
    public struct Sessions: Sendable {
        /// So many readers' sessions are opened at the beginning and stay; the others open when they are needed.
        public var least = 1
        /// Beyond these, one that was not used for so long is closed.
        public var idle = Duration.seconds(300)
        /// One that is older is replaced before its next use: servers are moved, and their processes grow.
        public var lifetime = Duration.seconds(3_600)
        /// One that was not used for so long is asked for a sign of life first.
        public var silence = Duration.seconds(30)

        public init() {}
    }

    /// What a thread's session needs before its next use.
    public enum Need: Sendable, Equatable { case nothing, probe, opening, replacement }

    /// `release`: close the session and wait on without one.
    public enum ReaderStep: Sendable, Equatable { case wait(until: ContinuousClock.Instant?), read(JobID), refuse(JobID), release, close }

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
        var tries = 1
    }

    private struct Group: Sendable {
        let durability: Durability
        let since: ContinuousClock.Instant
        var jobs = 0
        /// Takes no more: a write waits that needs what this group holds locked.
        var isClosed = false
    }

    /// A thread's session, and when it was opened and used.
    private struct Slot: Sendable {
        var opened: ContinuousClock.Instant?
        var used: ContinuousClock.Instant?
        /// The read that was handed out last.
        var read: Waiting?
        var backoff = Backoff()
    }

    private let limits: Limits
    private let hasReaders: Bool
    /// The readers', then the writer's.
    private var slots: [Slot]
    /// Readers that wait, the latest last: it is woken first, so that the sessions of the others may rest.
    private var parked: [Int] = []
    private var readersOpen: Int
    private var writerOpen = true
    private var reads = Line<Waiting>()
    private var writes = Line<Waiting>()
    private var group: Group?
    /// The write that was handed out last.
    private var lastWrite: Waiting?
    private var lastID: JobID = 0
    public private(set) var isShuttingDown = false

    public init(readers: Int, limits: Limits = Limits()) {
        precondition(readers >= 0, "\(readers) readers")
        self.limits = limits
        hasReaders = readers > 0
        readersOpen = readers
        slots = Array(repeating: Slot(), count: readers + 1)
    }

    /// The writer's number among the sessions; the readers' are below it.
    public var writer: Int { slots.count - 1 }

    /// Whether a thread opens its session at the beginning.
    public func opensAtOnce(_ slot: Int) -> Bool { slot == writer || slot < limits.sessions?.least ?? .max }

    public mutating func opened(_ slot: Int, at now: ContinuousClock.Instant) {
        slots[slot].opened = now
        slots[slot].used = now
        slots[slot].backoff.succeeded()
    }

    /// A thread has finished with what it was at.
    public mutating func used(_ slot: Int, at now: ContinuousClock.Instant) { slots[slot].used = now }

    /// What the session needs before it is used now.
    public func need(of slot: Int, at now: ContinuousClock.Instant) -> Need {
        guard let opened = slots[slot].opened, let used = slots[slot].used else { return .opening }
        guard let sessions = limits.sessions else { return .nothing }
        if now - opened >= sessions.lifetime { return .replacement }
        return now - used >= sessions.silence ? .probe : .nothing
    }

    /// A reader's session could not be opened for the read that was handed to it.
    /// - Returns: whether the read is in line again, for another reader that has a session.
    public mutating func couldNotOpen(_ slot: Int, at now: ContinuousClock.Instant) -> Bool {
        slots[slot].backoff.failed(at: now)
        guard var read = slots[slot].read, read.tries < limits.tries, sessionsOfReaders > 0 else { return false }
        read.tries += 1
        reads.prepend(read)
        return true
    }

    /// The reader to wake for a read that has come in.
    public mutating func readerToWake() -> Int? {
        guard let place = parked.lastIndex(where: { slots[$0].opened != nil }) ?? parked.indices.last else { return nil }
        return parked.remove(at: place)
    }

    private var sessionsOfReaders: Int { slots.dropLast().count { $0.opened != nil } }

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

    /// - Parameter slot: the reader's number, from 0.
    public mutating func nextForReader(_ slot: Int, at now: ContinuousClock.Instant) -> ReaderStep {
        parked.removeAll { $0 == slot }
        // Without a session, and not the time to try for one: the others serve.
        if slots[slot].opened == nil, !slots[slot].backoff.allows(at: now), sessionsOfReaders > 0, !isShuttingDown {
            return .wait(until: slots[slot].backoff.next)
        }
        guard let next = reads.popFirst() else {
            if isShuttingDown { return .close }
            parked.append(slot)
            return idleStep(slot, at: now)
        }
        slots[slot].read = next
        return isLate(next, now) ? .refuse(next.id) : .read(next.id)
    }

    private mutating func idleStep(_ slot: Int, at now: ContinuousClock.Instant) -> ReaderStep {
        guard let sessions = limits.sessions, slots[slot].opened != nil, let used = slots[slot].used else { return .wait(until: nil) }
        if now - used < sessions.idle { return .wait(until: used + sessions.idle) }
        guard sessionsOfReaders > sessions.least else { return .wait(until: now + sessions.idle) }
        slots[slot].opened = nil
        return .release
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

    /// Another session's work undid the write that was handed out last, and nothing else of its group: it is to come first in the
    /// next one. Not in this one, whose locks may be what stood in the way.
    /// - Returns: false when it was tried often enough.
    public mutating func tryAgain() -> Bool {
        guard var write = lastWrite, write.tries < limits.tries else { return false }
        write.tries += 1
        group?.isClosed = true
        writes.prepend(write)
        return true
    }

    /// The group's transaction was lost halfway: whoever waits begins anew.
    public mutating func groupWasLost() { group = nil }

    public mutating func shutDown() { isShuttingDown = true }
    public mutating func readerClosed() { readersOpen -= 1 }
    public mutating func writerClosed() { writerOpen = false }

    private mutating func nextInGroup(_ open: Group, at now: ContinuousClock.Instant) -> WriterStep {
        let isFull = open.isClosed || open.jobs >= limits.groupJobs || open.jobs > 0 && now - open.since >= limits.groupTime
        // Who asks for more than the group gives waits for the next one: durability is fixed when a transaction begins.
        guard !isFull, let next = writes.first, case .write(let durability) = next.kind, durability <= open.durability else {
            group = nil
            return .commit
        }
        lastWrite = writes.popFirst()
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
