import Fediverse
import Privacy
import Synchronization

/// Who was noted as seen within the last hour, so that a page costs no write.
final class Visits: Sendable {
    private let hours = Mutex<[AliasKey: Instant]>([:])
    private let capacity = 100_000

    func forget(_ key: AliasKey) { hours.withLock { $0[key] = nil } }

    func isNew(_ key: AliasKey, at now: Instant) -> Bool {
        let hour = now.floored(to: .hours(1))
        return hours.withLock { hours in
            guard hours[key] != hour else { return false }
            if hours.count >= capacity { hours.removeAll(keepingCapacity: true) }
            hours[key] = hour
            return true
        }
    }
}
