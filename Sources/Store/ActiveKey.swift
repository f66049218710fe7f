import Privacy
import Synchronization

/// Which master key this process makes aliases with, for each tenant.
///
/// Where another process has brought a newer key, the database says so, and an alias of the old one must not be written as the new one's.
final class ActiveKey: Sendable {
    private let ids = Mutex<[TenantKey: String]>([:])

    func set(_ id: String, in tenant: TenantKey) { ids.withLock { $0[tenant] = id } }
    func id(in tenant: TenantKey) -> String? { ids.withLock { $0[tenant] } }
}
