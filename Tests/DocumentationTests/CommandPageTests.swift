import FoundationEssentials
import Glibc
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

    /// What needs no instance is run; a service's flags are checked as `config check` checks them, which refuses what `serve` would.
    @Test func `the README's commands run as they stand, but for the folder of the key`() throws {
        let folder = FileManager.default.temporaryDirectory.path + "/sheltie-readme-\(getpid())"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let readme = Markdown(try Repository.text("README.md"))
        var ran: [String: Int] = [:]
        for call in (readme.code + readme.inlineCode).flatMap({ calls(in: $0) }) {
            let words = call.dropFirst().map { $0.replacing("/etc/sheltie/key", with: folder + "/key") }
            let line = call.joined(separator: " ")
            switch words.prefix(2).joined(separator: " ") {
            case "key create":
                let made = try Program.run(words)
                #expect(made.status == 0 && made.output.hasPrefix("Key "), "\(line): \(made.output)")
                var entry = stat()
                #expect(stat(folder + "/key", &entry) == 0 && entry.st_mode & 0o777 == 0o600, "\(line)")
                let status = try Program.run("key", "status", "--key-file", folder + "/key")
                #expect(status.status == 0, "\(line): \(status.output)")
                ran["key", default: 0] += 1
            case "config check":
                let checked = try Program.run(words)
                #expect(checked.status == 0 && checked.output.contains("upstream"), "\(line): \(checked.output)")
                ran["config", default: 0] += 1
            case let start where start.hasPrefix("serve"):
                let flags = Array(words.dropFirst())
                let checked = try Program.run(["config", "check", "--json"] + flags)
                try #require(checked.status == 0, "\(line): \(checked.output)")
                let given = try checked.decoded([String: Setting].self).values.filter { $0.from == "command line" }
                #expect(given.map(\.flag).sorted() == flags.filter { $0.hasPrefix("--") }.sorted(), "\(line)")
                ran["serve", default: 0] += 1
            default: continue
            }
        }
        #expect(ran == ["key": 1, "config": 1, "serve": 2])
        for words in [["--help"], ["--version"]] {
            let answer = try Program.run(words)
            #expect(answer.status == 0 && !answer.output.isEmpty, "\(words)")
        }
    }

    @Test func `scripts that the pages name are there`() throws {
        for page in try Repository.pages() {
            for match in try Repository.text(page).matches(of: #/(?:^|[\s`(])(scripts/[\w-]+)/#) {
                #expect(Repository.exists(String(match.1)), "\(page): \(match.1)")
            }
        }
    }
}
