/// Moments as Mastodon writes them.
enum Timestamp {
    /// `2026-08-01T13:49:49.932Z`
    /// - Parameter milliseconds: since 1970.
    static func text(_ milliseconds: Int64) -> String {
        let inDay = milliseconds - day(milliseconds) * 86_400_000
        let seconds = inDay / 1_000
        return "\(date(milliseconds))T\(padded(seconds / 3_600)):\(padded(seconds / 60 % 60)):\(padded(seconds % 60))"
            + ".\(padded(inDay % 1_000, 3))Z"
    }

    /// `2026-08-01`
    static func date(_ milliseconds: Int64) -> String {
        // Days to a civil date, after Howard Hinnant's days algorithms; years begin in March here.
        let shifted = day(milliseconds) + 719_468
        let era = shifted / 146_097
        let inEra = shifted - era * 146_097
        let year = (inEra - inEra / 1_460 + inEra / 36_524 - inEra / 146_096) / 365
        let inYear = inEra - (365 * year + year / 4 - year / 100)
        let month = (5 * inYear + 2) / 153
        let civilMonth = month < 10 ? month + 3 : month - 9
        return "\(year + era * 400 + (civilMonth <= 2 ? 1 : 0))-\(padded(civilMonth))-\(padded(inYear - (153 * month + 2) / 5 + 1))"
    }

    /// The start of the day, in seconds since 1970.
    static func dayStart(_ milliseconds: Int64) -> Int64 { day(milliseconds) * 86_400 }

    private static func day(_ milliseconds: Int64) -> Int64 { milliseconds / 86_400_000 }

    private static func padded(_ number: Int64, _ width: Int = 2) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }
}
