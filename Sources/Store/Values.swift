public import Database
public import Fediverse
public import Privacy

// The domain's values as parameters and columns.

extension Instant: SQLConvertible {
    public var sqlValue: SQLValue { .integer(microseconds) }
}
extension TenantKey: SQLConvertible { public var sqlValue: SQLValue { .integer(value) } }
extension AliasKey: SQLConvertible { public var sqlValue: SQLValue { .integer(value) } }
extension PostKey: SQLConvertible { public var sqlValue: SQLValue { .integer(value) } }
extension AuthorKey: SQLConvertible { public var sqlValue: SQLValue { .integer(value) } }

extension SQL.StringInterpolation {
    /// A value that may be missing: then NULL.
    mutating func appendInterpolation(_ value: (some SQLConvertible)?) { appendInterpolation(value.sqlValue) }
}

extension Row {
    func instant(_ column: Int) -> Instant { Instant(microseconds: integer(column)) }
    func instantOrNil(_ column: Int) -> Instant? { integerOrNil(column).map(Instant.init(microseconds:)) }
    func int(_ column: Int) -> Int { Int(integer(column)) }
    func alias(_ column: Int) -> AliasKey { AliasKey(integer(column)) }
    func post(_ column: Int) -> PostKey { PostKey(integer(column)) }
    func author(_ column: Int) -> AuthorKey { AuthorKey(integer(column)) }
}

extension InteractionKind {
    /// The small number that stands in the table and in its indexes.
    var code: Int64 {
        switch self {
        case .favourite: 0
        case .reblog: 1
        case .reply: 2
        case .bookmark: 3
        case .view: 4
        }
    }

    /// - Returns: `view` for a code that the table's check would not have let in.
    init(code: Int64) {
        self = Self.allCases.first { $0.code == code } ?? .view
    }
}

extension Connection {
    /// The single number of an answer, 0 without a row.
    func count(_ statement: SQL) throws -> Int {
        try first(statement) { $0.int(0) } ?? 0
    }
}

/// The values in parts for `IN (…)`, each filled up to a power of two by repeating its last value: so there are
/// few statement texts, and each is prepared once.
/// - Parameter filler: instead of the last value, where one that stands twice would be found twice.
func inParts<Value>(_ values: [Value], atMost size: Int = 256, filler: Value? = nil) -> [[Value]] {
    stride(from: 0, to: values.count, by: size).map { start in
        var part = Array(values[start..<min(start + size, values.count)])
        var full = 1
        while full < part.count { full *= 2 }
        if let last = filler ?? part.last { part += repeatElement(last, count: full - part.count) }
        return part
    }
}

extension Instant {
    /// Days since 1970, for the daily tables.
    var dayNumber: Int64 { floored(to: .days(1)).microseconds / Span.days(1).microseconds }

    /// `2026-01-31T12:00:00.000000Z`, for exports.
    var text: String {
        // From days to year, month, day: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
        let days = dayNumber + 719_468
        let era = (days >= 0 ? days : days - 146_096) / 146_097
        let dayOfEra = days - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shifted + 2) / 5 + 1
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let rest = microseconds - floored(to: .days(1)).microseconds
        let seconds = rest / 1_000_000
        let date = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
        let time = "\(padded(seconds / 3_600, 2)):\(padded(seconds / 60 % 60, 2)):\(padded(seconds % 60, 2))"
        return "\(date)T\(time).\(padded(rest % 1_000_000, 6))Z"
    }
}

private func padded(_ number: Int64, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
