import Fediverse
import Glibc

/// What commands print: results on standard output, everything else on standard error.
enum Output {
    /// Where results go that are no text.
    static let results = STDOUT_FILENO

    static func line(_ text: String = "") { print(text) }

    static func json(_ write: (inout JSONWriter) -> Void) {
        var writer = JSONWriter()
        write(&writer)
        print(String(decoding: writer.bytes, as: UTF8.self))
    }

    static func complain(_ text: String) { write("sheltie: \(text)\n", to: STDERR_FILENO) }

    static func note(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

    /// Columns of text, the header underlined by its own length.
    static func table(_ header: [String], _ rows: [[String]]) {
        let widths = header.indices.map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
        func row(_ cells: [String]) -> String {
            var text = ""
            for (column, cell) in cells.enumerated() {
                text += column == cells.count - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count + 2)
            }
            return text
        }
        print(row(header))
        print(row(widths.map { String(repeating: "-", count: $0) }))
        for cells in rows { print(row(cells)) }
    }

    private static func write(_ text: String, to descriptor: Int32) {
        let bytes = Array(text.utf8)
        // Standard error that nobody reads is no reason to fail.
        _ = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    }
}
