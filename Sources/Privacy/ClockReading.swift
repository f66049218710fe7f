public import Fediverse

/// What the two clocks say at one moment.
public struct ClockReading: Sendable, Hashable, Codable {
    public var wall: Instant
    /// Time since the machine started, sleep included (CLOCK_BOOTTIME); nil where it is not known.
    public var sinceBoot: Instant.Span?

    public init(wall: Instant, sinceBoot: Instant.Span?) {
        self.wall = wall
        self.sinceBoot = sinceBoot
    }
}

/// What a run leaves for the next one to judge the clock by.
public struct ClockMark: Sendable, Hashable, Codable {
    public var reading: ClockReading
    /// The time that the run went by: the wall's, or an earlier one while the wall was doubted.
    public var obeyed: Instant
    public var doubted: Bool

    public init(reading: ClockReading, obeyed: Instant, doubted: Bool) {
        self.reading = reading
        self.obeyed = obeyed
        self.doubted = doubted
    }

    /// The mark of a run of which only the time is known, as after a restart.
    public init(finishedAt: Instant) { self.init(reading: ClockReading(wall: finishedAt, sinceBoot: nil), obeyed: finishedAt, doubted: false) }
}

/// Keeps a clock that was set wrong from deleting what is not due.
///
/// A wall clock that went forward by more than an hour beyond what the other clock measured is believed only when a second
/// run finds it still there. Backward steps are believed at once: they delete less.
public enum ClockGuard {
    public static let tolerance = Instant.Span.hours(1)

    /// - Returns: the mark of this run; `obeyed` is the time to go by.
    public static func judge(_ now: ClockReading, after last: ClockMark?) -> ClockMark {
        guard let last else { return ClockMark(reading: now, obeyed: now.wall, doubted: false) }
        // Unknown after a start of the machine: then nothing but the wall says that time has passed.
        var elapsed = Instant.Span(microseconds: 0)
        if let before = last.reading.sinceBoot, let after = now.sinceBoot, after >= before {
            elapsed = Instant.Span(microseconds: after.microseconds - before.microseconds)
        }
        let step = now.wall - (last.reading.wall + elapsed)
        guard step > tolerance else { return ClockMark(reading: now, obeyed: now.wall, doubted: false) }
        return ClockMark(reading: now, obeyed: min(now.wall, last.obeyed + elapsed), doubted: true)
    }
}
