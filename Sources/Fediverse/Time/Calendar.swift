/// A day of the proleptic Gregorian calendar.
///
/// The arithmetic counts in eras of 400 years that begin in March, so that the leap day comes last
/// (Howard Hinnant, "chrono-compatible low-level date algorithms").
public struct CalendarDay: Sendable, Hashable {
    public let year: Int
    /// 1 to 12.
    public let month: Int
    /// 1 to 31.
    public let day: Int

    /// - Returns: nil for a day that is not in the calendar, or a year that is not 0 to 9999.
    public init?(year: Int, month: Int, day: Int) {
        guard (0...9_999).contains(year), (1...12).contains(month), day >= 1, day <= Self.days(in: month, of: year) else { return nil }
        self.year = year
        self.month = month
        self.day = day
    }

    /// - Parameter daysSince1970: any day that an `Instant` can name.
    public init(daysSince1970 days: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    public var daysSince1970: Int {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    public static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

extension Instant {
    /// The UTC day and the microseconds since its midnight.
    public var dayAndTime: (day: CalendarDay, microseconds: Int64) {
        let perDay: Int64 = 86_400_000_000
        let (quotient, remainder) = microseconds.quotientAndRemainder(dividingBy: perDay)
        return remainder < 0
            ? (CalendarDay(daysSince1970: Int(quotient) - 1), remainder + perDay)
            : (CalendarDay(daysSince1970: Int(quotient)), remainder)
    }

    /// - Parameters:
    ///   - second: 60 is a leap second, which is the next minute's first.
    ///   - offsetMinutes: how far the clock is ahead of UTC.
    init?(_ date: CalendarDay, hour: Int, minute: Int, second: Int, microsecond: Int = 0, offsetMinutes: Int = 0) {
        guard (0...23).contains(hour), (0...59).contains(minute), (0...60).contains(second), (0...999_999).contains(microsecond) else { return nil }
        let seconds = date.daysSince1970 * 86_400 + hour * 3_600 + (minute - offsetMinutes) * 60 + second
        self.init(microseconds: Int64(seconds) * 1_000_000 + Int64(microsecond))
    }
}

extension Int {
    /// The number in decimal, with zeros in front up to `width` digits.
    func padded(to width: Int) -> String {
        let digits = String(magnitude)
        return (self < 0 ? "-" : "") + String(repeating: "0", count: Swift.max(0, width - digits.count)) + digits
    }
}
