import CSQLite
public import Database

/// The rows of one statement, one after another, for copies of whole tables: the columns are read from SQLite's own buffers.
///
/// It holds its read lock, and with it its snapshot, until it goes. Used on the connection's thread.
public final class SQLiteScan {
    /// How SQLite stores a value, whatever its column is called.
    public enum Kind: Int32, Sendable {
        case integer = 1, real, text, blob, null
    }

    private let statement: Statement
    private let pointer: OpaquePointer
    /// The connection outlives its statements.
    private let connection: SQLiteConnection

    public init(_ sql: SQL, on connection: SQLiteConnection) throws(DatabaseError) {
        statement = try Statement(sql.text, on: connection.handle.pointer, persistent: false)
        try statement.bind(sql.values)
        pointer = statement.pointer
        self.connection = connection
    }

    /// Goes on to the next row; false behind the last one.
    public func next() throws(DatabaseError) -> Bool { try statement.step() }

    public func kind(_ column: Int32) -> Kind { Kind(rawValue: sqlite3_column_type(pointer, column)) ?? .null }
    public func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(pointer, column) }
    public func real(_ column: Int32) -> Double { sqlite3_column_double(pointer, column) }

    /// The bytes of a text or a blob as they are stored; they die with the next step.
    public func bytes(_ column: Int32) -> UnsafeRawBufferPointer {
        // As a blob: a text is then neither converted nor looked at.
        let start = sqlite3_column_blob(pointer, column)
        return UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : Int(sqlite3_column_bytes(pointer, column)))
    }

    public func value(_ column: Int32) -> SQLValue { SQLiteRow(statement: pointer).value(Int(column)) }
}
