import Fediverse
import HTTPTypes
import Testing
import Upstream

struct RateLimitTests {
    /// Sun, 01 Mar 2026 12:00:00 GMT
    private static let now = Instant(seconds: 1_772_366_400)

    @Test(arguments: [
        ("7", 7), ("0", 1), ("-5", nil), ("3600", 3_600), ("3601", 3_600), ("1000000000000", 3_600), ("soon", nil), ("", nil),
        ("Sun, 01 Mar 2026 12:00:30 GMT", 30), ("Sun, 01 Mar 2026 11:59:00 GMT", 1), ("Sun, 01 Mar 2026 23:00:00 GMT", 3_600),
    ] as [(String, Int64?)])
    func `Retry-After is read in both its forms, from a second to an hour`(text: String, seconds: Int64?) throws {
        let fields: HTTPFields = [try #require(HTTPField.Name("Retry-After")): text]
        #expect(RateLimit(fields, at: Self.now).retryAfter == seconds.map { .seconds($0) })
    }

    @Test(arguments: [("59", 59), ("0", 0), ("many", nil)] as [(String, Int?)])
    func `what is left of the window is read where it is a number`(text: String, remaining: Int?) throws {
        let fields: HTTPFields = [try #require(HTTPField.Name("X-RateLimit-Remaining")): text]
        #expect(RateLimit(fields).remaining == remaining)
    }
}
