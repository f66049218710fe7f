/// When a connection that was lost, or could not be had, may be tried again: after 50 ms, then after twice as long each time, up to 2 s.
package struct Backoff: Sendable {
    package static let first = Duration.milliseconds(50)
    package static let longest = Duration.seconds(2)

    private var wait = Backoff.first
    package private(set) var next: ContinuousClock.Instant?

    package init() {}

    package func allows(at now: ContinuousClock.Instant) -> Bool { next.map { now >= $0 } ?? true }

    package mutating func failed(at now: ContinuousClock.Instant) {
        next = now + wait
        wait = min(wait * 2, Self.longest)
    }

    package mutating func succeeded() { self = Backoff() }
}
