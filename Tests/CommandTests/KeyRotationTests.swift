import Testing

/// A new key, as the operator sees it.
@Suite(.serialized) struct KeyRotationTests {
    private func answer(_ line: String, _ program: Program) throws -> String {
        let answer = try program.run(line: line)
        #expect(answer.code == 0, "\(line): \(answer.errors)")
        return answer.output
    }

    private func keyID(_ program: Program) throws -> String {
        let text = try answer("key status --json", program)
        let start = try #require(text.firstRange(of: #""key_id":""#)).upperBound
        return String(text[start...].prefix(16))
    }

    @Test func `a person is found after a rotation by their id and not by the old alias`() throws {
        let program = try Program()
        _ = try answer("setup --seed", program)
        _ = try answer("update_privacy --user 42 --level FULL", program)
        let report = try answer("view_privacy --user 42", program)
        let first = try keyID(program)
        let rotated = try answer("key rotate", program)
        let second = try keyID(program)
        #expect(rotated.contains(first) && rotated.contains(second) && rotated.contains("Restart every 'sheltie serve'") && first != second)
        // Looking changes nothing; the row still stands under the old alias and is found.
        let before = program.everything()
        #expect(try answer("view_privacy --user 42", program).contains("FULL") && report.contains("FULL"))
        #expect(program.everything().keys == before.keys)
        _ = try answer("update_privacy --user 42 --level LIMITED", program)
        #expect(try answer("view_privacy --user 42", program).contains("LIMITED"))
        let status = try answer("key status", program)
        #expect(status.contains("accepting") && status.contains("active"))
    }

    @Test func `an emergency ends the old key and erases everybody`() throws {
        let program = try Program()
        _ = try answer("setup", program)
        for user in 1...3 { _ = try answer("update_privacy --user \(user) --level FULL", program) }
        let first = try keyID(program)
        #expect(try answer("key rotate --emergency --json", program).contains(#""erased":3"#))
        #expect(try answer("view_privacy --user 2", program).contains("othing"))
        #expect(try keyID(program) != first)
        #expect(try !answer("key status --json", program).contains(first))
    }

    @Test func `the file from before a rotation is refused once the database knows the new one`() throws {
        let program = try Program()
        _ = try answer("setup", program)
        let old = program.bytes(of: "sheltie.key")
        _ = try answer("key rotate", program)
        _ = try answer("setup", program)
        program.write(old, to: "old.key")
        let refused = try program.run(line: "setup --key-file old.key")
        #expect(refused.code == 78 && refused.errors.contains("its key was replaced"), "\(refused.errors)")
    }

    @Test func `a key that cannot be replaced stays as it is`() throws {
        let program = try Program()
        let refused = try program.run(line: "key rotate --key-file none.key")
        #expect(refused.code == 78 && refused.complaints.count == 1 && refused.errors.contains("There is no key file"), "\(refused.errors)")
        program.write("short", to: "short.key")
        #expect(try program.run(line: "key rotate --key-file short.key").code == 78)
        #expect(program.bytes(of: "short.key") == Array("short".utf8))
    }
}
