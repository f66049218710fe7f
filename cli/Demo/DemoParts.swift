import ServiceLifecycle
import Synchronization

/// A value that somebody waits for until it is there.
final class Announcement<Value: Sendable>: Sendable {
    private let stream: AsyncStream<Value>
    private let continuation: AsyncStream<Value>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    func announce(_ value: Value) {
        continuation.yield(value)
        continuation.finish()
    }

    /// Waits; may be asked once.
    var value: Value {
        get async {
            for await value in stream { return value }
            preconditionFailure("an announcement is waited for once")
        }
    }
}

/// A service that does nothing but end, and with it the whole group.
final class GracefulStop: Service, Sendable {
    private let asked = Announcement<Void>()

    func stop() { asked.announce(()) }

    func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.asked.value }
            group.addTask { try? await gracefulShutdown() }
            await group.next()
            // What still waits is the other of the two: the announcement never comes, so it is made.
            self.asked.announce(())
            group.cancelAll()
        }
    }
}

final class FirstFailure: Sendable {
    private let first = Mutex<(any Error)?>(nil)

    func note(_ error: any Error) { first.withLock { $0 = $0 ?? error } }
    func rethrow() throws { if let error = first.withLock({ $0 }) { throw error } }
}
