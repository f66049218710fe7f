import Fediverse
import Postgres
import Privacy
import SQLite

/// What takes a row's values, column by column.
protocol CellSink {
    mutating func null()
    mutating func smallint(_ number: Int16)
    mutating func integer(_ number: Int32)
    mutating func bigint(_ number: Int64)
    mutating func boolean(_ isTrue: Bool)
    mutating func real(_ number: Double)
    /// Microseconds since 1970.
    mutating func moment(_ since1970: Int64)
    mutating func text(_ bytes: UnsafeRawBufferPointer) throws(Misfit)
    mutating func json(_ text: UnsafeRawBufferPointer) throws(Misfit)
    mutating func bytes(_ bytes: UnsafeRawBufferPointer)
}

/// Reads rows of the source in the form that the target's columns want, whatever SQLite has stored in them.
struct RowReader {
    let columns: [ColumnForm]
    /// For columns that hold ids of people or authors.
    let identities: Transfer.Identity?
    /// Where the person's level stands in a row of the documented schema.
    var levelPlace: Int32?

    /// The first column whose value does not fit.
    struct Refusal: Error {
        let column: Int
        let misfit: Misfit
    }

    @inline(__always)
    func read(_ row: SQLiteScan, into sink: inout some CellSink) throws(Refusal) {
        for index in 0..<columns.count { try read(row, at: index, into: &sink) }
    }

    @inline(__always)
    func read(_ row: SQLiteScan, at index: Int, into sink: inout some CellSink) throws(Refusal) {
        do {
            try cell(row, index, columns[index], into: &sink)
        } catch {
            throw Refusal(column: index, misfit: error)
        }
    }

    @inline(__always)
    private func cell(_ row: SQLiteScan, _ index: Int, _ column: ColumnForm, into sink: inout some CellSink) throws(Misfit) {
        let place = Int32(truncatingIfNeeded: index)
        let kind = row.kind(place)
        if kind == .null {
            if column.isRequired { throw .missing }
            return sink.null()
        }
        if column.meaning != .own { return try foreign(row, place, kind, column, into: &sink) }
        switch column.type {
        case .bigint: sink.bigint(kind == .integer ? row.integer(place) : try whole(row, place, kind))
        case .moment:
            let moment = kind == .integer ? row.integer(place) : try whole(row, place, kind)
            guard PostgresMoment.range.contains(moment) else { throw .momentOutOfRange }
            sink.moment(moment)
        case .smallint: sink.smallint(try fitting(kind == .integer ? row.integer(place) : try whole(row, place, kind)))
        case .integer: sink.integer(try fitting(kind == .integer ? row.integer(place) : try whole(row, place, kind)))
        case .boolean: sink.boolean(try boolean(row, place, kind))
        case .real: sink.real(kind == .real ? row.real(place) : try number(row, place, kind))
        case .text:
            if kind == .text {
                let bytes = row.bytes(place)
                if bytes.count > column.limit { throw .tooLong }
                try sink.text(bytes)
            } else {
                try written(row, place, kind, into: &sink)
            }
        case .json:
            guard kind == .text else { throw kind == .blob ? .binary : .notJSON }
            let bytes = row.bytes(place)
            // What nobody has written is no JSON, and means nothing.
            if bytes.isEmpty, !column.isRequired { sink.null() } else { try sink.json(bytes) }
        case .bytes: sink.bytes(row.bytes(place))
        }
    }

    /// A number that a text column without affinity holds.
    private func written(_ row: SQLiteScan, _ place: Int32, _ kind: SQLiteScan.Kind, into sink: inout some CellSink) throws(Misfit) {
        guard kind != .blob else { throw .binary }
        try write(kind == .integer ? String(row.integer(place)) : String(row.real(place)), into: &sink)
    }

    private func fitting<Number: FixedWidthInteger>(_ number: Int64) throws(Misfit) -> Number {
        guard let fitting = Number(exactly: number) else { throw .outOfRange }
        return fitting
    }

