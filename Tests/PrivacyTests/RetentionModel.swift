import Fediverse
import Privacy
import Synchronization

/// Rows with a kind, a level and a time, and the contract of a retention repository over them: the oracle of the runner.
final class RetentionModel: RetentionRepository {
    struct Row: Sendable, Hashable {
        var what: RetentionStep.What
        var level: PrivacyLevel?
        var at: Instant
        var number: Int
    }
    struct Broken: Error {}

    private struct State {
        var rows: [Row]
        var calls = 0
        var largestBatch = 0
        var broken: RetentionStep.What?
    }

    private let state: Mutex<State>

    init(_ rows: [Row], broken: RetentionStep.What? = nil) { state = Mutex(State(rows: rows, broken: broken)) }

    var rows: [Row] { state.withLock(\.rows) }
    var calls: Int { state.withLock(\.calls) }
    var largestBatch: Int { state.withLock(\.largestBatch) }

    private static func isDue(_ row: Row, _ step: RetentionStep, _ now: Instant) -> Bool {
        row.what == step.what && row.level == step.level && row.at < now - step.age
    }

    func due(_ step: RetentionStep, in tenant: TenantKey, at now: Instant) async throws -> Int {
        state.withLock { state in state.rows.count { Self.isDue($0, step, now) } }
    }

    func carryOut(_ step: RetentionStep, in tenant: TenantKey, at now: Instant, limit: Int) async throws -> Int {
        try state.withLock { state in
            state.calls += 1
            if state.broken == step.what { throw Broken() }
            let due = state.rows.filter { Self.isDue($0, step, now) }.prefix(limit)
            let gone = Set(due)
            state.rows.removeAll { gone.contains($0) }
            state.largestBatch = max(state.largestBatch, due.count)
            return due.count
        }
    }
}
