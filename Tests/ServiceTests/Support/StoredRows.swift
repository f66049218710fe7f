import Database
import Postgres
import SQLite
import TestSupport

/// A database seen from another process.
protocol StoredTexts {
    func texts(_ statement: SQL) throws -> [String]
    func count(_ statement: SQL) throws -> Int
}

/// A file, with a connection of its own for each question.
struct StoredRows: StoredTexts, Sendable {
    let path: String
    private let access: SQLiteConnection.Access
    private let scratch: Scratch?

    /// The database of a place that is being served.
    init(_ place: Place) { self.init(served: place.database) }
    init(served path: String) { (self.path, access, scratch) = (path, .reader, nil) }

    /// The database as its last process left it, with the log: looked at in a copy, so that the looking mends nothing.
    init(leftAt place: Place) throws {
        let scratch = try Scratch()
        (path, access, self.scratch) = (scratch.folder + "/sheltie.db", .writer, scratch)
        try write(bytes(of: place.database), to: path)
        let log = bytes(of: place.log)
        if !log.isEmpty { try write(log, to: path + "-wal") }
    }

    private final class Scratch: Sendable {
        let folder: String
        init() throws { folder = try temporaryFolder() }
        deinit { removeTree(folder) }
    }

    func ask(_ statement: SQL) throws -> [[SQLValue]] {
        try SQLiteConnection(path: path, access: access).all(statement) { row in (0..<row.columnCount).map { row.value($0) } }
    }

    func texts(_ statement: SQL) throws -> [String] {
        try SQLiteConnection(path: path, access: access).all(statement) { $0.text(0) }
    }

    func count(_ statement: SQL) throws -> Int {
        Int(try SQLiteConnection(path: path, access: access).first(statement) { $0.integer(0) } ?? 0)
    }

    /// Every table and view with all rows, the numbering of keys included.
    func dump(without left: Set<String> = []) throws -> [String: [String]] {
        let connection = try SQLiteConnection(path: path, access: access)
        var dump: [String: [String]] = [:]
        // One transaction: one snapshot.
        try connection.transaction {
            let names = try connection.all("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')") { $0.text(0) }
            for name in names where !left.contains(name) {
                dump[name] = try connection.all("SELECT * FROM \(raw: name)") { row in
                    (0..<row.columnCount).map { "\(row.value($0))" }.joined(separator: " | ")
                }.sorted()
            }
        }
        return dump
    }

    /// What is wrong with the file; empty when all is well.
    func damage() throws -> [String] {
        let connection = try SQLiteConnection(path: path, access: access)
        return try connection.all("PRAGMA integrity_check(100)") { $0.text(0) }.filter { $0 != "ok" }
            + connection.all("PRAGMA foreign_key_check") { "a row of \($0.text(0)) refers to nothing" }
    }
}

/// A server's database.
struct ServerRows: StoredTexts {
    private let connection: PostgresConnection

    init(_ address: String) throws { connection = try PostgresConnection(PostgresSettings(url: address)) }

    /// A database of the test's own, looked at by nobody of the program.
    init(_ place: SharedPlace) throws { connection = try place.connection() }

    func texts(_ statement: SQL) throws -> [String] { try connection.all(statement) { $0.text(0) } }
    func count(_ statement: SQL) throws -> Int { Int(try connection.first(statement) { $0.integer(0) } ?? 0) }
}

extension StoredTexts {
    /// FULL preferences that do not agree with the rows that they are made from: both change in one transaction.
    func tornPreferences() throws -> Int {
        try count("""
            SELECT count(*) FROM author_preferences r JOIN user_aliases u ON u.tenant_id = r.tenant_id AND u.alias_key = r.alias_key
            WHERE u.privacy_level = 'FULL' AND r.interaction_count <> r.carried_count + (
                SELECT count(*) FROM user_interactions i JOIN post_metadata p ON p.tenant_id = i.tenant_id AND p.post_key = i.post_key
                WHERE i.tenant_id = r.tenant_id AND i.alias_key = r.alias_key AND p.author_key = r.author_key)
            """)
    }
}
