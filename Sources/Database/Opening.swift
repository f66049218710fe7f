/// How far a pool's threads are with opening their connections, for the one who waits for them.
final class Opening: Sendable {
    private struct Progress: Sendable {
        var ended = 0
        var error: DatabaseError?
    }

    private let progress = Monitor(Progress(), lines: 1)
    private let connections: Int

    init(connections: Int) { self.connections = connections }

    func opened() { end(nil) }
    func failed(_ error: DatabaseError) { end(error) }

    /// Waits until so many threads have opened their connection, or failed to.
    /// - Returns: the first error.
    @discardableResult
    func wait(for count: Int) -> DatabaseError? {
        progress.wait(in: 0) { $0.ended >= count ? .some($0.error) : nil }
    }

    private func end(_ error: DatabaseError?) {
        progress.withLock { progress in
            progress.ended += 1
            progress.error = progress.error ?? error
        }
        progress.wakeAll()
    }
}
