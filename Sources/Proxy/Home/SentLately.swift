import Fediverse
import Synchronization

/// Which statuses upstream has sent to a client in the last hour, as numbers that die with the process: a recommendation of
/// what the person has just read would be none.
final class SentLately: Sendable {
    static let keep = Instant.Span.hours(1)
    /// Statuses remembered for one token, and tokens remembered at all.
    private static let perToken = 800
    private static let tokens = 500

    private struct Sent {
        var names: Set<StatusName> = []
        var since: Instant
    }

    private let sent = Mutex<[TokenDigest: Sent]>([:])

    func contains(_ names: [StatusName], by token: TokenDigest, at now: Instant) -> Bool {
        sent.withLock { sent in
            guard let known = sent[token], now - known.since < Self.keep else { return false }
            return names.contains(where: known.names.contains)
        }
    }

    func forget(_ token: TokenDigest) { sent.withLock { $0[token] = nil } }

    func note(_ names: some Sequence<StatusName>, by token: TokenDigest, at now: Instant) {
        sent.withLock { sent in
            if sent.count >= Self.tokens, sent[token] == nil { sent = sent.filter { now - $0.value.since < Self.keep } }
            if sent.count >= Self.tokens, sent[token] == nil { sent.removeAll(keepingCapacity: true) }
            var known = sent.removeValue(forKey: token) ?? Sent(since: now)
            if now - known.since >= Self.keep || known.names.count >= Self.perToken { known = Sent(since: now) }
            known.names.formUnion(names)
            sent[token] = known
        }
    }
}
