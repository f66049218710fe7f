import Testing

struct CommandPageTests {
    @Test func `every command has an example in its help that the program takes`() throws {
        let tree = try CommandTree.load()
        #expect(tree.leaves.count > 15)
        for (path, command) in tree.leaves {
            #expect(!command.examples.isEmpty, "\(path)")
            for example in command.examples {
                let found = calls(in: example)
                #expect(found.contains { $0.joined(separator: " ").hasPrefix(path) }, "\(path): \(example)")
                for call in found { #expect(tree.fault(of: call, whole: true) == nil, "\(path): \(example)") }
            }
        }
    }

    @Test func `no example is broken where a terminal has 80 columns`() throws {
        for (path, command) in try CommandTree.load().leaves {
            let lines = try Program.run(path.split(separator: " ").dropFirst().map(String.init) + ["--help"]).output.split(separator: "\n")
            for example in command.examples { #expect(lines.contains { $0.count <= 80 && $0.hasSuffix(example) }, "\(path): \(example)") }
        }
    }

    @Test func `the page has every command with its example and its own flags, and no other`() throws {
        let tree = try CommandTree.load()
        let common = Set(try Setting.all().values.map(\.flag) + ["--config", "--help", "--version"])
        let sections = Markdown(try Repository.text("docs/cli.md")).sections.filter { $0.level == 3 }
        #expect(sections.map(\.title).sorted() == tree.leaves.map(\.path).sorted())
        for (path, command) in tree.leaves {
            guard let section = sections.first(where: { $0.title == path }) else { continue }
            for example in command.examples { #expect(section.lines.contains(example), "\(path): \(example)") }
            let own = (command.arguments ?? []).flatMap { $0.names ?? [] }.filter { $0.kind == "long" }.map { "--" + $0.name }
            let told = section.rows.compactMap { $0[0].unquoted }.filter { $0.hasPrefix("-") }.map { String($0.prefix { $0 != " " }) }
            #expect(Set(told) == Set(own).subtracting(common), "\(path)")
        }
    }

    @Test func `every call of the program in the pages is one that it takes`() throws {
        let tree = try CommandTree.load()
        var count = 0
        for page in try Repository.pages() {
            let markdown = Markdown(try Repository.text(page))
            for line in markdown.code {
                for call in calls(in: line) {
                    count += 1
                    #expect(tree.fault(of: call, whole: true) == nil, "\(page): \(line)")
                }
            }
            for code in markdown.inlineCode where code.hasPrefix("sheltie ") {
                for call in calls(in: code) {
                    count += 1
                    #expect(tree.fault(of: call, whole: false) == nil, "\(page): \(code)")
                }
            }
        }
        #expect(count > 40)
    }

    @Test func `scripts that the pages name are there`() throws {
        for page in try Repository.pages() {
            for match in try Repository.text(page).matches(of: #/(?:^|[\s`(])(scripts/[\w-]+)/#) {
                #expect(Repository.exists(String(match.1)), "\(page): \(match.1)")
            }
        }
    }
}