    private func whole(_ row: SQLiteScan, _ place: Int32, _ kind: SQLiteScan.Kind) throws(Misfit) -> Int64 {
        switch kind {
        case .integer: return row.integer(place)
        case .real:
            guard let whole = Int64(exactly: row.real(place)) else { throw .notWhole }
            return whole
        case .text:
            guard let whole = Int64(String(decoding: row.bytes(place), as: UTF8.self)) else { throw .notWhole }
            return whole
        default: throw .notWhole
        }
    }

    private func number(_ row: SQLiteScan, _ place: Int32, _ kind: SQLiteScan.Kind) throws(Misfit) -> Double {
        switch kind {
        case .real: return row.real(place)
        case .integer:
            guard let number = Double(exactly: row.integer(place)) else { throw .outOfRange }
            return number
        case .text:
            guard let number = Double(String(decoding: row.bytes(place), as: UTF8.self)), number.isFinite else { throw .notNumber }
            return number
        default: throw .notNumber
        }
    }

    private func boolean(_ row: SQLiteScan, _ place: Int32, _ kind: SQLiteScan.Kind) throws(Misfit) -> Bool {
        switch kind {
        case .integer:
            let number = row.integer(place)
            guard number == 0 || number == 1 else { throw .notBoolean }
            return number == 1
        case .text:
            switch String(decoding: row.bytes(place), as: UTF8.self).lowercased() {
            case "true", "t", "1": return true
            case "false", "f", "0": return false
            default: throw .notBoolean
            }
        default: throw .notBoolean
        }
    }

    private func foreign(
        _ row: SQLiteScan, _ place: Int32, _ kind: SQLiteScan.Kind, _ column: ColumnForm, into sink: inout some CellSink
    ) throws(Misfit) {
        switch column.meaning {
        case .writtenMoment: return sink.moment(try written(row, place, kind).microseconds)
        case .writtenDay: return sink.moment(KeepingPolicy.Precision.day.cut(try written(row, place, kind)).microseconds)
        case .kept(let record):
            guard let precision = KeepingPolicy.standard.form(of: record, at: level(of: row))?.precision else { return sink.null() }
            return sink.moment(precision.cut(try written(row, place, kind)).microseconds)
        case .keptPart(let record, let part):
            guard KeepingPolicy.standard.form(of: record, at: level(of: row))?.parts.contains(part) == true else { return sink.null() }
            return try cell(row, Int(place), ColumnForm(type: column.type, isRequired: column.isRequired, limit: column.limit), into: &sink)
        case .own, .person, .author, .markup: break
        }
        if column.meaning == .markup {
            guard kind == .text else { throw .binary }
            try checkText(row.bytes(place))
            return try write(HTMLText.plain(String(decoding: row.bytes(place), as: UTF8.self)), into: &sink)
        }
        guard kind == .text || kind == .integer, let identities else { throw .notAnID }
        let id = kind == .integer ? String(row.integer(place)) : String(decoding: row.bytes(place), as: UTF8.self)
        try write(column.meaning == .person ? try identities.alias(id) : try identities.author(id), into: &sink)
    }

    private func write(_ text: String, into sink: inout some CellSink) throws(Misfit) {
        var text = text
        var result = Result<Void, Misfit>.success(())
        text.withUTF8 { bytes in
            result = Result { () throws(Misfit) in try sink.text(UnsafeRawBufferPointer(bytes)) }
        }
        try result.get()
    }
}

extension RowReader {
    private func written(_ row: SQLiteScan, _ place: Int32, _ kind: SQLiteScan.Kind) throws(Misfit) -> Instant {
        switch kind {
        case .integer: Instant(microseconds: try WrittenMoment.microseconds(number: row.integer(place)))
        case .text: Instant(microseconds: try WrittenMoment.microseconds(row.bytes(place)))
        default: throw .notMoment
        }
    }

