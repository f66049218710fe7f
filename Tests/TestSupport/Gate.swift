import Database

/// Holds one of a pool's threads until the test opens it.
public final class Gate: Sendable {
    private let state = Monitor((entered: false, isOpen: false), lines: 1)

    public init() {}

    /// Called on the pool's thread: blocks it.
    public func pass() {
        state.withLock { $0.entered = true }
        state.wait(in: 0) { $0.isOpen ? () : nil }
    }

    public func open() {
        state.withLock { $0.isOpen = true }
        state.wakeAll()
    }

    /// Comes back when a thread stands before the gate.
    public func entered() async { while !state.withLock(\.entered) { await Task.yield() } }
}
