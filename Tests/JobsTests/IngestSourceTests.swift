import Fediverse
import HTTPTypes
import Testing

@testable import Jobs
@testable import Upstream

/// How the pages of a source follow each other.
struct IngestSourceTests {
    /// A page of statuses from `newest` down to `oldest`.
    private static func page(_ newest: Int, _ oldest: Int, next: String? = nil, malformed: Int = 0) throws -> StatusPage {
        let statuses = try stride(from: newest, through: oldest, by: -1).map {
            try StatusReader.status(in: Array(ScriptedStatus(id: $0).json.utf8))
        }
        return StatusPage(statuses: statuses, malformed: malformed, next: next, rateLimit: RateLimit([:]))
    }

    @Test(arguments: [
        ("public", IngestSource.public, "/api/v1/timelines/public?limit=40"),
        ("local", .local, "/api/v1/timelines/public?limit=40&local=true"),
        ("trends", .trends, "/api/v1/trends/statuses?limit=40"),
        ("tag:Été", .tag("été"), "/api/v1/timelines/tag/%C3%A9t%C3%A9?limit=40"),
    ])
    func `a source has a name and a first page`(name: String, source: IngestSource, first: String) {
        #expect(IngestSource(name: name) == source)
        #expect(source.name == name.lowercased())
        #expect(source.firstPage == first)
    }

    @Test(arguments: ["", "home", "tag:", "Public", "list:1"])
    func `another name is no source`(name: String) { #expect(IngestSource(name: name) == nil) }

    @Test func `the next page is the Link's, asked of the instance that is read`() throws {
        let page = try Self.page(9, 7, next: "https://s.example/api/v1/timelines/public?limit=40&max_id=7&x=1")
        #expect(IngestSource.public.nextPage(after: page, newestKnown: nil) == "/api/v1/timelines/public?limit=40&max_id=7&x=1")
    }

    @Test(arguments: [
        // The oldest of the page is 7: known is what is not older than it.
        (nil, true), ("6", true), ("7", false), ("8", false), ("100", false),
    ])
    func `what is known already is not asked for again`(known: String?, goesOn: Bool) throws {
        let page = try Self.page(9, 7, next: "https://s.example/api/v1/timelines/public?max_id=7")
        #expect((IngestSource.public.nextPage(after: page, newestKnown: known) != nil) == goesOn)
    }

    @Test func `without a Link a full page has one after it, and another has not`() throws {
        let full = "/api/v1/timelines/public?limit=40&local=true&max_id=11"
        #expect(IngestSource.local.nextPage(after: try Self.page(50, 11), newestKnown: nil) == full)
        #expect(IngestSource.local.nextPage(after: try Self.page(49, 11), newestKnown: nil) == nil)
        // What could not be read has filled the page as well.
        #expect(IngestSource.local.nextPage(after: try Self.page(49, 11, malformed: 1), newestKnown: nil) == full)
        #expect(IngestSource.local.nextPage(after: try Self.page(50, 11), newestKnown: "11") == nil)
    }

    @Test func `trends are one page and have no newest`() throws {
        let page = try Self.page(50, 11, next: "https://s.example/api/v1/trends/statuses?offset=40")
        #expect(IngestSource.trends.nextPage(after: page, newestKnown: nil) == nil)
        #expect(IngestSource.trends.later("50", than: nil) == nil)
    }

    @Test(arguments: [
        ("9", nil, "9"), ("9", "10", "10"), ("10", "9", "10"), ("10", "10", "10"), ("01HZ", "01HA", "01HZ"), ("01HA", "01HZ", "01HZ"),
    ])
    func `a later id is longer, or greater in its letters`(id: String, known: String?, later: String) {
        #expect(IngestSource.public.later(id, than: known) == later)
    }
}
