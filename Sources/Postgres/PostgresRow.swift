import CPostgres
import Database

/// A row of an answer in binary form, read from the client library's own buffers.
///
/// Moments come as microseconds since 1970 and booleans as 0 and 1, as `SQLValue` says.
final class PostgresRow: Row {
    private let result: PostgresResult
    private let types: [Oid]
    /// The row that is looked at.
    var index: Int32 = 0

    init(_ result: PostgresResult) {
        self.result = result
        types = (0..<PQnfields(result.pointer)).map { PQftype(result.pointer, $0) }
    }

    var columnCount: Int { types.count }

    func isNull(_ column: Int) -> Bool { PQgetisnull(result.pointer, index, Int32(column)) != 0 }

    func integer(_ column: Int) -> Int64 {
        let bytes = bytes(column)
        if bytes.isEmpty { return 0 }
        switch types[column] {
        case PostgresType.int8: return bytes.number(Int64.self)
        case PostgresType.int4: return Int64(bytes.number(Int32.self))
        case PostgresType.int2: return Int64(bytes.number(Int16.self))
        case PostgresType.bool: return bytes[0] == 0 ? 0 : 1
        case PostgresType.oid: return Int64(bytes.number(UInt32.self))
        case PostgresType.timestamptz, PostgresType.timestamp:
            // PostgreSQL's infinities stand at the ends, and stay there.
            let (since1970, overflow) = bytes.number(Int64.self).addingReportingOverflow(PostgresType.epoch)
            return overflow ? .max : since1970
        case PostgresType.float8, PostgresType.float4:
            let number = real(column)
            return Int64(exactly: number.rounded(.towardZero)) ?? (number < 0 ? .min : .max)
        case PostgresType.numeric: return Numeric(bytes).integer ?? Int64(exactly: real(column).rounded(.towardZero)) ?? 0
        default: return Int64(text(column)) ?? 0
        }
    }

    func real(_ column: Int) -> Double {
        let bytes = bytes(column)
        if bytes.isEmpty { return 0 }
        switch types[column] {
        case PostgresType.float8: return Double(bitPattern: bytes.number(UInt64.self))
        case PostgresType.float4: return Double(Float(bitPattern: bytes.number(UInt32.self)))
        case PostgresType.numeric: return Numeric(bytes).real
        case _ where PostgresType.isText(types[column]): return Double(text(column)) ?? 0
        default: return Double(integer(column))
        }
    }

    func text(_ column: Int) -> String {
        if isNull(column) { return "" }
        let bytes = bytes(column)
        switch types[column] {
        case PostgresType.int8, PostgresType.int4, PostgresType.int2, PostgresType.bool, PostgresType.oid, PostgresType.timestamptz,
            PostgresType.timestamp:
            return String(integer(column))
        case PostgresType.float8, PostgresType.float4, PostgresType.numeric: return String(real(column))
        // A version byte, then the text as the server writes it.
        case PostgresType.jsonb: return String(decoding: compacted(UnsafeRawBufferPointer(rebasing: bytes.dropFirst())), as: UTF8.self)
        default: return String(decoding: bytes, as: UTF8.self)
        }
    }

    func blob(_ column: Int) -> [UInt8] { Array(bytes(column)) }

    func withBytes<Result>(_ column: Int, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result { try body(bytes(column)) }

    func value(_ column: Int) -> SQLValue {
        if isNull(column) { return .null }
        switch types[column] {
        case PostgresType.int8, PostgresType.int4, PostgresType.int2, PostgresType.bool, PostgresType.oid, PostgresType.timestamptz,
            PostgresType.timestamp:
            return .integer(integer(column))
        case PostgresType.float8, PostgresType.float4: return .real(real(column))
        case PostgresType.numeric: return Numeric(bytes(column)).integer.map(SQLValue.integer) ?? .real(real(column))
        case PostgresType.json, PostgresType.jsonb: return .text(text(column))
        case _ where PostgresType.isText(types[column]): return .text(text(column))
        default: return .blob(blob(column))
        }
    }

    private func bytes(_ column: Int) -> UnsafeRawBufferPointer {
        assert(column >= 0 && column < columnCount, "column \(column) of \(columnCount)")
        let start = PQgetvalue(result.pointer, index, Int32(column))
        return UnsafeRawBufferPointer(start: start, count: Int(PQgetlength(result.pointer, index, Int32(column))))
    }
}

extension UnsafeRawBufferPointer {
    /// The first bytes as a number in network order; 0 where there are too few.
    fileprivate func number<Number: FixedWidthInteger>(_: Number.Type) -> Number {
        count < MemoryLayout<Number>.size ? 0 : Number(bigEndian: loadUnaligned(as: Number.self))
    }

    fileprivate func digit(_ index: Int) -> Int16 { UnsafeRawBufferPointer(rebasing: dropFirst(index * 2)).number(Int16.self) }
}

/// A decimal number as the server sends it: digits to the base 10,000, and the first one's weight.
///
/// Source: postgresql.org, `src/backend/utils/adt/numeric.c`, `numeric_send`.
private struct Numeric {
    private let digits: [Int64]
    private let weight: Int
    private let isNegative: Bool
    private let isNumber: Bool

    init(_ bytes: UnsafeRawBufferPointer) {
        let count = Int(bytes.digit(0))
        weight = Int(bytes.digit(1))
        let sign = UInt16(bitPattern: bytes.digit(2))
        isNegative = sign == 0x4000
        isNumber = sign == 0x4000 || sign == 0
        digits = (0..<max(0, count)).map { Int64(bytes.digit(4 + $0)) }
    }

    /// nil for one with a fraction, or beyond 64 bits.
    var integer: Int64? {
        guard isNumber, digits.count <= weight + 1 || digits.isEmpty else { return nil }
        var number: Int64 = 0
        for place in 0..<max(0, weight + 1) {
            let (shifted, tooLarge) = number.multipliedReportingOverflow(by: 10_000)
            let (sum, overflow) = shifted.subtractingReportingOverflow(place < digits.count ? digits[place] : 0)
            if tooLarge || overflow { return nil }
            // Kept negative, so that the smallest number fits.
            number = sum
        }
        return isNegative ? number : number == .min ? nil : -number
    }

    var real: Double {
        guard isNumber else { return .nan }
        var number = 0.0
        var place = 1.0
        for _ in 0..<abs(weight) { place *= 10_000 }
        if weight < 0 { place = 1 / place }
        for digit in digits {
            number += Double(digit) * place
            place /= 10_000
        }
        return isNegative ? -number : number
    }
}

/// JSON without the blanks between its parts, so that it reads as it was written: `["a", "b"]` gives `["a","b"]`.
private func compacted(_ text: UnsafeRawBufferPointer) -> [UInt8] {
    var compact: [UInt8] = []
    compact.reserveCapacity(text.count)
    var inString = false
    var escaped = false
    for byte in text {
        if !inString, byte == UInt8(ascii: " ") { continue }
        if escaped {
            escaped = false
        } else if byte == UInt8(ascii: "\\") {
            escaped = inString
        } else if byte == UInt8(ascii: "\"") {
            inString.toggle()
        }
        compact.append(byte)
    }
    return compact
}
