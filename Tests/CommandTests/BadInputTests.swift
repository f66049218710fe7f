import Database
import SQLite
import Testing

/// What is wrong is said in one line with the code that sysexits.h gives its kind, and changes nothing.
@Suite(.serialized) struct BadInputTests {
    /// A folder after `setup`.
    private static func ready() throws -> Program {
        let program = try Program()
        let answer = try program.run(line: "setup")
        #expect(answer.code == 0, "\(answer.errors)")
        return program
    }

    /// Runs the line and expects the code, one line on standard error with the words, nothing on standard output, no change.
    private static func refuses(
        _ line: String, in program: Program, environment: [String] = [], code: Int32, saying words: String,
        at location: SourceLocation = #_sourceLocation
    ) throws {
        let before = program.everything()
        let answer = try program.run(line: line, environment: environment)
        #expect(answer.code == code, "\(answer.errors)", sourceLocation: location)
        #expect(answer.complaints.count == 1, "\(answer.errors)", sourceLocation: location)
        #expect(answer.errors.hasPrefix("sheltie: "), "\(answer.errors)", sourceLocation: location)
        #expect(answer.errors.contains(words), "\(answer.errors)", sourceLocation: location)
        #expect(answer.output.isEmpty, sourceLocation: location)
        #expect(program.everything() == before, sourceLocation: location)
    }

    private static let alias = String(repeating: "a", count: 64)

    @Test func `an unknown setting is named`() throws {
        let program = try Self.ready()
        try Self.refuses("db_info", in: program, environment: ["SHELTIE_COLOUR=red"], code: 78, saying: "SHELTIE_COLOUR is no setting")
        program.write("colour: red\n", to: "sheltie.yaml")
        try Self.refuses("db_info", in: program, code: 78, saying: "'colour', which is no setting")
    }

    @Test func `a standby is named beside a server's database only, and no password is shown`() throws {
        let program = try Self.ready()
        for standby in ["postgres://b/sheltie", "./copy.db", "nowhere://b"] {
            try Self.refuses(
                "db_info --database-replica \(standby)", in: program, code: 78,
                saying: standby.hasPrefix("nowhere") ? "must be" : "must both be PostgreSQL addresses")
        }
        let shown = try program.run(
            line: "config check --database postgres://me:hunter22@a/x --database-replica postgres://me@b/x?password=hunter33&sslmode=require")
        #expect(shown.code == 0 && !shown.output.contains("hunter"), "\(shown.output)")
        #expect(shown.output.contains("postgres://me:(secret)@a/x") && shown.output.contains("password=(secret)&sslmode=require"))
    }

    @Test func `a key that is missing, open to others or too short is refused`() throws {
        let program = try Self.ready()
        try Self.refuses("view_interactions --alias \(Self.alias) --key-file none", in: program, code: 78, saying: "There is no key file at none")
        program.write(String(repeating: "0a", count: 32) + "\n", to: "open.key", mode: 0o644)
        try Self.refuses("view_interactions --alias \(Self.alias) --key-file open.key", in: program, code: 78, saying: "chmod 600")
        program.write("short", to: "short.key")
        try Self.refuses("setup --reset --key-file short.key", in: program, code: 78, saying: "A key is 32 bytes")
    }

    @Test func `another key than the database's is refused`() throws {
        let program = try Self.ready()
        program.write(String(repeating: "0a", count: 31) + "0b\n", to: "other.key")
        try Self.refuses(
            "add_interaction --alias \(Self.alias) --post p --type favorite --key-file other.key", in: program, code: 78,
            saying: "not the one that this database was made with")
    }

