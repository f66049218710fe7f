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

/// What is done once everything runs: as a service beside the others, so that its end can end them.
struct Visit: Service {
    let endsAfterwards: Bool
    let failure: FirstFailure
    let body: @Sendable () async throws -> Void

    func run() async throws {
        do {
            try await body()
        } catch {
            failure.note(error)
            return
        }
        if !endsAfterwards { try? await gracefulShutdown() }
    }
}

final class FirstFailure: Sendable {
    private let first = Mutex<(any Error)?>(nil)

    func note(_ error: any Error) { first.withLock { $0 = $0 ?? error } }
    func rethrow() throws { if let error = first.withLock({ $0 }) { throw error } }
}
