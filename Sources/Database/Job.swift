/// A caller's closure in line for a thread, with the caller's continuation.
package struct Job: Sendable {
    typealias Answer = @Sendable () -> Void

    /// Runs the closure; gives what hands the result to the caller, for when it may have it.
    let perform: @Sendable (any Connection) throws -> Answer
    /// Answers the caller with an error.
    let fail: @Sendable (any Error) -> Void

    init<Result: Sendable>(
        _ continuation: CheckedContinuation<Result, any Error>, _ body: @escaping @Sendable (any Connection) throws -> Result
    ) {
        perform = { connection in
            let result = try body(connection)
            return { continuation.resume(returning: result) }
        }
        fail = { continuation.resume(throwing: $0) }
    }
}
