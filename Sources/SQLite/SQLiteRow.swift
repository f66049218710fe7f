import CSQLite
import Database

/// The row that a statement stands on, read from SQLite's own buffers.
struct SQLiteRow: Row {
    let statement: OpaquePointer

    var columnCount: Int { Int(sqlite3_column_count(statement)) }

    func isNull(_ column: Int) -> Bool { kind(column) == SQLITE_NULL }
    func integer(_ column: Int) -> Int64 { sqlite3_column_int64(statement, checked(column)) }
    func real(_ column: Int) -> Double { sqlite3_column_double(statement, checked(column)) }

    func text(_ column: Int) -> String {
        // The pointer first, then its length: the other way round, a conversion could change the length in between.
        guard let start = sqlite3_column_text(statement, checked(column)) else { return "" }
        let count = Int(sqlite3_column_bytes(statement, Int32(column)))
        return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    func blob(_ column: Int) -> [UInt8] { withBytes(column) { Array($0) } }

    func withBytes<Result>(_ column: Int, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        let start = sqlite3_column_blob(statement, checked(column))
        let count = start == nil ? 0 : Int(sqlite3_column_bytes(statement, Int32(column)))
        return try body(UnsafeRawBufferPointer(start: start, count: count))
    }

    func value(_ column: Int) -> SQLValue {
        switch kind(column) {
        case SQLITE_INTEGER: .integer(integer(column))
        case SQLITE_FLOAT: .real(real(column))
        case SQLITE_TEXT: .text(text(column))
        case SQLITE_BLOB: .blob(blob(column))
        default: .null
        }
    }

    private func kind(_ column: Int) -> Int32 { sqlite3_column_type(statement, checked(column)) }

    /// SQLite answers NULL for a column that is not there; that would hide a caller's mistake.
    private func checked(_ column: Int) -> Int32 {
        assert(column >= 0 && column < columnCount, "column \(column) of \(columnCount)")
        return Int32(column)
    }
}
