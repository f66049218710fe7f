import Database
import SQLite

/// A table on its way: where its rows come from, and in which order.
struct TransferTable: Sendable {
    /// The target's name for it.
    let name: String
    var columns: [TransferColumn]
    /// What is selected for each column.
    var expressions: [String]
    /// What is selected from, with its joins.
    var origin: String
    /// Which rows; nil for all.
    var condition: String?
    /// What the rows are ordered by: unique, never NULL, and stable from run to run.
    var key: [String]
    /// What is selected for the level of the person that a row is about, where the source is not in our own form.
    var level: String?

    /// Where the key's values stand in a row of `scan`: among the columns where they are some, else behind them.
    var keyPlaces: [Int32] {
        var behind = Int32(expressions.count)
        return key.map { part in
            if let place = expressions.firstIndex(of: part) { return Int32(place) }
            defer { behind += 1 }
            return behind
        }
    }

    /// - Parameter after: the key of the last row that is not wanted; nil begins with the first.
    func scan(on source: SQLiteConnection, after: TransferKey? = nil) throws -> SQLiteScan {
        let selected = expressions + key.filter { !expressions.contains($0) } + (level.map { [$0] } ?? [])
        var text = "SELECT \(selected.joined(separator: ", ")) FROM \(origin)"
        var conditions = condition.map { ["(\($0))"] } ?? []
        if let after {
            let places = after.values.indices.map { "$\($0 + 1)" }
            conditions.append("(\(key.joined(separator: ", "))) > (\(places.joined(separator: ", ")))")
        }
        if !conditions.isEmpty { text += " WHERE " + conditions.joined(separator: " AND ") }
        text += " ORDER BY " + key.joined(separator: ", ")
        return try SQLiteScan(SQL(raw: text, values: after?.values ?? []), on: source)
    }

    func count(on source: SQLiteConnection) throws -> Int {
        try source.count(SQL(raw: "SELECT count(*) FROM \(origin)" + (condition.map { " WHERE \($0)" } ?? "")))
    }

    func reader(_ identities: Transfer.Identity?) -> RowReader { 
        RowReader(
            columns: columns.map(\.form), identities: identities,
            levelPlace: level == nil ? nil : Int32(expressions.count + key.filter { !expressions.contains($0) }.count))
    }

    func keyOfRow(_ row: SQLiteScan) -> TransferKey { TransferKey(values: keyPlaces.map { row.value($0) }) }

    var columnList: String { columns.map { "\"\($0.name)\"" }.joined(separator: ", ") }
}

/// What tells one row of a table from the others.
struct TransferKey: Sendable, Hashable, CustomStringConvertible {
    let values: [SQLValue]

    init(values: [SQLValue]) { self.values = values }

    /// As it stands in a report, with a slash between its parts. Keys are numbers, aliases and names of ours.
    var description: String {
        values.map { value in
            switch value {
            case .null: "NULL"
            case .integer(let number): String(number)
            case .real(let number): String(number)
            case .text(let text): text.contains { $0.isNewline || $0 == "\0" } ? "?" : text
            case .blob(let bytes): "\(bytes.count) bytes"
            }
        }.joined(separator: "/")
    }

    /// As it is kept between two runs: a kind, then a number or a length and so many bytes.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        func append(_ kind: UInt8, _ number: UInt64) {
            bytes.append(kind)
            withUnsafeBytes(of: number.bigEndian) { bytes += $0 }
        }
        for value in values {
            switch value {
            case .integer(let number): append(1, UInt64(bitPattern: number))
            case .text(let text):
                append(2, UInt64(text.utf8.count))
                bytes += text.utf8
            case .real(let number): append(3, number.bitPattern)
            case .blob(let blob):
                append(4, UInt64(blob.count))
                bytes += blob
            case .null: append(0, 0)
            }
        }
        return bytes
    }

    /// - Returns: nil for no key at all.
    init?(bytes: [UInt8]) {
        var values: [SQLValue] = []
        var rest = bytes[...]
        while let kind = rest.popFirst() {
            guard rest.count >= 8 else { return nil }
            let number = rest.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            rest = rest.dropFirst(8)
            let count = kind == 2 || kind == 4 ? Int(clamping: number) : 0
            guard rest.count >= count else { return nil }
            switch kind {
            case 1: values.append(.integer(Int64(bitPattern: number)))
            case 2: values.append(.text(String(decoding: rest.prefix(count), as: UTF8.self)))
            case 3: values.append(.real(Double(bitPattern: number)))
            case 4: values.append(.blob(Array(rest.prefix(count))))
            default: values.append(.null)
            }
            rest = rest.dropFirst(count)
        }
        if values.isEmpty { return nil }
        self.values = values
    }
}
