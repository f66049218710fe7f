import Database
public import Privacy
import SQLite

/// What an operator asks of a database first.
public struct StoreInfo: Sendable, Equatable {
    public struct Table: Sendable, Equatable {
        public var name: String
        public var rows: Int
    }

    /// One of the server's own additions.
    public struct Extension: Sendable, Equatable {
        public enum State: Sendable, Equatable {
            case installed(version: String)
            /// The server has it, and the database does not use it.
            case available
            case missing
        }

        public var name: String
        public var state: State
    }

    /// `SQLite 3.40.1`, `PostgreSQL 15.18`
    public var engine: String
    public var schemaVersion: Int
    public var bytes: Int64
    public var tables: [Table]
    /// Empty on SQLite.
    public var extensions: [Extension]
}

extension Storage {
    public func info() async throws -> StoreInfo {
        try await pool.read { connection in
            let engine = connection.dialect == .sqlite ? "SQLite" : "PostgreSQL"
            let version = try connection.first(connection.dialect.version) { $0.text(0) } ?? ""
            // Over all tenants: this one question is about the whole database.
            let tables = try connection.all(connection.dialect.tableNames) { $0.text(0) }.map { name in
                StoreInfo.Table(name: name, rows: try connection.count("SELECT count(*) FROM \(raw: name)"))
            }
            return StoreInfo(
                engine: "\(engine) \(version)", schemaVersion: try connection.count("SELECT max(number) FROM schema_migrations"),
                bytes: try connection.first(connection.dialect.size) { $0.integer(0) } ?? 0, tables: tables,
                extensions: try connection.extensions())
        }
    }

    /// - Returns: what is wrong, in the engine's words and without values; empty when all is well.
    /// - Throws: `StoreError.noFile` for a database on a server.
    public func checkIntegrity() async throws -> [String] {
        // On the writer: it may take longer than a reader is given.
        try await pool.maintain { connection in
            guard connection.dialect == .sqlite else { throw StoreError.noFile }
            let damage = try connection.all("PRAGMA integrity_check(100)") { $0.text(0) }.filter { $0 != "ok" }
            let orphans = try connection.all("PRAGMA foreign_key_check") { "a row of \($0.text(0)) refers to a row of \($0.text(2)) that is missing" }
            return damage + Array(Set(orphans)).sorted()
        }
    }

    /// Writes without leaving anything behind, and looks whether a file's disk has room for more: nothing grows.
    /// - Throws: `DatabaseError` when a write that needs room would fail now.
    public func checkWritable(in tenant: TenantKey) async throws {
        try await pool.write(.process) { connection in
            try connection.tryToWrite(in: tenant)
            try connection.onFile { try $0.checkSpace(bytes: 65_536) }
        }
    }

    /// Writes a whole copy, readable by its owner only; the file must not be there yet.
    /// - Throws: `StoreError.noFile` for a database on a server.
    public func backup(to path: String) async throws {
        guard try await pool.maintain({ try $0.onFile { try $0.backup(to: path) } }) != nil else { throw StoreError.noFile }
    }

    /// Removes every row of every tenant, and the bytes. The schema and the numbering of keys stay.
    /// - Returns: whether nothing is left in the file and its log.
    public func wipe() async throws -> Bool {
        // Everything hangs on its tenant.
        _ = try await pool.write(.power) { try $0.run("DELETE FROM tenants") }
        if case .postgres = location {
            return try await scrubbing.takeOut(of: pool.read { connection in try connection.all(connection.dialect.tableNames) { $0.text(0) } })
        }
        _ = try await pool.maintain { try $0.run("VACUUM") }
        return try await people.scrub()
    }
}

extension Connection {
    /// What only a database in a file can do; nil on a server.
    func onFile<Result>(_ body: (SQLiteConnection) throws -> Result) rethrows -> Result? {
        try (self as? SQLiteConnection).map(body)
    }
}
