import CPostgres
import Database

/// Asks the server to end what a session is at, from a thread of its own and on a connection of its own: libpq's call blocks, and
/// knows no time limit.
///
/// While a request is under way the session waits with its next work, so that none is hit that was not meant; one that takes
/// too long is left to itself, and the session with it.
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
        /// A request was not waited for to its end.
        var isUncertain = false
        /// Grows with each new session: what concerned an old one is of no matter any more.
        var session = 0
    }

    private let state = Monitor(State(), lines: 1)
    private let patience: Duration

    init(patience: Duration) { self.patience = patience }

    /// From now on requests go to this connection's server.
    func follow(_ connection: OpaquePointer) {
        let address = PQgetCancel(connection).map(Address.init)
        state.withLock { state in
            state.address = address
            (state.isCancelling, state.isUncertain) = (false, false)
            state.session += 1
        }
    }

    /// Whether a request may still come to the session's server, nobody knows when.
    var isUncertain: Bool { state.withLock(\.isUncertain) }

    func begin(_ id: PoolState.JobID) { state.withLock { $0.running = id } }

    func end() {
        let limit = ContinuousClock.now + patience
        state.wait(in: 0, turns: { state -> Monitor<State>.Turn<Void> in
            state.running = nil
            // The server has handled a request when it closes the request's connection, for which PQcancel waits.
            guard state.isCancelling else { return .go(()) }
            guard ContinuousClock.now < limit else {
                state.isUncertain = true
                return .go(())
            }
            return .wait(until: limit)
        })
    }

    func stop(_ id: PoolState.JobID) { cancel { $0.running == id } }

    /// Ends the statement that runs now, whatever it is; for the session's own thread.
    func cancelStatement() { cancel { _ in true } }

    private func cancel(if isMeant: (State) -> Bool) {
        let meant = state.withLock { state -> (Address, Int)? in
            guard isMeant(state), !state.isCancelling, let address = state.address else { return nil }
            state.isCancelling = true
            return (address, state.session)
        }
        guard let (address, session) = meant else { return }
        NamedThread.start("postgres-cancel") { [state] in
            var reason = [CChar](repeating: 0, count: 256)
            // A server that cannot be reached has nothing to cancel: the session notices the same by itself.
            PQcancel(address.pointer, &reason, Int32(reason.count))
            state.withLock { if $0.session == session { $0.isCancelling = false } }
            state.wakeAll()
        }
    }
}
