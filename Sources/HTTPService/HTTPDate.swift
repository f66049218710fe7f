import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// A moment as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7).
public enum HTTPDate {
    private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    private static let latest = Mutex<(second: Int, text: String)>((0, ""))

    /// - Parameter second: since 1970, UTC.
    public static func text(second: Int) -> String {
        var time = time_t(second)
        var parts = tm()
        gmtime_r(&time, &parts)
        let day = days[Int(parts.tm_wday)], month = months[Int(parts.tm_mon)]
        return "\(day), \(padded(parts.tm_mday)) \(month) \(parts.tm_year + 1900) "
            + "\(padded(parts.tm_hour)):\(padded(parts.tm_min)):\(padded(parts.tm_sec)) GMT"
    }

    /// The present second, made once and then shared by all answers of that second.
    static func now() -> String {
        var clock = timespec()
        clock_gettime(CLOCK_REALTIME_COARSE, &clock)
        let second = clock.tv_sec
        return latest.withLock { cached in
            if cached.second != second { cached = (second, text(second: second)) }
            return cached.text
        }
    }

    private static func padded(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
