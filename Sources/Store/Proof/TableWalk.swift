import Database
import Privacy

/// Every row of one table, some at a time in the order of its key, each column as text: so that no read is long and nothing is held.
struct TableWalk {
    let table: String
    let columns: [String]
    private let key: [String]
    private let rowsAtOnce: Int

    init(_ table: String, rowsAtOnce: Int = 1_000, on connection: any Connection) throws {
        (self.table, self.rowsAtOnce) = (table, rowsAtOnce)
        columns = try connection.columnNames(of: table)
        let primary = try connection.all(connection.dialect.primaryKey(of: table)) { $0.text(0) }
        key = primary.isEmpty ? [connection.dialect == .sqlite ? "rowid" : "ctid"] : primary
    }

    /// - Parameters:
    ///   - last: the key that the part before ended with; nil for the first.
    ///   - each: the number of a column and its bytes; not called for NULL.
    /// - Returns: the key of the last row and how many there were; no key behind the end.
    func part(after last: [SQLValue]?, on connection: any Connection, _ each: (Int, UnsafeRawBufferPointer) -> Void) throws -> (last: [SQLValue]?, rows: Int) {
        let isPlace = key == ["ctid"]
        // With the table's own name before them: the texts have the same names.
        let names = key.map { "walked." + Self.quoted($0) }
        let read = (isPlace ? ["CAST(walked.ctid AS text)"] : names) + columns.map { "CAST(walked.\(Self.quoted($0)) AS text)" }
        let order = names.joined(separator: ", ")
        let places = key.indices.map { isPlace ? "CAST($\($0 + 1) AS tid)" : "$\($0 + 1)" }.joined(separator: ", ")
        let after = last == nil ? "" : "WHERE (\(order)) > (\(places))"
        var (end, rows): ([SQLValue]?, Int) = (nil, 0)
        let rest = "\(read.joined(separator: ", ")) FROM \(Self.quoted(table)) AS walked \(after) ORDER BY \(order) LIMIT \(rowsAtOnce)"
        try connection.rows(SQL(raw: "SELECT \(rest)", values: last ?? [])) { row in
            rows += 1
            end = key.indices.map { row.value($0) }
            for column in columns.indices where !row.isNull(key.count + column) { row.withBytes(key.count + column) { each(column, $0) } }
        }
        return (rows < rowsAtOnce ? nil : end, rows)
    }

    private static func quoted(_ name: String) -> String { "\"\(name.replacing("\"", with: "\"\""))\"" }
}
