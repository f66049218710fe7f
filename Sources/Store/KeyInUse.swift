public import Privacy
import Synchronization

/// Where an erasure and a lowered level are noted, so that a backup from before is told.
public struct Ledger: Sendable {
    let tag: @Sendable (AliasID) -> String
    let file: LedgerFile?

    /// - Parameters:
    ///   - tag: 64 hex digits for an alias (`Pseudonymizer.ledgerTag`).
    ///   - file: the ledger outside the database; nil for none.
    public init(tag: @escaping @Sendable (AliasID) -> String, file: LedgerFile?) {
        self.tag = tag
        self.file = file
    }

    /// With a file beside the key file: none for a database on a server, whose own tools copy it, and none where the folder cannot be written.
    public init(of names: Pseudonymizer, beside keyFile: String, location: StoreLocation) {
        var file: LedgerFile?
        if case .sqlite = location, let ledger = try? LedgerFile(beside: keyFile), ledger.isWritable { file = ledger }
        self.init(tag: { names.ledgerTag($0) }, file: file)
    }

    public var isKeptOutside: Bool { file != nil }
}

/// Which master key this process makes aliases with, for each tenant, and the ledger that belongs to it.
///
/// Where another process has brought a newer key, the database says so, and an alias of the old one must not be written as the new one's.
final class KeyInUse: Sendable {
    private let keys = Mutex<[TenantKey: (id: String, ledger: Ledger?)]>([:])

    func set(_ id: String, _ ledger: Ledger?, in tenant: TenantKey) { keys.withLock { $0[tenant] = (id, ledger) } }
    func id(in tenant: TenantKey) -> String? { keys.withLock { $0[tenant]?.id } }
    func ledger(in tenant: TenantKey) -> Ledger? { keys.withLock { $0[tenant]?.ledger } }
}
