import FoundationEssentials
import Testing

struct ReliabilityPageTests {
    @Test func `the page has each large test with its full count, all of it done, and no other`() throws {
        let counts = try JSONDecoder().decode([String: [String: Int]].self, from: Data(try Repository.text("Tests/counts.json").utf8))
        let rows = try #require(Markdown(try Repository.text("docs/reliability.md")).section("Large tests")).rows
        #expect(rows.map { $0[0] } == counts.keys.sorted())
        for row in rows {
            try #require(row.count == 6, "\(row)")
            #expect(Int(row[1]) == counts[row[0]]?["full"], "\(row[0])")
            #expect(row[2] == row[1] && row[3] == "0", "\(row[0])")
        }
    }

    @Test func `each large test has a count, and each count a large test with the seed that the page names`() throws {
        let counts = try JSONDecoder().decode([String: [String: Int]].self, from: Data(try Repository.text("Tests/counts.json").utf8))
        let rows = try #require(Markdown(try Repository.text("docs/reliability.md")).section("Large tests")).rows
        var seeds: [String: String] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: Repository.top + "/Tests") where path.hasSuffix("Tests.swift") {
            for match in try Repository.text("Tests/" + path).matches(of: #/= LargeTest\("([\w-]+)", seed: ([\d_]+)\)/#) {
                seeds[String(match.1)] = match.2.filter { $0 != "_" }
            }
        }
        #expect(seeds.keys.sorted() == counts.keys.sorted())
        for row in rows { #expect(row[4] == seeds[row[0]], "\(row[0])") }
    }
}
