public import Fediverse

/// Moments as a reader writes them, in UTC: `2026-07-01 09:30:00`.
public enum UTCText {
    /// - Returns: the second; the day alone for a midnight, because then only the day or the week was kept.
    static func write(_ instant: Instant) -> String {
        let day = instant.floored(to: .days(1))
        let seconds = Int64((instant - day).microseconds / 1_000_000)
        let date = self.date(ofDay: day.microseconds / Instant.Span.days(1).microseconds)
        guard seconds > 0 else { return date }
        return "\(date) \(two(seconds / 3_600)):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
    }

    public static func writeFull(_ instant: Instant) -> String {
        let text = write(instant)
        return text.utf8.count > 10 ? text : text + " 00:00:00"
    }

    /// Reads what the databases give: microseconds since 1970, or `2026-07-01 09:30:00.123` (also with `T`, `Z`).
    static func read(_ text: String) -> Instant? {
        if let microseconds = Int64(text) { return Instant(microseconds: microseconds) }
        let parts = text.split { !$0.isASCII || !$0.isNumber }.map(String.init)
        guard parts.count >= 3, let year = Int64(parts[0]), let month = Int64(parts[1]), (1...12).contains(month),
            let day = Int64(parts[2]), (1...31).contains(day)
        else { return nil }
        let clock = (3..<6).map { parts.count > $0 ? Int64(parts[$0]) ?? 0 : 0 }
        let fraction = parts.count > 6 ? Int64((parts[6] + "000000").prefix(6)) ?? 0 : 0
        let seconds = dayNumber(year: year, month: month, day: day) * 86_400 + clock[0] * 3_600 + clock[1] * 60 + clock[2]
        return Instant(microseconds: seconds * 1_000_000 + fraction)
    }

    // Source: Howard Hinnant, "chrono-compatible low-level date algorithms", civil_from_days and days_from_civil.
    private static func date(ofDay number: Int64) -> String {
        let shifted = number + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return "\(yearOfEra + era * 400 + (month <= 2 ? 1 : 0))-\(two(month))-\(two(day))"
    }

    private static func dayNumber(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
