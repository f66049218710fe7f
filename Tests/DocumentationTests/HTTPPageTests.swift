import FoundationEssentials
import Testing

struct HTTPPageTests {
    @Test func `the page has every header of ours, and no other`() throws {
        var sent: Set<String> = ["Server-Timing"]
        for path in try FileManager.default.subpathsOfDirectory(atPath: Repository.top + "/Sources") where path.hasSuffix(".swift") {
            for match in try Repository.text("Sources/" + path).matches(of: #/"(X-Sheltie-[\w-]+)"/#) { sent.insert(String(match.1)) }
        }
        #expect(sent.count >= 4)
        let rows = try #require(Markdown(try Repository.text("docs/http.md")).section("Headers that we add")).rows
        #expect(rows.compactMap { $0[0].unquoted }.sorted() == sent.sorted())
    }
}
