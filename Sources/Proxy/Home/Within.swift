import HTTPService
import Synchronization

/// The value of `work`, or nil when it takes longer than `limit` or throws.
///
/// A task group would wait for the loser, and the loser may be a database that hangs: what a person waits for must not
/// depend on it. So the work goes on by itself, bounded by its own deadlines, and only its answer is given up.
///
/// - Parameters:
///   - limit: never exceeded by more than waking takes; what is not there one `Deadlines.step` before may be given up.
///   - executor: where the work runs; the request's own thread for what is short.
///   - work: may ask `isWanted` before it does what cannot be taken back; it turns false when the time is over.
func within<Value: Sendable>(
    _ limit: Duration, on executor: (any TaskExecutor)? = RequestExecutor.current,
    _ work: @escaping @Sendable (_ isWanted: @escaping @Sendable () -> Bool) async throws -> Value
) async -> Value? {
    await withCheckedContinuation { continuation in
        let race = Race(continuation)
        Deadlines.shared.watch(race, until: .now + max(.zero, limit - Deadlines.step))
        Task(executorPreference: executor) { race.finish(try? await work { race.isOpen }) }
    }
}

/// Two runners, one answer: the first.
private final class Race<Value: Sendable>: Expiring {
    /// nil once the answer is given.
    private let waiting: Mutex<CheckedContinuation<Value?, Never>?>

    init(_ continuation: CheckedContinuation<Value?, Never>) { waiting = Mutex(continuation) }

    var isOpen: Bool { waiting.withLock { $0 != nil } }

    func expire() { finish(nil) }

    func finish(_ value: Value?) {
        let continuation = waiting.withLock { waiting in
            defer { waiting = nil }
            return waiting
        }
        continuation?.resume(returning: value)
    }
}

/// What a deadline ends.
private protocol Expiring: AnyObject, Sendable {
    /// false: it has ended by itself.
    var isOpen: Bool { get }
    func expire()
}

/// One clock for every deadline of the process: a timer for each request would cost more than what it guards, since nearly all
/// of them end long before.
private final class Deadlines: Sendable {
    static let shared = Deadlines()
    /// Each look wakes a thread that has nothing else to do.
    static let step = Duration.milliseconds(20)

    private struct State {
        var watched: [(one: any Expiring, until: ContinuousClock.Instant)] = []
        /// A task looks after them; it ends when there are none.
        var isTicking = false
    }

    private let state = Mutex(State())

    func watch(_ one: any Expiring, until: ContinuousClock.Instant) {
        let begins = state.withLock { state in
            state.watched.append((one, until))
            defer { state.isTicking = true }
            return !state.isTicking
        }
        if begins { Task { await tick() } }
    }

    private func tick() async {
        while true {
            try? await Task.sleep(for: Self.step)
            let now = ContinuousClock.now
            let (late, isLast) = state.withLock { state -> ([any Expiring], Bool) in
                let late = state.watched.filter { $0.until <= now }.map(\.one)
                state.watched.removeAll { $0.until <= now || !$0.one.isOpen }
                state.isTicking = !state.watched.isEmpty
                return (late, state.watched.isEmpty)
            }
            for one in late { one.expire() }
            if isLast { return }
        }
    }
}
