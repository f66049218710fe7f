import Database
import Fediverse

// What the two engines say differently. Everything else in this module is one text for both.

extension Dialect {
    /// Ends a SELECT whose rows must not change before the transaction ends. SQLite has one writer, so it needs nothing.
    var forUpdate: SQL { self == .postgres ? "FOR UPDATE" : "" }

    /// The same, beside others who only read.
    var forShare: SQL { self == .postgres ? "FOR SHARE" : "" }

    /// A column of moments, cut down to the start of its hour or day (UTC).
    func floored(_ column: String, to span: Instant.Span) -> SQL {
        switch self {
        case .sqlite: SQL(raw: "(\(column) - \(column) % \(span.microseconds))")
        case .postgres:
            SQL(raw: "to_timestamp(floor(extract(epoch FROM \(column)) / \(Int64(span.seconds))) * \(Int64(span.seconds)))")
        }
    }

    /// Names of the tables that hold rows of ours, for counts and for emptying.
    var tableNames: SQL {
        switch self {
        case .sqlite: "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"
        case .postgres: "SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = current_schema() ORDER BY tablename"
        }
    }

    /// Bytes of the database.
    var size: SQL {
        switch self {
        case .sqlite: "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
        case .postgres: "SELECT pg_database_size(current_database())"
        }
    }

    /// The engine's version, as it names itself.
    var version: SQL {
        switch self {
        case .sqlite: "SELECT sqlite_version()"
        case .postgres: "SELECT current_setting('server_version')"
        }
    }
}
