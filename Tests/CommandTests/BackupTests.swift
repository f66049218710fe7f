import Testing

/// Backup and restore, as the operator sees them.
@Suite(.serialized) struct BackupTests {
    private func answer(_ line: String, _ program: Program) throws -> String {
        let answer = try program.run(line: line)
        #expect(answer.code == 0, "\(line): \(answer.errors)")
        return answer.output
    }

    private func refuses(_ line: String, _ program: Program, code: Int32, saying words: String) throws {
        // Empty files that hold a lock stay, and say nothing.
        func content() -> [String: [UInt8]] { program.everything().filter { !($0.key.hasSuffix(".lock") || $0.key.hasSuffix(".copies")) || !$0.value.isEmpty } }
        let before = content()
        let answer = try program.run(line: line)
        #expect(answer.code == code && answer.complaints.count == 1 && answer.errors.contains(words), "\(line): \(answer.errors)")
        #expect(content() == before, "\(line) changed something")
    }

    /// 1 stays FULL, 2 is erased after the backup, 3 steps down to LIMITED, 4 goes to NONE, 5 comes new.
    private func prepared() throws -> Program {
        let program = try Program()
        _ = try answer("setup --seed", program)
        for user in 1...4 {
            _ = try answer("update_privacy --user \(user) --level FULL", program)
            _ = try answer("add_interaction --user \(user) --post \(try post(program)) --type favorite", program)
        }
        _ = try answer("db backup first.backup", program)
        _ = try answer("update_privacy --user 3 --level LIMITED", program)
        _ = try answer("update_privacy --user 4 --level NONE", program)
        let alias = try #require(try answer("view_privacy --user 2 --json", program).split(separator: "\"").map(String.init).first { $0.utf8.count == 64 })
        _ = try answer("privacy erase --alias \(alias) --confirm --upstream http://localhost --allow-loopback-upstream", program)
        _ = try answer("update_privacy --user 5 --level FULL", program)
        return program
    }

    private func post(_ program: Program) throws -> String {
        let found = try answer("posts search a --json", program)
        let start = try #require(found.firstRange(of: #""post_id":""#)).upperBound
        return String(found[start...].prefix(64))
    }

    private func level(_ user: Int, _ program: Program) throws -> String {
        let report = try answer("view_privacy --user \(user) --json", program)
        let start = try #require(report.firstRange(of: "\n  \"level\": \"")).upperBound
        return String(report[start...].prefix { $0 != "\"" })
    }

    @Test func `a lost database comes back, and who stepped down since is still down`() throws {
        let program = try prepared()
        for name in program.files() where name.hasPrefix("sheltie.db") { program.remove(name) }
        let told = try answer("db restore first.backup --json", program)
        #expect(told.contains(#""erased":2"#) && told.contains(#""cut":1"#), "\(told)")
        #expect(try level(1, program) == "FULL" && level(2, program) == "NONE" && level(3, program) == "LIMITED")
        #expect(try level(4, program) == "NONE" && level(5, program) == "NONE")
        #expect(try answer("db check", program).contains("whole"))
        #expect(program.files().allSatisfy { !$0.contains("restoring") && !$0.contains(".copy") && !$0.contains("partial") }, "\(program.files())")
    }

    @Test func `a database that is there is replaced only when that is said, and tells what it knows`() throws {
        let program = try prepared()
        program.remove("sheltie.key.ledger")
        try refuses("db restore first.backup", program, code: 73, saying: "--replace")
        let told = try answer("db restore first.backup --replace", program)
        #expect(told.contains("2 people erased, 1 cut to LIMITED, 0 authors"), "\(told)")
        #expect(try level(4, program) == "NONE" && level(3, program) == "LIMITED" && level(1, program) == "FULL")
    }

    @Test func `a backup after a new key moves on with it, and one after an emergency brings nobody back`() throws {
        let program = try prepared()
        _ = try answer("key rotate", program)
        _ = try answer("db restore first.backup --replace", program)
        #expect(try level(1, program) == "FULL" && level(4, program) == "NONE")
        _ = try answer("key rotate --emergency", program)
        let told = try answer("db restore first.backup --replace --json", program)
        #expect(!told.contains(#""erased":0"#), "\(told)")
        for user in 1...4 { #expect(try level(user, program) == "NONE") }
        #expect(try answer("posts search a", program).contains("a"))
    }

    @Test func `a backup shows nothing of anybody, and is refused when damaged, foreign or too old`() throws {
        let program = try prepared()
        let alias = try #require(try answer("view_privacy --user 1 --json", program).split(separator: "\"").map(String.init).first { $0.utf8.count == 64 })
        let sealed = program.bytes(of: "first.backup")
        #expect(sealed.firstRange(of: Array(alias.utf8)) == nil && sealed.firstRange(of: Array("SQLite format".utf8)) == nil)
        try refuses("db backup first.backup", program, code: 73, saying: "already")
        var damaged = sealed
        damaged[damaged.count / 2] ^= 1
        program.write(damaged, to: "damaged.backup")
        try refuses("db restore damaged.backup --replace", program, code: 65, saying: "damaged")
        try refuses("db restore sheltie.key --replace", program, code: 65, saying: "no backup")
        try refuses("db restore none.backup --replace", program, code: 74, saying: "could not read")
        program.remove("sheltie.key.days")
        try refuses("db restore first.backup --replace", program, code: 66, saying: "destroyed after 30 days")
        let other = try Program()
        _ = try answer("setup", other)
        _ = try answer("db backup own.backup", other)
        other.write(sealed, to: "first.backup")
        try refuses("db restore first.backup --replace", other, code: 65, saying: "another installation's")
    }

    @Test func `a plain copy is the database itself`() throws {
        let program = try prepared()
        _ = try answer("db backup copy.db --plain", program)
        #expect(program.bytes(of: "copy.db").starts(with: Array("SQLite format 3".utf8)))
        #expect(try answer("db info --database copy.db", program).contains("user_aliases"))
    }
}
