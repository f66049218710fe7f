import Synchronization

/// The value of `work`, or nil when it takes longer than `limit` or throws.
///
/// A task group would wait for the loser, and the loser may be a database that hangs: what a person waits for must not
/// depend on it. So the work goes on by itself, bounded by its own deadlines, and only its answer is given up.
func within<Value: Sendable>(_ limit: Duration, _ work: @escaping @Sendable () async throws -> Value) async -> Value? {
    let finish = FirstAnswer<Value>()
    return await withCheckedContinuation { continuation in
        finish.await(continuation)
        Task {
            finish.answer(try? await work())
        }
        Task {
            try? await Task.sleep(for: limit)
            finish.answer(nil)
        }
    }
}

private final class FirstAnswer<Value: Sendable>: Sendable {
    private let waiting = Mutex<CheckedContinuation<Value?, Never>?>(nil)

    func await(_ continuation: CheckedContinuation<Value?, Never>) { waiting.withLock { $0 = continuation } }

    func answer(_ value: Value?) {
        let continuation = waiting.withLock { waiting in
            defer { waiting = nil }
            return waiting
        }
        continuation?.resume(returning: value)
    }
}
