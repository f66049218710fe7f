/// How many rows one write of the anonymizer takes, so that nobody waits long for the writer.
///
/// It begins small and goes by what the last write took: rows cost more where they are spread over many people, or on a slow disk.
struct BatchSize: Sendable {
    /// Half of the 20 ms that a write may hold the writer: the commit comes on top, and one row may cost more than the last.
    static let aim = Duration.milliseconds(8)
    static let most = 2_000
    /// Between two writes.
    static let gap = Duration.milliseconds(2)

    private(set) var rows = 16

    /// - Parameter held: how long these rows held the writer.
    mutating func learn(rows done: Int, held: Duration) {
        guard done > 0 else { return }
        let wanted = Double(done) * (Self.aim / max(held, .microseconds(1)))
        // Twice as many at most: a fast first row says little about the next hundred.
        rows = Int(min(max(wanted, 1), Double(2 * rows), Double(Self.most)))
    }
}
