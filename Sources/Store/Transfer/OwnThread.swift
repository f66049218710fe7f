import Database

/// A piece of work that blocks, on a thread of its own.
enum OwnThread {
    static func run<Value: Sendable>(_ name: String, _ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            NamedThread.start(name) { continuation.resume(with: Result { try body() }) }
        }
    }

    /// Begins the work; `wait` gives its result to a thread that may block.
    static func begin<Value: Sendable>(_ name: String, _ body: @escaping @Sendable () throws -> Value) -> Running<Value> {
        let running = Running<Value>()
        NamedThread.start(name) { running.finish(Result { try body() }) }
        return running
    }

    final class Running<Value: Sendable>: Sendable {
        private let result = Monitor<Result<Value, any Error>?>(nil, lines: 1)

        func finish(_ value: Result<Value, any Error>) {
            result.withLock { $0 = value }
            result.wakeAll()
        }

        func wait() -> Result<Value, any Error> { result.wait(in: 0) { $0 } }
    }
}
