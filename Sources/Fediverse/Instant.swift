/// A moment in UTC, in microseconds since 1970. Passed in, never read inside the domain.
public struct Instant: Sendable, Hashable, Comparable, Codable {
    public var microseconds: Int64

    public init(microseconds: Int64) { self.microseconds = microseconds }
    public init(seconds: Int64) { microseconds = seconds * 1_000_000 }

    public var seconds: Double { Double(microseconds) / 1_000_000 }

    public static func < (left: Instant, right: Instant) -> Bool { left.microseconds < right.microseconds }
    public static func + (instant: Instant, span: Span) -> Instant { Instant(microseconds: instant.microseconds + span.microseconds) }
    public static func - (instant: Instant, span: Span) -> Instant { Instant(microseconds: instant.microseconds - span.microseconds) }
    public static func - (left: Instant, right: Instant) -> Span { Span(microseconds: left.microseconds - right.microseconds) }

    /// The moment cut down to the start of its UTC hour, or day.
    public func floored(to span: Span) -> Instant {
        let remainder = microseconds % span.microseconds
        return Instant(microseconds: microseconds - (remainder < 0 ? remainder + span.microseconds : remainder))
    }

    /// A length of time, in microseconds; negative when it goes back.
    public struct Span: Sendable, Hashable, Comparable, Codable {
        public var microseconds: Int64
        public init(microseconds: Int64) { self.microseconds = microseconds }

        public static func milliseconds(_ count: Int64) -> Span { Span(microseconds: count * 1_000) }
        public static func seconds(_ count: Int64) -> Span { Span(microseconds: count * 1_000_000) }
        public static func minutes(_ count: Int64) -> Span { .seconds(count * 60) }
        public static func hours(_ count: Int64) -> Span { .minutes(count * 60) }
        public static func days(_ count: Int64) -> Span { .hours(count * 24) }

        public var seconds: Double { Double(microseconds) / 1_000_000 }
        public var days: Double { seconds / 86_400 }

        public static func < (left: Span, right: Span) -> Bool { left.microseconds < right.microseconds }
    }
}
