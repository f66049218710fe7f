import Testing

struct PageTests {
    @Test func `every link to a file or a heading leads somewhere`() throws {
        var links = 0
        for page in try Repository.pages() {
            let folder = page.split(separator: "/").dropLast().joined(separator: "/")
            let markdown = Markdown(try Repository.text(page))
            for (_, target) in markdown.links where !target.contains("://") && !target.hasPrefix("mailto:") {
                links += 1
                let parts = target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                let path = parts[0].isEmpty ? page : Self.resolved(parts[0], from: folder)
                #expect(Repository.exists(path), "\(page): \(target)")
                if parts.count == 2, path.hasSuffix(".md"), Repository.exists(path) {
                    #expect(Markdown(try Repository.text(path)).anchors.contains(parts[1]), "\(page): \(target)")
                }
            }
        }
        #expect(links > 50)
    }

    @Test func `the README fits two screens and begins with the program's own sentence`() throws {
        let readme = try Repository.text("README.md")
        #expect(readme.split(separator: "\n", omittingEmptySubsequences: false).count <= 110)
        let sentence = try #require(Markdown(readme).prose.first { !$0.isEmpty })
        #expect(try CommandTree.load().command.abstract == sentence)
    }

    @Test func `the architecture names only files that are there, each by the link that leads to it`() throws {
        let page = try Repository.text("docs/architecture.md")
        let names = page.matches(of: #/[\w+]+\.swift/#).map { String($0.0) }
        #expect(names.count > 40)
        let files = try Repository.swiftFiles()
        for name in Set(names) { #expect(files.contains(name), "\(name)") }
        for (text, target) in Markdown(page).links where text.hasSuffix(".swift") {
            #expect(target.hasSuffix("/" + text), "\(text) leads to \(target)")
        }
    }

    @Test func `the architecture names every module in the order of the package`() throws {
        let package = try Repository.text("Package.swift")
        let declared = package.matches(of: #/(?:\bmodule\(|Library\(name: |\.target\(\s*name: |executableTarget\(\s*name: )"(\w+)"/#).map { String($0.1) }
            .filter { !["TestSupport", "LoopbackClient"].contains($0) }
        let table = try #require(Markdown(try Repository.text("docs/architecture.md")).section("The modules")).rows
        let named = table.flatMap { $0[0].matches(of: #/[A-Za-z]\w*(?=\]|`)/#).map { String($0.0) } }
        #expect(named.sorted() == declared.sorted())
        // OpenSSL and Zlib share a row, so rows are compared by their first module.
        let order = table.compactMap { row in row[0].firstMatch(of: #/[A-Za-z]\w*(?=\]|`)/#).map { String($0.0) } }
        #expect(order == declared.filter(order.contains))
    }

    private static func resolved(_ target: String, from folder: String) -> String {
        var parts = folder.split(separator: "/")
        for part in target.split(separator: "/") {
            if part == ".." { parts = parts.dropLast() } else if part != "." { parts.append(part) }
        }
        return parts.joined(separator: "/")
    }
}
