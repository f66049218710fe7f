import Fediverse
import Privacy
import Recommender
import Synchronization

/// What a viewer's own instance has lately said no to, so that the next slate is not the same again: an author whom the viewer
/// follows, a status that is gone or closed to them. Surrogates in memory only, for an hour.
///
/// Without it, whoever mostly acts on people they follow would be offered those people's statuses, see none of them, and get no
/// recommendation for as long as nothing else ranks higher.
final class Refusals: Sendable {
    static let keep = Instant.Span.hours(1)
    /// Refusals remembered for one token, and tokens remembered at all.
    private static let perToken = 2_000
    private static let tokens = 500

    private struct Refused {
        var authors: Set<AuthorKey> = []
        var posts: Set<PostKey> = []
        var since: Instant
    }

    private let refused = Mutex<[TokenDigest: Refused]>([:])

    func note(authors: some Sequence<AuthorKey>, posts: some Sequence<PostKey>, by token: TokenDigest, at now: Instant) {
        refused.withLock { refused in
            if refused.count >= Self.tokens, refused[token] == nil { refused = refused.filter { now - $0.value.since < Self.keep } }
            if refused.count >= Self.tokens, refused[token] == nil { refused.removeAll(keepingCapacity: true) }
            var known = refused[token] ?? Refused(since: now)
            if now - known.since >= Self.keep || known.authors.count + known.posts.count >= Self.perToken { known = Refused(since: now) }
            known.authors.formUnion(authors)
            known.posts.formUnion(posts)
            refused[token] = known
        }
    }

    /// The history with what was refused taken out of what may be recommended.
    func applied(to history: ReaderHistory, of token: TokenDigest, at now: Instant) -> ReaderHistory {
        guard let known = refused.withLock({ $0[token] }), now - known.since < Self.keep else { return history }
        var history = history
        history.suppressedAuthors.formUnion(known.authors)
        history.actedOn.formUnion(known.posts)
        return history
    }

    /// The viewer has followed, unfollowed, blocked or muted somebody.
    func forget(_ token: TokenDigest) { refused.withLock { $0[token] = nil } }
}
