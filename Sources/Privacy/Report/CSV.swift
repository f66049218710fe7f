/// Comma-separated values (RFC 4180) that no spreadsheet takes for formulas.
enum CSV {
    /// Lines with CRLF, every cell in quotes but a missing value, which is nothing between two commas.
    static func text(_ rows: [[String?]]) -> String {
        var text = ""
        for row in rows {
            text += row.map { $0.map(cell) ?? "" }.joined(separator: ",")
            text += "\r\n"
        }
        return text
    }

    /// What begins like a formula gets an apostrophe before it (OWASP ASVS 5.0, 1.2.10); the JSON has it without.
    static func cell(_ text: String) -> String {
        let isFormula = text.unicodeScalars.first.map { "=+-@\t\r\n\u{0}\u{FF1D}\u{FF0B}\u{FF0D}\u{FF20}".unicodeScalars.contains($0) } ?? false
        return "\"" + (isFormula ? "'" : "") + text.replacing("\"", with: "\"\"") + "\""
    }
}

extension PersonalTable {
    /// A header, then a line for each row.
    public var csv: String { CSV.text([columns.map(Optional.some)] + rows) }
}

extension PrivacyReport {
    /// The report for spreadsheets, a line for each value: `part`, `row` (from 1), `name`, `value`. Its parts are the tables, and
    /// `report` for what is no row.
    public var csv: String {
        var rows: [[String?]] = [["part", "row", "name", "value"]]
        func add(_ part: String, _ row: Int, _ name: String, _ value: String?) { rows.append([part, String(row), name, value]) }
        var members = facts
        members["made_at"] = .string(UTCText.writeFull(madeAt))
        members["checksum"] = .string(checksum)
        members["tables"] = nil
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            for (path, text) in value.leaves(under: name) { add("report", 1, path, text) }
        }
        if nothingStored != nil { return CSV.text(rows) }
        for section in sections {
            for (name, value) in section.summary.sorted(by: { $0.key < $1.key }) {
                for (path, text) in value.leaves(under: name) { add("table " + section.table.name, 1, path, text) }
            }
            for (number, row) in zip(1..., section.table.rows) {
                for (column, cell) in zip(section.table.columns, row) { add(section.table.name, number, column, cell) }
            }
        }
        return CSV.text(rows)
    }
}

extension JSONValue {
    /// Every value that holds no other, with the way to it: `service.contact`, `rights.1`.
    fileprivate func leaves(under name: String) -> [(String, String?)] {
        switch self {
        case .null: [(name, nil)]
        case .bool(let value): [(name, String(value))]
        case .number(let value): [(name, String(value))]
        case .string(let value): [(name, value)]
        case .array(let items): zip(1..., items).flatMap { $1.leaves(under: "\(name).\($0)") }
        case .object(let members): members.sorted { $0.key < $1.key }.flatMap { $0.value.leaves(under: "\(name).\($0.key)") }
        }
    }
}
