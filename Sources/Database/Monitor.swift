import Glibc

/// A value behind a lock, and lines of threads that wait for it to change: what `Mutex` cannot do.
public final class Monitor<State: Sendable>: @unchecked Sendable {
    // Unchecked: `state` is touched only between lock and unlock of `mutex`; the pointers never change. The C objects
    // must not move in memory, hence the allocations.
    private var state: State
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let conditions: UnsafeMutableBufferPointer<pthread_cond_t>

    /// - Parameter lines: how many kinds of waiting threads there are; `wait` and `wake` name them 0, 1, …
    public init(_ state: State, lines: Int) {
        self.state = state
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        let code = pthread_mutex_init(mutex, nil)
        precondition(code == 0, "pthread_mutex_init: \(code)")
        conditions = .allocate(capacity: lines)
        conditions.initialize(repeating: pthread_cond_t())
        // A wait that ends by itself must not depend on the time of day.
        var monotonic = pthread_condattr_t()
        pthread_condattr_init(&monotonic)
        pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC)
        defer { pthread_condattr_destroy(&monotonic) }
        for line in 0..<lines {
            let code = pthread_cond_init(conditions.baseAddress! + line, &monotonic)  // allocated above, so there is an address
            precondition(code == 0, "pthread_cond_init: \(code)")
        }
    }

    deinit {
        for line in conditions.indices { pthread_cond_destroy(condition(line)) }
        conditions.deallocate()
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    public func withLock<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&state)
    }

    /// Asks `body` under the lock, and again after each wake of `line`, until it answers.
    public func wait<Result>(in line: Int, until body: (inout State) -> Result?) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let result = body(&state) { return result }
            pthread_cond_wait(condition(line), mutex)
        }
    }

    /// What a thread that waits is told.
    public enum Turn<Result> { case go(Result), wait(until: ContinuousClock.Instant?) }

    /// Asks `body` under the lock, again after each wake of `line`, and when the moment that it named has come.
    public func wait<Result>(in line: Int, turns body: (inout State) -> Turn<Result>) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            switch body(&state) {
            case .go(let result): return result
            case .wait(until: nil): pthread_cond_wait(condition(line), mutex)
            case .wait(until: let moment?):
                let left = max(.zero, moment - .now).components
                var end = timespec()
                clock_gettime(CLOCK_MONOTONIC, &end)
                let nanoseconds = end.tv_nsec + Int(left.attoseconds / 1_000_000_000)
                end = timespec(tv_sec: end.tv_sec + Int(left.seconds) + nanoseconds / 1_000_000_000, tv_nsec: nanoseconds % 1_000_000_000)
                pthread_cond_timedwait(condition(line), mutex, &end)
            }
        }
    }

    public func wakeOne(in line: Int) { pthread_cond_signal(condition(line)) }
    public func wakeAll() { for line in conditions.indices { pthread_cond_broadcast(condition(line)) } }

    private func condition(_ line: Int) -> UnsafeMutablePointer<pthread_cond_t> {
        conditions.baseAddress! + line  // allocated in init, so there is an address
    }
}
