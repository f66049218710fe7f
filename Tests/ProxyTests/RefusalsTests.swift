import Fediverse
import Privacy
import Recommender
import Testing

@testable import Proxy

struct RefusalsTests {
    private let start = Instant(seconds: 1_795_000_000)

    @Test func `what was refused to a person is not recommended to them for an hour`() throws {
        let (refusals, tokens) = (Refusals(), try TokenCache())
        let (reader, other) = (tokens.digest(of: "reader"), tokens.digest(of: "other"))
        refusals.note(authors: [AuthorKey(7)], posts: [PostKey(3)], by: reader, at: start)
        let history = refusals.applied(to: ReaderHistory(), of: reader, at: start + .minutes(59))
        #expect(history.suppressedAuthors == [AuthorKey(7)] && history.actedOn == [PostKey(3)])
        #expect(refusals.applied(to: ReaderHistory(), of: other, at: start).suppressedAuthors.isEmpty)
        #expect(refusals.applied(to: ReaderHistory(), of: reader, at: start + .hours(1)).actedOn.isEmpty)
    }

    @Test func `a person who follows or unfollows somebody is asked about anew`() throws {
        let (refusals, tokens) = (Refusals(), try TokenCache())
        let reader = tokens.digest(of: "reader")
        refusals.note(authors: [AuthorKey(7)], posts: [PostKey](), by: reader, at: start)
        refusals.forget(reader)
        #expect(refusals.applied(to: ReaderHistory(), of: reader, at: start).suppressedAuthors.isEmpty)
    }
}
