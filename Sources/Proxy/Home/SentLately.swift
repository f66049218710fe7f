import Fediverse
import Synchronization

/// Which statuses upstream has sent to a client in the last half to whole day, as numbers that die with the process: a
/// recommendation of what the person has just read would be none.
final class SentLately: Sendable {
    static let turn = Instant.Span.hours(12)
    static let twoTurns = Instant.Span.hours(24)
    /// Statuses remembered for one token in one turn, and tokens remembered at all.
    private static let perTurn = 1_000
    private static let tokens = 500

    /// Two turns: the newer is filled, and when it is full or over, the older goes.
    private struct Sent {
        var newer: Set<StatusName> = []
        var older: Set<StatusName> = []
        var since: Instant

        mutating func age(to now: Instant) {
            let isOver = now - since >= turn
            guard isOver || newer.count >= perTurn else { return }
            older = now - since >= twoTurns ? [] : newer
            newer = []
            since = now
        }
    }

    private let sent = Mutex<[TokenDigest: Sent]>([:])

    func contains(_ names: [StatusName], by token: TokenDigest, at now: Instant) -> Bool {
        sent.withLock { sent in
            guard let known = sent[token] else { return false }
            let span = now - known.since
            return names.contains { span < Self.twoTurns && known.newer.contains($0) || span < Self.turn && known.older.contains($0) }
        }
    }

    func forget(_ token: TokenDigest) { sent.withLock { $0[token] = nil } }

    func note(_ names: some Sequence<StatusName>, by token: TokenDigest, at now: Instant) {
        sent.withLock { sent in
            if sent.count >= Self.tokens, sent[token] == nil { sent = sent.filter { now - $0.value.since < Self.turn } }
            if sent.count >= Self.tokens, sent[token] == nil { sent.removeAll(keepingCapacity: true) }
            var known = sent.removeValue(forKey: token) ?? Sent(since: now)
            known.age(to: now)
            for name in names { known.newer.insert(name) }
            sent[token] = known
        }
    }
}
