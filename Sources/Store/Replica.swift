import Database
import Postgres
import Synchronization

/// A hot standby that is asked for what may be a moment old, and never needed: whatever is wrong with it, the primary answers.
final class Replica: Sendable {
    /// After a failed attempt to reach it.
    private static let pause = Duration.seconds(10)

    private enum State {
        case unknown
        case opening
        case open(PostgresPool)
        case failed(at: ContinuousClock.Instant)
        case closed
    }

    private let url: String
    private let state = Mutex(State.unknown)

    init(url: String) { self.url = url }

    /// Runs `body` on the standby.
    /// - Returns: nil where it cannot be asked now; the next caller may find it open.
    func read<Result: Sendable>(_ body: @escaping @Sendable (any Connection) throws -> Result) async -> Result? {
        let pool: PostgresPool? = state.withLock { state in
            switch state {
            case .open(let pool): return pool
            case .opening, .closed: return nil
            case .failed(let moment) where ContinuousClock.now - moment < Self.pause: return nil
            case .failed, .unknown:
                state = .opening
                open()
                return nil
            }
        }
        // A standby ends queries that stand in the way of what it replays: then, too, the primary is asked.
        return try? await pool?.read(body)
    }

    func shutdown() async {
        let pool = state.withLock { state -> PostgresPool? in
            defer { state = .closed }
            if case .open(let pool) = state { return pool }
            return nil
        }
        await pool?.shutdown()
    }

    /// On a thread of its own: connecting blocks, and nobody waits for it.
    private func open() {
        NamedThread.start("pg-replica") { [self] in
            let opened = try? PostgresPool(PostgresSettings(url: url), readers: 2, writing: false)
            state.withLock { state in
                // Closed meanwhile: then the pool goes with its last reference.
                guard case .opening = state else { return }
                state = opened.map(State.open) ?? .failed(at: .now)
            }
        }
    }
}
