import Fediverse
import Testing

@testable import Proxy

struct SentLatelyTests {
    private let start = Instant(seconds: 1_795_000_000)

    @Test func `what a client was sent is known for half a day at least, and a day at most`() throws {
        let (sent, tokens) = (SentLately(), try TokenCache())
        let (reader, other) = (tokens.digest(of: "reader"), tokens.digest(of: "other"))
        sent.note(["1", "https://far.example/1"], by: reader, at: start)
        #expect(sent.contains(["2", "1"], by: reader, at: start + .hours(11)))
        #expect(sent.contains(["https://far.example/1"], by: reader, at: start + .hours(11)))
        #expect(!sent.contains(["2"], by: reader, at: start) && !sent.contains(["1"], by: other, at: start))
        sent.note(["2"], by: reader, at: start + .hours(13))
        #expect(sent.contains(["1"], by: reader, at: start + .hours(23)))
        #expect(!sent.contains(["1"], by: reader, at: start + .hours(26)))
        #expect(sent.contains(["2"], by: reader, at: start + .hours(26)))
        sent.forget(reader)
        #expect(!sent.contains(["2"], by: reader, at: start + .hours(26)))
    }

    @Test func `many statuses push out only the oldest`() throws {
        let (sent, tokens) = (SentLately(), try TokenCache())
        let reader = tokens.digest(of: "reader")
        for page in 0..<60 { sent.note((0..<40).map { StatusName("\(page)-\($0)") }, by: reader, at: start) }
        #expect(!sent.contains(["0-0"], by: reader, at: start))
        #expect((35..<60).allSatisfy { sent.contains([StatusName("\($0)-7")], by: reader, at: start) })
    }
}
