import Database
import Postgres
import SQLite

/// Copies one table's rows in parts. Each part is committed together with the note how far it went, so that a part is there whole or
/// not at all, whatever ends the process.
struct TableCopy {
    /// Bytes after which a part ends, however few its rows are.
    private static let chunkBytes = 64 * 1024 * 1024

    let table: TransferTable
    let source: SQLiteConnection
    let staging: Staging
    let reader: RowReader
    let chunkRows: Int
    /// Columns that refer to another table, of which some rows are left out.
    var references: [Reference] = []
    /// Hears now and then how many rows of the part at work were read.
    let progressed: (Int) -> Void
    /// Hears of rows that were committed.
    let committed: (Int) -> Void
    let unfit: (TransferKey, String) -> Void

    /// A column, and the numbers of the rows that it must not refer to.
    struct Reference {
        let column: Int32
        let parent: String
        let absent: Set<Int64>
    }

    private var statement: String { "COPY \(Staging.quoted(table.name)) (\(table.columnList)) FROM STDIN (FORMAT binary)" }

    /// - Returns: the sum over the rows that the target has now; nil where an earlier run has copied some of them.
    func run() throws -> TableDigest? {
        var progress = try staging.progress(of: table.name)
        var digest = progress.isDone || progress.last != nil ? nil : TableDigest()
        if progress.isDone { return nil }
        let places = table.keyPlaces
        var size = chunkRows
        // The server looks through texts anyway; we do so, too, once it has refused some, to tell which.
        var isStrict = false
        var scan = try table.scan(on: source, after: progress.last)
        while !progress.isDone {
            do {
                let part = try copy(scan, from: progress, rows: size, isStrict: isStrict, places)
                progress = part.progress
                digest? += part.digest
                part.unfit.forEach { unfit($0.key, $0.reason) }
                committed(part.copied)
                if size < chunkRows { size = min(chunkRows, size * 4) }
            } catch let error as DatabaseError {
                guard let reason = error.refusedRow else { throw error }
                if isStrict, size == 1 {
                    progress = try leaveOut(after: progress, reason, places)
                } else if isStrict {
                    size = max(1, size / 16)
                } else {
                    isStrict = true
                }
                scan = try table.scan(on: source, after: progress.last)
            }
        }
        return digest
    }

    private struct Part {
        var progress: Staging.Progress
        var copied = 0
        var digest = TableDigest()
        var unfit: [(key: TransferKey, reason: String)] = []
    }

    private func copy(_ scan: SQLiteScan, from progress: Staging.Progress, rows size: Int, isStrict: Bool, _ places: [Int32]) throws -> Part {
        try staging.session.transaction {
            var part = Part(progress: progress)
            try staging.session.copyIn(statement) { writer in
                var sink = CopySink(writer: writer, isStrict: isStrict)
                var read = 0
                while true {
                    guard try scan.next() else {
                        part.progress.isDone = true
                        break
                    }
                    read += 1
                    writer.beginRow(columns: table.columns.count)
                    sink.digest.row = RowDigest()
                    do throws(RowReader.Refusal) {
                        try checkReferences(scan)
                        try reader.read(scan, into: &sink)
                        part.copied += 1
                        part.digest += sink.digest.row.finished()
                    } catch {
                        writer.dropRow()
                        part.unfit.append((key(of: scan, places), error.misfit.sentence(table.columns[error.column].name)))
                    }
                    try writer.endRow()
                    if read & 0x3FFF == 0 { progressed(read) }
                    if read >= size || writer.byteCount >= Self.chunkBytes {
                        let last = key(of: scan, places)
                        guard last.isExact else { continue }
                        part.progress.last = last
                        break
                    }
                }
            }
            part.progress.rows += part.copied
            for row in part.unfit { try staging.noteUnfit(row.key, row.reason, of: table.name) }
            try staging.note(part.progress, of: table.name)
            return part
        }
    }

    private func checkReferences(_ row: SQLiteScan) throws(RowReader.Refusal) {
        for reference in references where reference.absent.contains(row.integer(reference.column)) {
            throw RowReader.Refusal(column: Int(reference.column), misfit: .orphan(of: reference.parent))
        }
    }

    private func key(of row: SQLiteScan, _ places: [Int32]) -> TransferKey { TransferKey(values: places.map { row.value($0) }) }

    /// Goes past the one row that the server refuses.
    private func leaveOut(after progress: Staging.Progress, _ reason: String, _ places: [Int32]) throws -> Staging.Progress {
        let scan = try table.scan(on: source, after: progress.last)
        var progress = progress
        guard try scan.next() else { return progress }
        let key = key(of: scan, places)
        progress.last = key
        let sentence = Misfit.refused(reason).sentence("")
        try staging.session.transaction {
            try staging.noteUnfit(key, sentence, of: table.name)
            try staging.note(progress, of: table.name)
        }
        unfit(key, sentence)
        return progress
    }
}

extension TransferKey {
    /// Whether the key can be looked up again: a text that is no UTF-8 was mended when it was read.
    var isExact: Bool {
        values.allSatisfy { value in
            if case .text(let text) = value { return !text.unicodeScalars.contains("\u{FFFD}") }
            return true
        }
    }
}

extension DatabaseError {
    /// What the server has against a row; nil for an error that is no row's.
    fileprivate var refusedRow: String? {
        switch self {
        case .constraint(let kind): "its \(kind.rawValue) rule"
        case .unstorableText: "its text"
        // Data of a wrong form, or too large: classes 22 and 54.
        case .refused(let state, _) where state.hasPrefix("22") || state.hasPrefix("54"): state
        default: nil
        }
    }
}
