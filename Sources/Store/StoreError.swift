/// What can go wrong here beside the database itself, in words that are safe to show.
public enum StoreError: Error, Equatable {
    /// What was asked for is done to a file, and the database is on a server.
    case noFile
    /// The location is no path and no address of a known kind.
    case unknownLocation
    /// There is nothing to look at.
    case noDatabase
    /// Looking at a database must not change it, and it needs `pending` migrations first.
    case migrationsPending(pending: Int)
    /// The master key is another one than the database was made with.
    case unknownKey
    /// The master key was replaced by a newer one, which this process does not have.
    case keyReplaced
    /// The master key was ended.
    case keyDestroyed
    /// No key was registered for the tenant, so no alias can be kept.
    case noActiveKey
    /// Another process has taken the lease that the write was done under.
    case leaseLost
}

extension StoreError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noFile: "the database is on a PostgreSQL server; its own tools copy it (pg_dump) and look for damage (pg_amcheck)"
        case .unknownLocation: "the database must be a path, sqlite:///PATH or postgres://…"
        case .noDatabase: "there is no database at this path"
        case .migrationsPending(let pending): "the database needs \(pending) migration(s) first; run 'sheltie db migrate'"
        case .unknownKey: "the key file is not the one that this database was made with"
        case .keyReplaced: "the key file is older than the database: its key was replaced; use the file that 'sheltie key rotate' wrote"
        case .keyDestroyed: "this key has ended here; after an emergency, 'sheltie key rotate --emergency' finishes what was begun"
        case .noActiveKey: "no key is registered in this database"
        case .leaseLost: "another process has taken this job over"
        }
    }
}
