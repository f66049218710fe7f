/// When a lost connection may be tried again: after 50 ms, then after twice as long each time, up to 2 s.
struct Backoff {
    static let first = Duration.milliseconds(50)
    static let longest = Duration.seconds(2)

    private var wait = Backoff.first
    private var next: ContinuousClock.Instant?

    func allows(at now: ContinuousClock.Instant) -> Bool { next.map { now >= $0 } ?? true }

    mutating func failed(at now: ContinuousClock.Instant) {
        next = now + wait
        wait = min(wait * 2, Self.longest)
    }

    mutating func succeeded() { self = Backoff() }
}