    @Test(arguments: [
        (#"[{"post_id":"a","author_id":"x","created_at":"2025-04-22T10:30:00"},"#, "not JSON at byte"),
        (#"[{"post_id":"a","author_id":"x","created_at":"2025-04-22T10:30:00"}] and more"#, "not JSON at byte"),
        ("", "not JSON at byte 0"),
        ("3", "no array of posts"),
        (#"{"items":[]}"#, "no array of posts"),
    ])
    func `a broken file is not imported, not even its good rows`(text: String, words: String) throws {
        let program = try Self.ready()
        program.write(text, to: "posts.json")
        try Self.refuses("import_posts --file posts.json", in: program, code: 65, saying: words)
    }

    @Test func `an address of the database that is none is refused, whichever setting says it`() throws {
        let program = try Self.ready()
        for setting in ["CORGI_DB_URL=mysql://localhost/corgi", "CORGI_DB_URL=sqlite://sheltie.db", "SHELTIE_DATABASE=sqlite:///"] {
            try Self.refuses("migrate", in: program, environment: [setting], code: 78, saying: "the database must be a path")
        }
    }

    @Test func `a damaged database is named as such`() throws {
        let program = try Self.ready()
        var bytes = program.bytes(of: "sheltie.db")
        bytes.replaceSubrange(0..<4096, with: [UInt8](repeating: 0x5A, count: 4096))
        program.write(bytes, to: "sheltie.db")
        try Self.refuses("db_info", in: program, code: 65, saying: "the database is damaged")
        try Self.refuses("migrate", in: program, code: 65, saying: "the database is damaged")
    }

    @Test func `a database of a newer program is left alone`() throws {
        let program = try Self.ready()
        try Self.renumber(program.folder + "/sheltie.db")
        try Self.refuses("migrate", in: program, code: 65, saying: "use a newer program")
        try Self.refuses("view_interactions --alias \(Self.alias)", in: program, code: 65, saying: "use a newer program")
    }

    @Test func `what is missing is said before anything is made`() throws {
        let program = try Program()
        try Self.refuses("db_info", in: program, code: 66, saying: "there is no database at this path")
        try Self.refuses("import_posts --file none.json", in: program, code: 66, saying: "the file cannot be read: none.json")
        let ready = try Self.ready()
        try Self.refuses("posts show none", in: ready, code: 66, saying: "no such post")
        try Self.refuses("recommendations explain none --alias \(Self.alias)", in: ready, code: 66, saying: "no such post")
    }

    @Test(arguments: [
        ("view_interactions", "whose?"),
        ("view_interactions --alias 12", "an alias is 64 hex digits"),
        ("view_interactions --alias ALIAS --limit 0", "--limit must be"),
        ("view_recommendations", "for whom?"),
        ("view_recommendations --cold-start --alias ALIAS", "not both"),
        ("add_interaction --alias ALIAS --post p --type poke", "an interaction is favorite"),
        ("add_interaction --user @a@b.example --post p --type favorite", "a user id is"),
        ("update_privacy --alias ALIAS --level SOME", "a level is NONE, LIMITED or FULL"),
        ("wipe_database", "say --confirm"),
    ])
    func `a wrong word is answered by the right ones`(line: String, words: String) throws {
        try Self.refuses(line.replacing("ALIAS", with: Self.alias), in: Self.ready(), code: 64, saying: words)
    }

    @Test func `a context that is no JSON object is refused`() throws {
        try Self.refuses(
            "add_interaction --alias \(Self.alias) --post p --type favorite --context '[1'", in: Self.ready(), code: 65, saying: "no JSON object")
    }

    @Test func `an unknown command is named, with where to look`() throws {
        let answer = try Program().run(line: "view_everything")
        #expect(answer.code == 64)
        #expect(answer.errors.contains("view_everything"))
        #expect(answer.errors.contains("sheltie --help"))
        #expect(answer.output.isEmpty)
    }

    /// Notes a migration that no program knows yet.
    private static func renumber(_ path: String) throws {
        let connection = try SQLiteConnection(path: path, access: .writer)
        try connection.run("INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES (9999, 'later', '0', 0)")
        _ = try connection.truncateLog()
    }
}
