import Glibc
import Testing

/// The command line as Corgi's documentation has it, `sheltie` in place of `python cli.py`.
@Suite(.serialized) struct DocumentedCommandsTests {
    /// The example block of the documentation, line for line.
    private static let documented = [
        "setup --seed",
        "view_interactions --alias <alias_id>",
        "view_recommendations --alias <alias_id>",
        "db_info",
        "migrate",
    ]

    /// The documented commands with their documented flags.
    private static let flags = [
        "seed_users",
        "view_interactions --alias <alias_id> --limit 3",
        "view_recommendations --alias <alias_id> --limit 3 --no-log",
        "view_recommendations --cold-start --limit 3",
        "view_privacy --alias <alias_id>",
        "import_posts --file posts.json",
        "add_interaction --alias <alias_id> --post post_456 --type favorite --context '{\"source\":\"timeline\",\"position\":3}'",
        "interactions list --alias <alias_id> --json",
        "interactions export --alias <alias_id>",
        "recommendations list --user seed_user_2 --limit 2",
        "recommendations explain post_456 --alias <alias_id>",
        "posts list --tag corgi --language en",
        "posts search sample post",
        "posts show post_456 --json",
        "update_privacy --alias <alias_id> --level LIMITED",
        "wipe_database --confirm",
        "setup --reset",
    ]

    private static let posts = """
        {"posts": [{"post_id": "post_456", "author_id": "author_789", "author_name": "Jane Smith", "content": "This is a sample post",
        "created_at": "2025-04-22T10:30:00", "language": "en", "tags": ["corgi", "recommendations"]}]}
        """

