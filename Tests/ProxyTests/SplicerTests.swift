import Fediverse
import Privacy
import Testing

@testable import Proxy

struct SplicerTests {
    @Test func `entries are put between upstream's bytes, which stay as they are`() throws {
        let body = Array(" [ {\"id\":\"9\",\"created_at\":\"\"} ,\n{\"id\":\"7\",\"created_at\":\"\"},{\"id\":\"5\",\"created_at\":\"\"} ]\n".utf8)
        let posts = PagePost.page(try StatusSlices(body), of: "1")
        let insertion = PagePlan.Insertion(post: PostKey(1), innerID: "1", gap: 1, shownAs: "8", above: "9", below: "7", createdAt: "", standing: nil)
        let result = Array(Splicer.splice(body, entries: posts, plan: PagePlan(kept: 2, insertions: [insertion], nextCursor: "7"), inserted: [Array("{}".utf8)]).joined())
        #expect(String(decoding: result, as: UTF8.self) == " [ {\"id\":\"9\",\"created_at\":\"\"},{} ,\n{\"id\":\"7\",\"created_at\":\"\"} ]\n")
        #expect(Array(Splicer.splice(body, entries: posts, plan: .unchanged(3), inserted: []).joined()) == body)
    }

    @Test(arguments: [
        ("2026-11-21T07:07:12.000Z", "2026-11-21T07:07:00.000Z", 1, "2026-11-21T07:07:11.999Z"),
        ("2026-03-01T00:00:00.001Z", "2026-02-01T00:00:00.000Z", 2, "2026-02-28T23:59:59.999Z"),
        ("2026-11-21T07:07:12.001Z", "2026-11-21T07:07:12.000Z", 5, "2026-11-21T07:07:12.000Z"),
        ("2026-11-21T07:07:12.000Z", "2026-11-21T07:07:12.000Z", 1, "2026-11-21T07:07:12.000Z"),
        ("2026-11-21T07:07:12.000Z", "2026-11-21T08:00:00.000Z", 1, "2026-11-21T07:07:12.000Z"),
        ("2026-11-21T07:07:12Z", "2026-11-21T07:07:00Z", 1, "2026-11-21T07:07:12Z"),
        ("yesterday", "2026-11-21T07:07:00Z", 1, "yesterday"),
    ])
    func `a wrapper's time falls between its neighbours, in their form`(above: String, below: String, steps: Int64, time: String) {
        #expect(WireTime.between(above, below, steps: steps) == time)
    }
}

struct PageLinksTests {
    private let links = PageLinks(upstream: "social.example", links: OwnLinks(base: "https://proxy.example"))
    private let home = "/api/v1/timelines/home"

    @Test func `only the instance's own scheme and host are replaced`() {
        let value = "<https://Social.example/api/v1/x?max_id=1&a=https://social.example/>;  rel=\"next\", <https://other.example/y>; rel=prev,<http://social.example>; rel=\"z\""
        #expect(links.rewritten(value) == "<https://proxy.example/api/v1/x?max_id=1&a=https://social.example/>;  rel=\"next\", <https://other.example/y>; rel=prev,<https://proxy.example>; rel=\"z\"")
        #expect(links.rewritten("") == "")
        #expect(links.rewritten("<https://social.example.evil/x>") == "<https://social.example.evil/x>")
    }

    @Test func `next comes first with the last entry kept and its other parameters as they were`() {
        let value = "<https://social.example\(home)?min_id=99>; rel=\"prev\", <https://social.example\(home)?limit=20&local=false&max_id=50&x=%5B>; rel=\"next\""
        #expect(links.header(value, next: "55", path: home, query: "limit=20")
            == "<https://proxy.example\(home)?limit=20&local=false&max_id=55&x=%5B>; rel=\"next\", <https://proxy.example\(home)?min_id=99>; rel=\"prev\"")
    }

    @Test func `without upstream's next one is made from what was asked`() {
        let value = "<https://social.example\(home)?min_id=99>; rel=\"prev\""
        #expect(links.header(value, next: "55", path: home, query: "limit=20&max_id=100&label=json", own: ["label"])
            == "<https://proxy.example\(home)?limit=20&label=json&max_id=55>; rel=\"next\", <https://proxy.example\(home)?min_id=99&label=json>; rel=\"prev\"")
        #expect(links.header(nil, next: "55", path: home, query: nil) == "<https://proxy.example\(home)?max_id=55>; rel=\"next\"")
    }
}
