extension Instant {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    // 1 January 1970 was a Thursday.
    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]

    /// Reads an HTTP date in any of its three forms (RFC 9110, 5.6.7). The name of the weekday is not checked.
    public init?(httpDate text: String) {
        // `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT`, `Sun Nov  6 08:49:37 1994`
        let words = text.split { $0 == " " || $0 == "-" || $0 == "," }.map(String.init)
        let fields: (day: String, month: String, year: String, time: String)
        switch words.count {
        case 6 where words[5] == "GMT": fields = (words[1], words[2], words[3], words[4])
        case 5: fields = (words[2], words[1], words[4], words[3])
        default: return nil
        }
        guard let month = Self.months.firstIndex(of: fields.month), let day = Self.number(fields.day, digits: 1...2),
            var year = Self.number(fields.year, digits: 2...4), fields.year.utf8.count != 3
        else { return nil }
        // Two digits name the year nearest to now, which for a deadline is this century's; 70 to 99 are the last one's.
        if fields.year.utf8.count == 2 { year += year < 70 ? 2_000 : 1_900 }
        let clock = fields.time.split(separator: ":", omittingEmptySubsequences: false).map { Self.number(String($0), digits: 2...2) }
        guard let date = CalendarDay(year: year, month: month + 1, day: day), clock.count == 3,
            let hour = clock[0], let minute = clock[1], let second = clock[2]
        else { return nil }
        self.init(date, hour: hour, minute: minute, second: second)
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT`
    public var httpDate: String {
        let (date, time) = dayAndTime
        let seconds = Int(time / 1_000_000)
        let weekday = ((date.daysSince1970 % 7) + 7) % 7
        return "\(Self.weekdays[weekday]), \(date.day.padded(to: 2)) \(Self.months[date.month - 1]) \(date.year.padded(to: 4)) "
            + "\((seconds / 3_600).padded(to: 2)):\((seconds / 60 % 60).padded(to: 2)):\((seconds % 60).padded(to: 2)) GMT"
    }

    /// The moment that a `Retry-After` header names, as seconds from `now` or as a date. More than a year counts as a year.
    public init?(retryAfter text: String, from now: Instant) {
        let trimmed = text.filter { $0 != " " || text.contains(",") }
        if !trimmed.isEmpty, trimmed.utf8.allSatisfy({ $0 &- 0x30 < 10 }) {
            self = now + .seconds(min(Int64(trimmed) ?? .max, 365 * 86_400))
        } else {
            guard let moment = Instant(httpDate: text) else { return nil }
            self = min(moment, now + .days(365))
        }
    }

    private static func number(_ text: String, digits: ClosedRange<Int>) -> Int? {
        guard digits.contains(text.utf8.count), text.utf8.allSatisfy({ $0 &- 0x30 < 10 }) else { return nil }
        return Int(text)
    }
}
