import FoundationEssentials
import Glibc
import Testing

struct SettingsPageTests {
    @Test func `the page has each setting with its names, default and sentence, and no other`() throws {
        let documented = try #require(Markdown(try Repository.text("docs/settings.md")).section("Settings")).rows
        let wanted = try Setting.all().values.map { setting in
            ["`\(setting.flag)`", "`\(setting.environment)`", "`\(setting.key)`", setting.default.isEmpty ? "none" : "`\(setting.default)`", setting.sentence]
        }
        #expect(wanted.count > 10)
        for row in wanted where !documented.contains(row) { Issue.record("docs/settings.md lacks | \(row.joined(separator: " | ")) |") }
        for row in documented where !wanted.contains(row) { Issue.record("docs/settings.md has no setting | \(row.joined(separator: " | ")) |") }
        #expect(documented.count == wanted.count)
    }

    @Test func `the sample file is read as it stands`() throws {
        let sample = try #require(Markdown(try Repository.text("docs/settings.md")).fences.first { $0.language == "yaml" }).text
        let path = FileManager.default.temporaryDirectory.path + "/sheltie-sample-\(getpid()).yaml"
        try sample.write(toFile: path, atomically: true, encoding: .utf8)
        defer { unlink(path) }
        let checked = try Program.run("config", "check", "--json", "--config", path)
        try #require(checked.status == 0, "\(checked.output)")
        let read = try checked.decoded([String: Setting].self).values.filter { $0.from == "file" }
        let written = sample.split(separator: "\n").map { String($0.prefix { $0 != ":" }) }
        #expect(Set(read.map(\.key)) == Set(written))
        for line in sample.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1).map { $0.drop { $0 == " " } }
            #expect(read.first { $0.key == parts[0] }?.value == String(parts[1]))
        }
    }

    @Test func `the README's settings are settings, with their defaults`() throws {
        let settings = try Setting.all()
        let rows = try #require(Markdown(try Repository.text("README.md")).section("Settings")).rows
        #expect(rows.count >= 5)
        for row in rows {
            for flag in row[0].split(separator: ",").map({ $0.filter { $0 != " " } }) {
                let setting = try #require(settings[String(flag.unquoted?.dropFirst(2) ?? "")], "\(flag)")
                #expect(row[1].isEmpty || row[1] == (setting.default.isEmpty ? "none" : "`\(setting.default)`"), "\(flag)")
            }
        }
    }

    @Test func `the unit for systemd gives settings, keeps the key to memory and its companions where they can be written`() throws {
        let unit = try Repository.text("deploy/sheltie.service").split(separator: "\n")
        let start = try #require(unit.first { $0.hasPrefix("ExecStart=") })
        let words = start.split(separator: " ").map(String.init)
        let flags = words.filter { $0.hasPrefix("--") }
        let known = try Set(Setting.all().values.map(\.flag)).union(["--config"])
        #expect(flags.count == 4)
        for flag in flags { #expect(known.contains(flag), "\(flag)") }
        let key = try #require(words.firstIndex(of: "--key-file")), records = try #require(words.firstIndex(of: "--key-records"))
        #expect(words[key + 1].hasPrefix("%d/"))
        let folders = try #require(unit.first { $0.hasPrefix("StateDirectory=") }).dropFirst("StateDirectory=".count).split(separator: " ")
        #expect(folders.contains { words[records + 1].hasPrefix("/var/lib/\($0)/") })
    }

    @Test(arguments: [
        ["--listen", "0.0.0.0:80"], ["--public-url", "home.example"], ["--upstream", "http://social.example"], ["--policy", "best"],
        ["--content-days", "8"], ["--candidates", "many"], ["--ingest-sources", "everything"], ["--log-level", "loud"],
        ["--database", "postgresq://x"], ["--default-level", "full"], ["--consent", "none"],
        ["--deny-instance", "https://social.example"], ["--deny-instance", "10.0.0.1"], ["--stream", "everything"], ["--metrics-listen", "9100"],
    ])
    func `config check refuses what the service would refuse`(arguments: [String]) throws {
        let checked = try Program.run("config", "check", arguments[0], arguments[1])
        #expect(checked.status == 78, "\(checked.output)")
        #expect(checked.output.split(separator: "\n").count == 1)
    }
}
