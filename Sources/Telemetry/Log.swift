public import Fediverse
import Glibc

/// Where the service writes what happens to it: the only way to the log, and one that takes no text from anywhere.
///
/// A message is a literal of the program. Beside it stand only the facts of `Fact`, whose values are numbers, types and closed lists of
/// words; a text that came with a request, a header or an answer does not compile. Times are told to the minute.
public struct Log: Sendable {
    public enum Level: String, Sendable, CaseIterable, Comparable {
        case trace, debug, info, notice, warning, error, critical

        public static func < (left: Level, right: Level) -> Bool { left.rank < right.rank }
        private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    }

    /// What may stand beside a message.
    public enum Fact: Sendable {
        /// The part of the program that it is about, by its type's name.
        case part(Any.Type)
        /// The kind of an error, never what it says: that could name somebody.
        case failure(any Error)
        /// How many of what.
        case count(StaticString, Int)
        /// How long something took, by its bucket.
        case took(Duration)
        /// The class of an answer: 2 for 200 to 299.
        case answer(status: Int)
        /// What the library calls itself that reports something.
        case library
    }

    public let level: Level
    private let clock: @Sendable () -> Instant
    private let sink: @Sendable (_ line: [UInt8]) -> Void

    /// To standard error, where a service manager reads it.
    /// - Parameter level: less important lines are left out.
    public init(_ level: Level, clock: @escaping @Sendable () -> Instant) { self.init(level, clock: clock, sink: Self.toStandardError) }

    init(_ level: Level, clock: @escaping @Sendable () -> Instant, sink: @escaping @Sendable (_ line: [UInt8]) -> Void) {
        self.level = level
        self.clock = clock
        self.sink = sink
    }

    /// Writes nothing.
    public static let silent = Log(.critical, clock: { Instant(microseconds: 0) }, sink: { _ in })

    /// The same for what is more important than `least`.
    public func quieter(_ least: Level) -> Log { Log(max(level, least), clock: clock, sink: sink) }

    public func note(_ level: Level, _ message: StaticString, _ facts: Fact...) {
        guard level >= self.level else { return }
        var line = Self.minute(clock()) + " " + level.rawValue + " " + message.description
        for fact in facts { line += " " + fact.text }
        sink(Array((line + "\n").utf8))
    }

    /// 2026-03-01T12:00Z: which of many requests it was, no line tells.
    private static func minute(_ now: Instant) -> String { now.floored(to: .minutes(1)).iso8601.prefix(16) + "Z" }

    private static let toStandardError: @Sendable ([UInt8]) -> Void = { line in
        // One write of one short line: lines of several threads do not mix. One that cannot be written is lost.
        _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}

extension Log.Fact {
    /// Upper ends of the buckets in which a duration is told, in milliseconds.
    static let buckets = [10, 100, 1_000, 10_000]

    var text: String {
        switch self {
        case .part(let type): "part=\(String(describing: type))"
        case .failure(let error): "failure=\(String(describing: type(of: error)))"
        case .count(let name, let number): "\(name)=\(number)"
        case .took(let duration): "took=" + Self.bucket(duration)
        case .answer(let status): "answer=\(min(max(status / 100, 1), 5))xx"
        case .library: "from=library"
        }
    }

    private static func bucket(_ duration: Duration) -> String {
        let end = buckets.first { duration <= .milliseconds($0) }
        return end.map { "<=\($0)ms" } ?? ">\(buckets[buckets.count - 1])ms"
    }
}
