import Database

/// An INSERT of one row, made one of many rows: parsed once, sent once, and run as one statement.
struct RowTemplate {
    /// A batch is cut into parts of these sizes, so that few statements are prepared.
    private static let sizes = [64, 32, 16, 8, 4, 2, 1]

    private enum Item { case parameter(Int), text(Substring) }

    /// What stands before the first row's parenthesis, and what behind it.
    private let head: Substring
    private let tail: Substring
    private let items: [Item]
    /// How many values a row has.
    private let width: Int
    /// The values that tell rows apart, where a conflict updates: one statement cannot do that twice to a row. nil where any rows
    /// may stand together.
    private let key: [Int]?

    /// - Parameter statement: `INSERT INTO table (columns) VALUES ($1, …)` with values and constants, and what may follow.
    /// - Returns: nil for any other form, which goes row by row.
    init?(_ statement: String) {
        guard statement.hasPrefix("INSERT INTO "), let start = statement.firstRange(of: "VALUES ("),
            let end = statement[start.upperBound...].firstIndex(of: ")"), !statement[end...].contains("$"), !statement[end...].contains("VALUES (")
        else { return nil }
        head = statement[..<statement.index(before: start.upperBound)]
        tail = statement[statement.index(after: end)...]
        items = Self.list(statement[start.upperBound..<end]).map { item in
            item.first == "$" ? Int(item.dropFirst()).map { .parameter($0 - 1) } ?? .text(item) : .text(item)
        }
        let numbers = items.compactMap { if case .parameter(let number) = $0 { number } else { nil } }
        guard Set(numbers) == Set(0..<numbers.count), numbers.count == Set(numbers).count, !numbers.isEmpty else { return nil }
        width = numbers.count
        guard tail.contains("DO UPDATE") else {
            key = nil
            return
        }
        guard let opening = head.firstIndex(of: "("), let closing = head[opening...].firstIndex(of: ")"),
            let target = tail.firstRange(of: "ON CONFLICT ("), let targetEnd = tail[target.upperBound...].firstIndex(of: ")")
        else { return nil }
        let columns = Self.list(head[head.index(after: opening)..<closing])
        var key: [Int] = []
        for column in Self.list(tail[target.upperBound..<targetEnd]) {
            guard let place = columns.firstIndex(of: column), items.indices.contains(place) else { return nil }
            if case .parameter(let number) = items[place] { key.append(number) }
        }
        self.key = key
    }

    /// The rows as statements of many rows each, in their order.
    func parts(of rows: [[SQLValue]], of statement: String) throws(DatabaseError) -> [(text: String, values: [SQLValue])] {
        guard rows.allSatisfy({ $0.count == width }) else { throw .refused(state: "08P01", statement: statement) }
        var parts: [(String, [SQLValue])] = []
        var start = 0
        while start < rows.count {
            let largest = Self.sizes.first { $0 <= rows.count - start } ?? 1
            let size = mayStandTogether(rows[start..<start + largest]) ? largest : 1
            parts.append((size == 1 ? statement : text(rows: size), rows[start..<start + size].flatMap(\.self)))
            start += size
        }
        return parts
    }

    private func mayStandTogether(_ rows: ArraySlice<[SQLValue]>) -> Bool {
        guard let key else { return true }
        return Set(rows.map { row in key.map { row[$0] } }).count == rows.count
    }

    private func text(rows: Int) -> String {
        var text = String(head)
        for row in 0..<rows {
            text += row == 0 ? "(" : ", ("
            for (place, item) in items.enumerated() {
                if place > 0 { text += ", " }
                switch item {
                case .parameter(let number): text += "$\(row * width + number + 1)"
                case .text(let constant): text += constant
                }
            }
            text += ")"
        }
        return text + tail
    }

    private static func list(_ text: Substring) -> [Substring] {
        text.split(separator: ",").map { item in
            var item = item.drop { $0.isWhitespace }
            while item.last?.isWhitespace == true { item.removeLast() }
            return item
        }
    }
}