    /// A folder after `setup --seed`, and the alias of the first invented person.
    private static func seeded() throws -> (Program, alias: String) {
        let program = try Program()
        let answer = try program.run(line: "setup --seed")
        let alias = answer.output.split { $0 == " " || $0 == "\n" }.first { $0.utf8.count == 64 && $0.allSatisfy(\.isHexDigit) }
        return (program, String(try #require(alias, "\(answer.errors)")))
    }

    @Test func `every documented line runs in an empty folder, and the flags after it`() throws {
        let (program, alias) = try Self.seeded()
        program.write(Self.posts, to: "posts.json")
        for line in Self.documented + Self.flags {
            let answer = try program.run(line: line.replacing("<alias_id>", with: alias))
            #expect(answer.code == 0, "\(line): \(answer.errors)")
            #expect(!answer.output.isEmpty, "\(line)")
            #expect(answer.errors.isEmpty, "\(line): \(answer.errors)")
        }
    }

    @Test func `db_info says what the documentation lists`() throws {
        let (program, _) = try Self.seeded()
        let answer = try program.run(line: "db_info")
        for part in ["\"db_type\":\"sqlite\"", "\"tables\":[", "\"table_counts\":{", "\"in_memory\":false", "\"url\":\"sqlite:///./sheltie.db\"", "\"post_metadata\":60"] {
            #expect(answer.output.contains(part), "\(part) in \(answer.output)")
        }
    }

    @Test(arguments: [
        ("migrate", ["CORGI_DB_URL=sqlite:///corgi.db"], "corgi.db"),
        ("migrate", ["CORGI_DB_URL=corgi.db"], "corgi.db"),
        ("migrate", ["CORGI_DB_URL=sqlite:///FOLDER/corgi.db"], "corgi.db"),
        ("migrate", ["CORGI_DB_URL=sqlite:///corgi.db", "SHELTIE_DATABASE=own.db"], "own.db"),
        ("migrate --database flag.db", ["CORGI_DB_URL=sqlite:///corgi.db", "SHELTIE_DATABASE=own.db"], "flag.db"),
        ("migrate", [], "file.db"),
    ])
    func `CORGI_DB_URL names the database where neither a flag nor our own variable does, before the file`(
        line: String, environment: [String], made: String
    ) throws {
        let program = try Program()
        program.write("database: file.db\n", to: "sheltie.yaml")
        let answer = try program.run(line: line, environment: environment.map { $0.replacing("FOLDER", with: program.folder) })
        #expect(answer.code == 0, "\(answer.errors)")
        #expect(program.files().filter { $0.hasSuffix(".db") } == [made])
    }

    @Test func `setup again makes nothing anew, and the same seed is the same`() throws {
        let (program, alias) = try Self.seeded()
        let key = program.bytes(of: "sheltie.key")
        let again = try program.run(line: "setup --seed")
        #expect(program.bytes(of: "sheltie.key") == key)
        #expect(again.output.contains(alias))
        #expect(try program.run(line: "db_info").output.contains("\"post_metadata\":60"))
    }

    @Test func `an added act is listed, and at NONE it is not kept`() throws {
        let (program, alias) = try Self.seeded()
        let added = try program.run(line: "add_interaction --alias \(alias) --post post_9 --type reblog")
        #expect(added.output == "Recorded.\n")
        let listed = try program.run(line: "view_interactions --alias \(alias) --limit 1 --json")
        #expect(listed.output.contains("\"post_id\":\"post_9\",\"interaction_type\":\"BOOST\""))

        #expect(try program.run(line: "update_privacy --alias \(alias) --level NONE").code == 0)
        let refused = try program.run(line: "add_interaction --alias \(alias) --post post_9 --type reblog")
        #expect(refused.output == "Not kept: the person's privacy level does not allow it.\n")
        #expect(try program.run(line: "view_interactions --alias \(alias) --json").output == "[]\n")
        #expect(try program.run(line: "view_privacy --alias \(alias)").output.contains("Nothing is stored about you."))
    }

    @Test func `no-log writes no log, and without it what was given is logged`() throws {
        let (program, alias) = try Self.seeded()
        #expect(try program.run(line: "view_recommendations --alias \(alias) --limit 4 --no-log").code == 0)
        #expect(try program.run(line: "db_info").output.contains("\"recommendation_logs\":0"))
        #expect(try program.run(line: "view_recommendations --alias \(alias) --limit 4").code == 0)
        #expect(try program.run(line: "db_info").output.contains("\"recommendation_logs\":4"))
    }

    @Test func `an imported file is counted, and its bad rows are named by their place`() throws {
        let (program, _) = try Self.seeded()
        program.write(#"[{"post_id":"a","author_id":"x","created_at":"2025-04-22T10:30:00"},{"post_id":"b"},{"post_id":"c","favorites":"many"}]"#, to: "some.json")
        let answer = try program.run(line: "import_posts --file some.json --json")
        #expect(answer.code == 65)
        #expect(answer.output.hasPrefix(#"{"ok":1,"errors":[{"index":1,"reason":"author_id must"#))
        #expect(answer.output.contains(#"{"index":2,"reason":"unexpected JSON value"#))
        #expect(answer.complaints.count == 1)
        #expect(answer.errors.hasPrefix("sheltie: row 1 was not imported: author_id must be"))
    }

    @Test func `a search finds what has all words in any case, newest first, and says so where no text is kept`() throws {
        let (program, _) = try Self.seeded()
        // Texts of the last days are kept.
        func post(_ id: String, hoursAgo: Int, _ text: String) -> String {
            var (moment, parts) = (time(nil) - hoursAgo * 3_600, tm())
            gmtime_r(&moment, &parts)
            let date = String(unsafeUninitializedCapacity: 32) { bytes in
                bytes.withMemoryRebound(to: CChar.self) { strftime($0.baseAddress, $0.count, "%Y-%m-%dT%H:%M:%S", &parts) }
            }
            return #"{"post_id":"\#(id)","author_id":"x","created_at":"\#(date)","content":"\#(text)"}"#
        }
        let posts = [
            post("old", hoursAgo: 3, "Über 100% zauerteig quendelbrot"), post("new", hoursAgo: 2, "Zauerteig, and #QUENDELBROT again"),
            post("other", hoursAgo: 1, "1000 loaves of quendelbrot, over_rated"),
        ]
        program.write("[" + posts.joined(separator: ",") + "]", to: "some.json")
        #expect(try program.run(line: "posts import some.json").code == 0)
        func found(_ words: String) throws -> [Substring] {
            let answer = try program.run(line: "posts search \(words) --json")
            #expect(answer.code == 0 && answer.errors.isEmpty, "\(answer.errors)")
            return answer.output.matches(of: /"post_id":"([a-z]+)"/).map(\.1)
        }
        #expect(try found("QUENDELBROT zauerteig") == ["new", "old"])
        #expect(try found("quendelbrot --limit 1") == ["other"])
        #expect(try found("'zauerteig quendelbrot'") == ["new", "old"])
        #expect(try found("über") == ["old"])
        #expect(try found("ÜBER") == ["old"])
        #expect(try found("#quendelbrot") == ["new"])
        // What LIKE would take for any text or any letter.
        #expect(try found("100% quendelbrot") == ["old"])
        #expect(try found("r_r") == ["other"])
        #expect(try found("nothing-of-this") == [])
        let table = try program.run(line: "posts search loaves").output.split(separator: "\n")
        #expect(table.first?.hasPrefix("post ") == true && table.last?.hasPrefix("other ") == true)
        #expect(try program.run(line: "posts search loaves --limit 0").code == 64)
        #expect(try program.run(line: "posts search ' '").code == 64)

        let kept = try program.run(line: "posts search nothing-of-this --content-days 0")
        #expect(kept.code == 0 && kept.output == "There are none.\n")
        #expect(kept.errors == "No post's text is kept here: --content-days is 0.\n")
    }

    @Test(arguments: [
        "setup", "seed_users", "view_interactions", "view_recommendations", "db_info", "view_privacy", "update_privacy", "import_posts",
        "add_interaction", "wipe_database", "migrate", "interactions list", "interactions add", "interactions export", "recommendations list",
        "recommendations explain", "posts import", "posts list", "posts search", "posts show",
    ])
    func `each command has help with an example`(command: String) throws {
        let answer = try Program().run(line: command + " --help")
        #expect(answer.code == 0)
        #expect(answer.output.contains("Example: "))
    }
}
