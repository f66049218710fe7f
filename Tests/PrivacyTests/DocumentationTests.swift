import Glibc
import Privacy
import Testing

@Suite struct DocumentationTests {
    @Test func `the state table in the documentation is the one that decides`() throws {
        let page = try #require(read("docs/privacy.md"))
        #expect(page.contains(KeepingPolicy.standard.table))
    }

    @Test func `the personal tables in the documentation have the columns, purposes and level rules of the state table`() throws {
        let page = try #require(read("docs/database.md"))
        let keeping = KeepingPolicy.standard
        for table in keeping.personalTables {
            let start = try #require(page.firstRange(of: "### \(table.name)\n")).upperBound
            let end = page[start...].firstRange(of: "\n### ")?.lowerBound ?? page.endIndex
            #expect(page[start..<end].contains(keeping.columns(of: table)), "\(table.name)")
        }
    }

    @Test func `the documentation publishes the test vector that the product gives`() throws {
        let page = try #require(read("docs/privacy.md"))
        let pseudonymizer = Pseudonymizer(try MasterKey(bytes: publishedKey))
        let alias = try pseudonymizer.alias(domain: "mastodon.example", accountID: "109876543210")
        #expect(page.contains(alias.hex) && page.contains(pseudonymizer.keyID))
    }
}

/// A file of this repository, by its path from the top.
func read(_ path: String) -> String? {
    let top = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
    let descriptor = open("\(top)/\(path)", O_RDONLY)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = Glibc.read(descriptor, &bytes, bytes.count)
    return count < 0 ? nil : String(decoding: bytes[..<count], as: UTF8.self)
}
