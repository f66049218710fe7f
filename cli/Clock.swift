import Fediverse
import Glibc

/// The only place where a clock is read.
enum Clock {
    static let now: @Sendable () -> Instant = { read(CLOCK_REALTIME) }

    /// Time since the machine started, sleep included: a clock that nobody can set.
    static let sinceBoot: @Sendable () -> Instant.Span? = { Instant.Span(microseconds: read(CLOCK_BOOTTIME).microseconds) }

    private static func read(_ clock: clockid_t) -> Instant {
        var time = timespec()
        clock_gettime(clock, &time)
        return Instant(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }
}
