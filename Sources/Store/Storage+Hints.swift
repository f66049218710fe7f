import Database
import Postgres
public import Privacy

extension Storage {
    /// Where a write that makes a new snapshot version says so (`Connection.announceVersion`).
    static let hintChannel = "sheltie_snapshots"

    /// One element whenever there may be a new snapshot version that another process made, for as long as it is read.
    ///
    /// Only a hint: what was announced while the connection was lost is not heard.
    /// - Returns: nil for a file, which no other process serves.
    public func hints(about tenant: TenantKey) -> AsyncStream<Void>? {
        guard case .postgres(let url) = location else { return nil }
        let (hints, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let name = String(tenant.value)
        let listener = PostgresListener(PostgresSettings(url: url), channel: Self.hintChannel) { announced in
            if announced == nil || announced == name { continuation.yield() }
        }
        continuation.onTermination = { _ in listener.stop() }
        return hints
    }
}
