import Database
import TestSupport
import Testing

extension TransferTests {
    struct ProgressTests {
        private func arguments(_ place: Place) -> [String] { ["migrate", "to-postgres", "--from", place.path, "--to", place.url, "--chunk-rows", "500"] }

        @Test func `a terminal shows how far it is, and nothing else does`() throws {
            let place = try Place()
            try place.fill(acts: 5_000)
            // The tool `script` gives it a terminal.
            let shown = try Process(arguments(place), in: place.folder, before: ["script", "-qef", "/dev/null", "-c"])
            #expect(try shown.waited() == 0)
            #expect(shown.output.contains("rows copied [") && shown.output.contains(" %") && shown.output.contains("\r\u{1B}[K"))

            try place.emptyTarget()
            let plain = try Process(arguments(place), in: place.folder)
            #expect(try plain.waited() == 0)
            #expect(plain.errors.isEmpty && !plain.output.contains("\u{1B}"))
            for step in ["rows copied: ", "indexes built: ", "every row verified: "] {
                #expect(plain.output.split(separator: "\n").contains { $0.hasPrefix(step) && $0.hasSuffix(" s") }, "\(step)")
            }
        }

        @Test(arguments: [
            (["--from", "nowhere.db", "--to", "postgres://x@127.0.0.1/y"], 66), (["--from", "postgres://a/b", "--to", "postgres://a/b"], 64),
            (["--from", "a.db", "--to", "b.db"], 64), (["--from", "a.db", "--to", "postgres://a/b", "--chunk-rows", "0"], 64),
            (["--from", "a.db", "--to", "postgres://a/b", "--domain", "social.example", "--key-file", "nowhere"], 78),
            (["--from", "a.db", "--to", "postgres://a/b", "--domain", "no host", "--key-file", "nowhere"], 64),
        ] as [([String], Int32)])
        func `a wrong line is told in one sentence`(arguments: [String], code: Int32) throws {
            let folder = try temporaryFolder()
            defer { removeTree(folder) }
            let process = try Process(["migrate", "to-postgres"] + arguments, in: folder)
            #expect(try process.waited() == code)
            #expect(process.errors.split(separator: "\n").count == 1 && process.errors.hasPrefix("sheltie: "), "\(process.errors)")
        }
    }
}
