import Privacy
import Synchronization

/// How many candidates each tenant may still gain before they must be counted again: counting reads an index from end to end,
/// which for a full table would cost more than all the rest of the ingest.
final class CandidateRoom: Sendable {
    /// At most this share of the limit is taken on trust, for another process may write, too.
    static let trusted = 10

    private let left = Mutex<[TenantKey: Int]>([:])

    /// - Returns: false when they must be counted.
    func take(_ gained: Int, of tenant: TenantKey) -> Bool {
        if gained == 0 { return true }
        return left.withLock { left in
            guard let room = left[tenant], room >= gained else { return false }
            left[tenant] = room - gained
            return true
        }
    }

    /// - Parameter room: how many are missing to the limit.
    func set(_ room: Int, of tenant: TenantKey, limit: Int) {
        left.withLock { $0[tenant] = min(room, limit / Self.trusted) }
    }

    func forget(_ tenant: TenantKey) { left.withLock { $0[tenant] = nil } }
}
