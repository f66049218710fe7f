import Database
import Fediverse
import Glibc
import Privacy
import SQLite

/// The file that is read: in one snapshot, and so that nobody serves it meanwhile.
final class TransferSource {
    enum Kind: Equatable { case own, documented }

    let connection: SQLiteConnection
    let kind: Kind
    /// Sees whether another connection has written since.
    private let watcher: SQLiteConnection
    private let version: Int64
    private let lock: ServeLock?

    /// - Throws: `noDatabase`, `migrationsPending`, `alreadyServed`, `unknownSource`.
    init(path: String) throws {
        guard access(path, F_OK) == 0 else { throw StoreError.noDatabase }
        connection = try SQLiteConnection(path: path, access: .foreignReader)
        watcher = try SQLiteConnection(path: path, access: .foreignReader)
        if try connection.count("PRAGMA application_id") == SQLiteConnection.applicationID {
            kind = .own
            lock = try ServeLock(databasePath: path)
            let pending = try Storage.migrator(.sqlite).pending(on: connection).count
            if pending > 0 { throw StoreError.migrationsPending(pending: pending) }
        } else {
            guard try DocumentedSource.isOne(connection) else { throw TransferError.unknownSource }
            kind = .documented
            lock = nil
        }
        version = try watcher.first("PRAGMA data_version") { $0.integer(0) } ?? 0
    }

    /// Runs `body` over one snapshot of the whole file.
    func reading<Result>(_ body: () throws -> Result) throws -> Result {
        try connection.transaction {
            // The snapshot begins with the first read; from then on the watcher must see no other version.
            _ = try connection.count("SELECT count(*) FROM sqlite_schema")
            try checkUnchanged()
            return try body()
        }
    }

    /// - Throws: `sourceChanged`.
    func checkUnchanged() throws {
        guard try watcher.first("PRAGMA data_version", { $0.integer(0) }) == version else { throw TransferError.sourceChanged }
    }

    /// What tells this database from others, and does not change while it is not written to.
    func name() throws -> String {
        var digest = TableDigest()
        let questions: [SQL] =
            kind == .own
            ? ["SELECT tenant_id, domain, created_at FROM tenants", "SELECT tenant_id, key_id, created_at FROM key_ids"]
            : ["SELECT name, coalesce(sql, '') FROM sqlite_schema"]
        for question in questions {
            try connection.rows(question) { row in
                var sink = RowDigest()
                for column in 0..<row.columnCount { Array(row.text(column).utf8).withUnsafeBytes { sink.value($0) } }
                digest += sink.finished()
            }
        }
        return String(digest.high, radix: 16) + String(digest.low, radix: 16)
    }

    /// The largest number that each table has given out.
    func numbering() throws -> [String: Int64] {
        guard kind == .own else { return [:] }
        let rows = try connection.all("SELECT name, seq FROM sqlite_sequence") { ($0.text(0), $0.integer(1)) }
        var numbering = Dictionary(rows, uniquingKeysWith: max)
        // On a server the aliases' numbers have a table of their own.
        numbering["alias_keys"] = numbering["user_aliases"]
        return numbering
    }

    /// Where the rows of the target's tables come from; a target's table without a counterpart stays empty.
    /// - Throws: `unknownTable` where something of the source would be left behind without a word.
    func tables(for targets: [Staging.Table], identity: Transfer.Identity?, begun: Instant) throws -> [TransferTable] {
        if kind == .documented {
            guard let identity else { throw TransferError.needsIdentity }
            return try DocumentedSource.tables(
                for: targets, on: connection, keyID: identity.pseudonymizer.keyID, domain: identity.domain, begun: begun)
        }
        var left = Set(try connection.all(Dialect.sqlite.tableNames) { $0.text(0) }).subtracting(["schema_migrations"])
        var tables: [TransferTable] = []
        for target in targets {
            let origin = target.name == "alias_keys" ? "user_aliases" : target.name
            if target.name == origin, left.remove(origin) == nil { continue }
            let info = try connection.all("SELECT name, pk FROM pragma_table_info(\(origin)) ORDER BY pk") { (name: $0.text(0), place: $0.int(1)) }
            let names = Set(info.map(\.name))
            for column in target.columns where !names.contains(column.name) { throw TransferError.unknownTable("\(target.name).\(column.name)") }
            if origin == target.name, names.count != target.columns.count { throw TransferError.unknownTable(origin) }
            tables.append(TransferTable(
                name: target.name, columns: target.columns, expressions: target.columns.map(\.name), origin: origin, condition: nil,
                key: info.filter { $0.place > 0 }.map(\.name)))
        }
        if let name = left.sorted().first { throw TransferError.unknownTable(name) }
        return tables
    }
}
