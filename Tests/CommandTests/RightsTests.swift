import Glibc
import Testing

/// The rights of a person by the commands, over two installations.
@Suite(.serialized) struct RightsTests {
    private static let alias = String(repeating: "a", count: 64)
    private static let author = String(repeating: "b", count: 64)

    /// An installation with one person at a level.
    private static func installed(_ level: String = "FULL") throws -> Program {
        let program = try Program()
        #expect(try program.run(line: "setup --upstream https://social.example").code == 0)
        if level != "NONE" { #expect(try run(program, "privacy set --level \(level)").code == 0) }
        return program
    }

    private static func run(_ program: Program, _ line: String) throws -> Program.Answer {
        try program.run(line: line + " --alias \(alias) --upstream https://social.example")
    }

    @Test func `going up, the person is told what they agree to`() throws {
        let program = try Self.installed("NONE")
        let answer = try Self.run(program, "privacy set --level LIMITED")
        #expect(answer.code == 0 && answer.output.hasPrefix("The level is LIMITED.\n"))
        #expect(answer.errors.hasPrefix("You agree to this. At LIMITED Sheltie keeps") && answer.errors.contains("14 days"))
        #expect(try Self.run(program, "privacy set --level NONE").errors.isEmpty)
    }

    @Test func `settings and suppressions go to another installation by a zip that other programs read`() throws {
        let (here, there) = (try Self.installed(), try Self.installed())
        #expect(try Self.run(here, "preferences set label json").code == 0)
        #expect(try Self.run(here, "suppressions add reason:popular").output == "Held back.\n")
        #expect(try Self.run(here, "suppressions add author:\(Self.author) --until 2099-01-31T10:30:00Z").code == 0)
        let made = try Self.run(here, "privacy export --zip mine.zip")
        #expect(made.code == 0 && made.output.isEmpty && made.errors == "Written: mine.zip\n")
        var entry = stat()
        #expect(stat(here.folder + "/mine.zip", &entry) == 0 && entry.st_mode & 0o777 == 0o600)
        #expect(try Self.run(here, "privacy export --zip -").output.utf8.starts(with: "PK".utf8))
        #expect(system("cd '\(here.folder)' && python3 -c 'import zipfile; z = zipfile.ZipFile(\"mine.zip\"); assert z.testzip() is None and len(z.namelist()) == 12'") == 0)

        there.write(here.bytes(of: "mine.zip"), to: "mine.zip")
        let taken = try Self.run(there, "privacy import --file mine.zip")
        #expect(taken.code == 0, "\(taken.errors)")
        // Two installations have two keys: the author is somebody else there.
        #expect(taken.output == """
            author_preferences: 0 taken
            preferences: 1 taken
            suppressions: 1 taken
            Authors that cannot be known again here, because another installation's key made their ids: 1.

            """)
        #expect(try Self.run(there, "suppressions list").output.contains("popular"))
        #expect(try Self.run(there, "preferences show --json").output == "{\"label\":\"json\"}\n")
        #expect(try Self.run(there, "suppressions remove reason:popular").output == "suppressions: 1 removed\n")
        #expect(try Self.run(there, "suppressions list").output == "Nothing is held back.\n")
    }

    @Test func `rows are removed one by one, and the last hour at once`() throws {
        let program = try Self.installed()
        for (post, type) in [("post-1", "favorite"), ("post-2", "boost")] {
            #expect(try Self.run(program, "interactions add --post \(post) --type \(type)").code == 0)
        }
        #expect(try Self.run(program, "privacy remove interaction post-1 favorite").output.hasPrefix("user_interactions: 1 removed\n"))
        #expect(try Self.run(program, "privacy remove interaction post-1 favorite").output == "There was nothing to remove.\n")
        #expect(try Self.run(program, "privacy forget --json").output == "{\"removed\":{\"author_preferences\":1,\"user_interactions\":1}}\n")
        #expect(try Self.run(program, "interactions list").output == "Nothing is kept.\n")
        #expect(try Self.run(program, "preferences set mode off").code == 0)
        #expect(try Self.run(program, "privacy remove setting mode").output == "preferences: 1 removed\n")
    }

    @Test func `the report at NONE is one sentence in every form, with exit code 0`() throws {
        let program = try Self.installed("NONE")
        let text = try Self.run(program, "privacy report")
        #expect(text.code == 0 && text.output == "Nothing is stored about you.\n\n" && text.errors.isEmpty)
        #expect(try Self.run(program, "privacy report --json").output.contains(#""statement": "Nothing is stored about you.""#))
        #expect(try Self.run(program, "privacy report --csv").output.contains("\"Nothing is stored about you.\"\r\n"))
    }

    @Test(arguments: [
        ("privacy export --zip there.zip", 73, "a file of this name"), ("privacy export --zip no/where.zip", 73, "cannot be made"),
        ("privacy import --file nowhere.zip", 66, "cannot be read"), ("privacy import --file there.zip", 65, "neither an export"),
        ("privacy import --file other.json", 65, "no export of Sheltie"), ("privacy import --file wrong.json", 65, "row 1 of preferences"),
        ("privacy remove interaction post-1", 64, "needs its type"), ("privacy remove row 1", 64, "a row is"), ("privacy remove author x", 64, "64 hex digits"),
        ("privacy remove recommendation x", 64, "a number"), ("privacy remove suppression popular", 64, "author:AUTHOR_ID"),
        ("privacy remove setting mode favorite", 64, "only an interaction"), ("privacy forget --hours 25", 64, "1 to 24"),
        ("suppressions add reason:@alice@a.example", 64, "author:AUTHOR_ID"), ("suppressions add reason:popular --until 2020-01-01", 64, "in the future"),
        ("preferences set languages @alice@a.example", 64, "languages may say"),
    ])
    func `what is wrong is one line and an exit code, and changes nothing`(line: String, code: Int, words: String) throws {
        let program = try Self.installed()
        program.write("no zip", to: "there.zip")
        program.write("{}", to: "other.json")
        program.write(#"{"schema":"sheltie-export/1","tables":{"suppressions":[{"subject_kind":"reason","subject":"fresh","set_at":"2026-01-01"}],"preferences":[{"name":"mode","value":"sideways"}]}}"#, to: "wrong.json")
        let before = try Self.run(program, "privacy export").output
        let answer = try Self.run(program, line)
        #expect(answer.code == Int32(code) && answer.output.isEmpty, "\(answer.code) \(answer.output)")
        #expect(answer.complaints.count == 1 && answer.errors.hasPrefix("sheltie: ") && answer.errors.contains(words), "\(answer.errors)")
        #expect(try Self.run(program, "privacy export").output == before)
    }

    @Test func `at NONE nothing is taken, and it says so`() throws {
        let (here, none) = (try Self.installed(), try Self.installed("NONE"))
        #expect(try Self.run(here, "preferences set label json").code == 0)
        #expect(try Self.run(here, "privacy export --zip mine.zip").code == 0)
        none.write(here.bytes(of: "mine.zip"), to: "mine.zip")
        for line in ["privacy import --file mine.zip", "suppressions add reason:popular", "preferences set label json"] {
            let answer = try Self.run(none, line)
            #expect(answer.code == 77 && answer.complaints.count == 1 && answer.errors.contains("at level NONE nothing is kept"), "\(answer.errors)")
        }
    }
}