    private func level(of row: SQLiteScan) -> PrivacyLevel {
        levelPlace.flatMap { PrivacyLevel(rawValue: String(decoding: row.bytes($0), as: UTF8.self)) } ?? .none
    }
}

/// Gives the rows to a COPY, and gathers what identifies them on the way.
struct CopySink: CellSink {
    let writer: CopyWriter
    /// Whether texts are looked through here, and not by the server alone: only after it has refused some, for it does so anyway.
    let isStrict: Bool
    var digest = DigestSink()

    @inline(__always)
    mutating func null() {
        writer.null()
        digest.null()
    }

    @inline(__always)
    mutating func smallint(_ number: Int16) {
        writer.integer(number)
        digest.smallint(number)
    }

    @inline(__always)
    mutating func integer(_ number: Int32) {
        writer.integer(number)
        digest.integer(number)
    }

    @inline(__always)
    mutating func bigint(_ number: Int64) {
        writer.integer(number)
        digest.bigint(number)
    }

    @inline(__always)
    mutating func boolean(_ isTrue: Bool) {
        writer.bool(isTrue)
        digest.boolean(isTrue)
    }

    @inline(__always)
    mutating func real(_ number: Double) {
        writer.real(number)
        digest.real(number)
    }

    @inline(__always)
    mutating func moment(_ since1970: Int64) {
        writer.moment(since1970)
        digest.moment(since1970)
    }

    mutating func bytes(_ bytes: UnsafeRawBufferPointer) {
        writer.bytes(bytes)
        digest.bytes(bytes)
    }

    @inline(__always)
    mutating func text(_ bytes: UnsafeRawBufferPointer) throws(Misfit) {
        if isStrict { try checkText(bytes) }
        writer.bytes(bytes)
        digest.text(bytes)
    }

    mutating func json(_ text: UnsafeRawBufferPointer) throws(Misfit) {
        if isStrict { try checkText(text) }
        try digest.json(text)
        writer.json(text)
    }
}

/// Gathers what identifies the row's values.
struct DigestSink: CellSink {
    var row = RowDigest()
    private var canonical = CanonicalJSON()

    mutating func null() { row.null() }
    mutating func smallint(_ number: Int16) { row.value(UInt64(bitPattern: Int64(number))) }
    mutating func integer(_ number: Int32) { row.value(UInt64(bitPattern: Int64(number))) }
    mutating func bigint(_ number: Int64) { row.value(UInt64(bitPattern: number)) }
    mutating func boolean(_ isTrue: Bool) { row.value(isTrue ? 1 : 0) }
    mutating func real(_ number: Double) { row.value(number.bitPattern) }
    mutating func moment(_ since1970: Int64) { row.value(UInt64(bitPattern: since1970)) }
    mutating func text(_ bytes: UnsafeRawBufferPointer) { row.value(bytes) }
    mutating func bytes(_ bytes: UnsafeRawBufferPointer) { row.value(bytes) }

    mutating func json(_ text: UnsafeRawBufferPointer) throws(Misfit) {
        try canonical.check(text)
        canonical.bytes.withUnsafeBytes { row.value($0) }
    }
}

extension CanonicalJSON {
    mutating func check(_ text: UnsafeRawBufferPointer) throws(Misfit) {
        do {
            try read(text)
        } catch {
            switch error {
            case .notJSON: throw .notJSON
            case .nulCharacter: throw .jsonNUL
            case .tooDeep: throw .jsonTooDeep
            case .numberTooLarge: throw .jsonNumber
            }
        }
    }
}

/// - Throws: `nul`, `notUTF8`.
private func checkText(_ bytes: UnsafeRawBufferPointer) throws(Misfit) {
    if bytes.contains(0) { throw .nul }
    if String(validating: bytes, as: UTF8.self) == nil { throw .notUTF8 }
}
