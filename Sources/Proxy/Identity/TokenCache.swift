import Fediverse
import OpenSSL
import Privacy
import Synchronization

/// A token as the process knows it: its HMAC under a key that dies with the process. Never the token itself.
struct TokenDigest: Sendable, Hashable {
    let code: Digest
}

/// Who is behind a token, as far as an earlier `verify_credentials` told: in memory only, never written.
struct Identified: Sendable {
    let alias: AliasID
    /// The person's account id at their instance, so that their own statuses are never recommended to them.
    let accountID: String
}

/// The answers of `verify_credentials`, 5 minutes for a person, 30 seconds for a refusal.
final class TokenCache: Sendable {
    static let keep = Instant.Span.minutes(5)
    static let keepRefusal = Instant.Span.seconds(30)

    enum Known: Sendable {
        case person(Identified)
        case nobody
    }

    private struct Entry {
        var known: Known
        var until: Instant
    }

    private let key: HMACKey
    private let capacity: Int
    private let entries = Mutex<[TokenDigest: Entry]>([:])
    private let questions = Mutex<[TokenDigest: Task<Identified?, any Error>]>([:])

    init(capacity: Int = 10_000) throws {
        key = try HMACKey(RandomBytes.make(count: 32))
        self.capacity = capacity
    }

    func digest(of token: String) -> TokenDigest { TokenDigest(code: key.code(of: token.utf8)) }

    func lookUp(_ digest: TokenDigest, at now: Instant) -> Known? {
        entries.withLock { entries in
            guard let entry = entries[digest], now < entry.until else { return nil }
            return entry.known
        }
    }

    func remember(_ known: Known, for digest: TokenDigest, at now: Instant) {
        let span = if case .person = known { Self.keep } else { Self.keepRefusal }
        entries.withLock { entries in
            if entries.count >= capacity {
                entries = entries.filter { now < $0.value.until }
                // Still full of living entries: give half of them up rather than grow.
                if entries.count >= capacity { for digest in Array(entries.keys.prefix(capacity / 2)) { entries[digest] = nil } }
            }
            entries[digest] = Entry(known: known, until: now + span)
        }
    }

    /// The question that is under way about a token, begun when there is none.
    func asking(_ digest: TokenDigest, _ begin: () -> Task<Identified?, any Error>) -> Task<Identified?, any Error> {
        questions.withLock { questions in
            if let known = questions[digest] { return known }
            let question = begin()
            questions[digest] = question
            return question
        }
    }

    func asked(_ digest: TokenDigest) { questions.withLock { $0[digest] = nil } }

    /// Upstream refused something to the token: who is behind it is asked again. That it is nobody stays known, or a wrong
    /// token would cost a question with each of its requests.
    func doubt(_ digest: TokenDigest) {
        entries.withLock { entries in if case .person = entries[digest]?.known { entries[digest] = nil } }
    }

    /// The token was revoked through us. The answer to a question about it that is under way is not remembered.
    func forget(_ digest: TokenDigest) {
        questions.withLock { $0.removeValue(forKey: digest)?.cancel() }
        entries.withLock { $0[digest] = nil }
    }
}
