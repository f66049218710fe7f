import CPostgres
import Database

/// Asks the server to end what a session is at, from a thread of its own and on a connection of its own.
///
/// While a request is under way the session waits with its next work, so that none is hit that was not meant.
final class ServerCancel: ReadStop {
    /// What libpq needs to reach the server, and the one owner of it.
    private final class Address: @unchecked Sendable {
        // Unchecked: PQcancel may be called from any thread (libpq, "Canceling Queries in Progress"), and the pointer never changes.
        let pointer: OpaquePointer
        init(_ pointer: OpaquePointer) { self.pointer = pointer }
        deinit { PQfreeCancel(pointer) }
    }

    private struct State: Sendable {
        var address: Address?
        var running: PoolState.JobID?
        var isCancelling = false
    }

    private let state = Monitor(State(), lines: 1)

    /// From now on requests go to this connection's server.
    func follow(_ connection: OpaquePointer) {
        let address = PQgetCancel(connection).map(Address.init)
        state.withLock { $0.address = address }
    }

    func begin(_ id: PoolState.JobID) { state.withLock { $0.running = id } }

    func end() {
        state.wait(in: 0) { state -> Void? in
            // The server has handled a request when it closes the request's connection, for which PQcancel waits.
            guard !state.isCancelling else { return nil }
            state.running = nil
            return ()
        }
    }

    func stop(_ id: PoolState.JobID) { cancel { $0.running == id } }

    /// Ends the statement that runs now, whatever it is; for the session's own thread.
    func cancelStatement() { cancel { _ in true } }

    private func cancel(if isMeant: (State) -> Bool) {
        let address = state.withLock { state -> Address? in
            guard isMeant(state), !state.isCancelling, let address = state.address else { return nil }
            state.isCancelling = true
            return address
        }
        guard let address else { return }
        NamedThread.start("postgres-cancel") { [state] in
            var reason = [CChar](repeating: 0, count: 256)
            // A server that cannot be reached has nothing to cancel: the session notices the same by itself.
            PQcancel(address.pointer, &reason, Int32(reason.count))
            state.withLock { $0.isCancelling = false }
            state.wakeAll()
        }
    }
}
