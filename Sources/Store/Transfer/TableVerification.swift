import Database
import Postgres
import SQLite

/// Compares a table's rows on both sides by their digests: what the source holds, and what the target gives back, each read once.
struct TableVerification {
    let table: TransferTable

    /// A partitioned table has no rows of its own to copy, and is read by a query, which takes longer.
    private func reading(_ target: PostgresConnection) throws -> String {
        let name = Staging.quoted(table.name)
        let isPartitioned = try target.count("SELECT count(*) FROM pg_class WHERE oid = to_regclass(\(name)) AND relkind = 'p'") > 0
        return "COPY \(isPartitioned ? "(SELECT \(table.columnList) FROM \(name))" : "\(name) (\(table.columnList))") TO STDOUT (FORMAT binary)"
    }

    /// The sum over the source's rows but those that were left out.
    func digest(of source: SQLiteConnection, _ reader: RowReader, without leftOut: Set<TransferKey>) throws -> TableDigest {
        var digest = TableDigest()
        try rows(of: source, reader, without: leftOut) { _, row in digest += row }
        return digest
    }

    /// The sum over the target's rows.
    func digest(of target: PostgresConnection) throws -> TableDigest {
        var digest = TableDigest()
        let forms = table.columns.map(\.form)
        var sink = DigestSink()
        try target.copyOut(reading(target)) { row in
            sink.row = RowDigest()
            for form in forms { try sink.take(row.next(), as: form.type) }
            digest += sink.row.finished()
        }
        return digest
    }

    private func rows(
        of source: SQLiteConnection, _ reader: RowReader, without leftOut: Set<TransferKey>, _ each: (SQLiteScan, TableDigest) throws -> Void
    ) throws {
        let scan = try table.scan(on: source)
        let places = table.keyPlaces
        var sink = DigestSink()
        while try scan.next() {
            if !leftOut.isEmpty, leftOut.contains(TransferKey(values: places.map { scan.value($0) })) { continue }
            sink.row = RowDigest()
            try reader.read(scan, into: &sink)
            try each(scan, sink.row.finished())
        }
    }

    /// One row that is not the same on both sides.
    struct Difference: Sendable {
        enum How: String, Sendable { case missing, other, surplus }
        let key: String
        let how: How
    }

    /// Names the rows that differ. It is asked only where the sums do, and holds the keys of the whole table.
    func differences(_ source: SQLiteConnection, _ reader: RowReader, without leftOut: Set<TransferKey>, target: PostgresConnection) throws -> [Difference] {
        let forms = table.columns.map(\.form)
        var keyColumns = Set(table.key.compactMap { name in table.columns.firstIndex { $0.name == name } })
        // Where the target does not know the source's key, a row is known by all that it holds.
        if keyColumns.count < table.key.count { keyColumns = Set(forms.indices) }
        var known: [TableDigest: (row: TableDigest, name: String)] = [:]
        try rows(of: source, reader, without: leftOut) { scan, digest in
            var one = DigestSink()
            for column in keyColumns.sorted() { try reader.read(scan, at: column, into: &one) }
            known[one.row.finished()] = (digest, table.keyOfRow(scan).description)
        }
        var differences: [Difference] = []
        try target.copyOut(reading(target)) { row in
            var (whole, one) = (DigestSink(), DigestSink())
            var name: [String] = []
            for (index, form) in forms.enumerated() {
                let bytes = row.next()
                try whole.take(bytes, as: form.type)
                if keyColumns.contains(index) {
                    try one.take(bytes, as: form.type)
                    name.append(form.type == .text ? bytes.map { String(decoding: $0, as: UTF8.self) } ?? "NULL" : Self.number(bytes, form.type))
                }
            }
            if let expected = known.removeValue(forKey: one.row.finished()) {
                if expected.row != whole.row.finished() { differences.append(Difference(key: expected.name, how: .other)) }
            } else {
                differences.append(Difference(key: name.prefix(4).joined(separator: "/"), how: .surplus))
            }
        }
        return differences + known.values.map { Difference(key: $0.name, how: .missing) }
    }

    private static func number(_ bytes: UnsafeRawBufferPointer?, _ type: ColumnType) -> String {
        guard let bytes else { return "NULL" }
        switch type {
        case .bigint: return String(CopyRow.number(bytes, as: Int64.self))
        case .integer: return String(CopyRow.number(bytes, as: Int32.self))
        case .smallint: return String(CopyRow.number(bytes, as: Int16.self))
        default: return "?"
        }
    }
}

extension DigestSink {
    /// Takes a value as the server sends it.
    @inline(__always)
    fileprivate mutating func take(_ bytes: UnsafeRawBufferPointer?, as type: ColumnType) throws(Misfit) {
        guard let bytes else { return null() }
        switch type {
        case .bigint: bigint(CopyRow.number(bytes))
        case .moment: moment(CopyRow.moment(bytes))
        case .smallint: smallint(CopyRow.number(bytes))
        case .integer: integer(CopyRow.number(bytes))
        case .boolean: boolean(bytes.first == 1)
        case .real: real(Double(bitPattern: CopyRow.number(bytes)))
        case .text: text(bytes)
        // A version byte, then the text.
        case .json: try json(UnsafeRawBufferPointer(rebasing: bytes.dropFirst()))
        case .bytes: self.bytes(bytes)
        }
    }
}
