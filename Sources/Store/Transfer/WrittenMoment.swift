import Postgres

/// A moment as other programs write it into SQLite: `2026-01-31 12:00:00.123456`, with T, with `Z` or an offset, a date alone (its
/// midnight), or seconds since 1970 as a number. Without an offset it is UTC.
enum WrittenMoment {
    /// Seconds below this many are in years before 5138; a larger number is milliseconds or microseconds, and nobody says which.
    private static let secondsLimit: Int64 = 100_000_000_000

    static func microseconds(number: Int64) throws(Misfit) -> Int64 {
        guard number.magnitude < secondsLimit.magnitude else { throw .notMoment }
        return number * 1_000_000
    }

    static func microseconds(_ text: UnsafeRawBufferPointer) throws(Misfit) -> Int64 {
        var rest = text[...]
        func number(_ count: Int, in range: ClosedRange<Int64>) throws(Misfit) -> Int64 {
            guard rest.count >= count else { throw .notMoment }
            var value: Int64 = 0
            for byte in rest.prefix(count) {
                guard (0x30...0x39).contains(byte) else { throw .notMoment }
                value = value * 10 + Int64(byte - 0x30)
            }
            rest = rest.dropFirst(count)
            guard range.contains(value) else { throw .notMoment }
            return value
        }
        func take(_ sign: UInt8) -> Bool {
            guard rest.first == sign else { return false }
            rest = rest.dropFirst()
            return true
        }
        let (colon, dash) = (UInt8(ascii: ":"), UInt8(ascii: "-"))
        let year = try number(4, in: 1...9999)
        guard take(dash) else { throw .notMoment }
        let month = try number(2, in: 1...12)
        guard take(dash) else { throw .notMoment }
        let day = try number(2, in: 1...31)
        let days = Self.days(year, month, day)
        // The 30th of February would be a day of March.
        guard day <= 28 || Self.days(month == 12 ? year + 1 : year, month == 12 ? 1 : month + 1, 1) - Self.days(year, month, 1) >= day else {
            throw .notMoment
        }
        var moment = days * 86_400_000_000
        if rest.isEmpty { return moment }
        guard take(UInt8(ascii: " ")) || take(UInt8(ascii: "T")) else { throw .notMoment }
        moment += try number(2, in: 0...23) * 3_600_000_000
        guard take(colon) else { throw .notMoment }
        moment += try number(2, in: 0...59) * 60_000_000
        if take(colon) {
            moment += try number(2, in: 0...59) * 1_000_000
            if take(UInt8(ascii: ".")) {
                var unit: Int64 = 100_000
                guard let first = rest.first, (0x30...0x39).contains(first) else { throw .notMoment }
                while let byte = rest.first, (0x30...0x39).contains(byte) {
                    // Finer than a microsecond is more than the target can hold.
                    guard unit > 0 || byte == 0x30 else { throw .notMoment }
                    moment += Int64(byte - 0x30) * unit
                    unit /= 10
                    rest = rest.dropFirst()
                }
            }
        }
        if take(UInt8(ascii: "Z")) || rest.isEmpty {
            guard rest.isEmpty else { throw .notMoment }
            return moment
        }
        let isWest = take(dash)
        guard isWest || take(UInt8(ascii: "+")) else { throw .notMoment }
        var offset = try number(2, in: 0...15) * 3_600_000_000
        if !rest.isEmpty {
            _ = take(colon)
            offset += try number(2, in: 0...59) * 60_000_000
        }
        guard rest.isEmpty else { throw .notMoment }
        return isWest ? moment + offset : moment - offset
    }

    /// Days since 1970: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil, for years above 0.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = year / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
