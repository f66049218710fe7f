import Synchronization

/// The value of `work`, or nil when it takes longer than `limit` or throws.
///
/// A task group would wait for the loser, and the loser may be a database that hangs: what a person waits for must not
/// depend on it. So the work goes on by itself, bounded by its own deadlines, and only its answer is given up.
///
/// - Parameter work: may ask `isWanted` before it does what cannot be taken back; it turns false when the time is over.
func within<Value: Sendable>(
    _ limit: Duration, _ work: @escaping @Sendable (_ isWanted: @escaping @Sendable () -> Bool) async throws -> Value
) async -> Value? {
    let race = Race<Value>()
    let timer = Task {
        try? await Task.sleep(for: limit)
        if !Task.isCancelled { race.finish(nil) }
    }
    defer { timer.cancel() }
    return await withCheckedContinuation { continuation in
        race.begin(continuation)
        Task { race.finish(try? await work { race.isOpen }) }
    }
}

/// Two runners, one answer: the first.
private final class Race<Value: Sendable>: Sendable {
    private enum State {
        case waiting
        case running(CheckedContinuation<Value?, Never>)
        case over
        /// The time was over before anybody waited.
        case lost
    }

    private let state = Mutex(State.waiting)

    var isOpen: Bool { state.withLock { if case .running = $0 { true } else { false } } }

    func begin(_ continuation: CheckedContinuation<Value?, Never>) {
        let isLost = state.withLock { state in
            if case .lost = state { return true }
            state = .running(continuation)
            return false
        }
        if isLost { continuation.resume(returning: nil) }
    }

    func finish(_ value: Value?) {
        let waiting = state.withLock { state -> CheckedContinuation<Value?, Never>? in
            switch state {
            case .running(let continuation):
                state = .over
                return continuation
            case .waiting:
                state = .lost
                return nil
            case .over, .lost: return nil
            }
        }
        waiting?.resume(returning: value)
    }
}
