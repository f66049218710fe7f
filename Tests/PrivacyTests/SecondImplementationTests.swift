import Glibc
import Privacy
import TestSupport
import Testing

/// The pseudonyms against Python's hmac and hashlib, which know nothing of this code.
@Suite struct SecondImplementationTests {
    private static let script = folder(of: #filePath) + "/../Reference/pseudonyms.py"

    @Test(.enabled(if: system("python3 -c '' 2>/dev/null") == 0, "needs python3"))
    func `10,000 random accounts have the aliases that Python computes`() throws {
        let pseudonymizer = Pseudonymizer(try MasterKey(bytes: publishedKey))
        var generator = SeededGenerator(seed: 4_711)
        let people = (0..<10_000).map { _ in Person.random(using: &generator) }
        let ours = try people.map { try pseudonymizer.alias(domain: $0.domain, accountID: $0.id).hex }

        let input = try TemporaryFolder()
        defer { input.remove() }
        try input.write(people.map { "\($0.domain)\t\($0.id)\n" }.joined(), to: "people", mode: 0o600)
        let theirs = try output(of: "python3 '\(Self.script)' --lines < '\(input.path)/people'").split(separator: "\n").map(String.init)

        #expect(theirs.count == 10_000)
        #expect(ours == theirs)
    }

    @Test(.enabled(if: system("python3 -c '' 2>/dev/null") == 0, "needs python3"))
    func `the checksum of a report is the one that a person can compute`() throws {
        let table = PersonalTable.of("preferences", ["name", "value"], [["mode", "a\u{7F}\u{8}\u{C}\n\u{1}\"\\é🐕"], ["b", nil]])
        let report = PrivacyReport(
            of: .at(.full), keyID: "0011223344556677", tables: [table],
            service: .init(version: "1", contact: nil, instance: "a.example"), at: wednesday)
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        try folder.write(report.json, to: "report.json", mode: 0o600)
        #expect(try output(of: "python3 '\(Self.script)' --checksum < '\(folder.path)/report.json'") == report.checksum + "\n")
    }
}

private func folder(of path: String) -> String { String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]) }

/// What a shell command prints.
func output(of command: String) throws -> String {
    let pipe = try #require(popen(command, "r"))
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while case let count = fread(&chunk, 1, chunk.count, pipe), count > 0 { bytes += chunk[..<count] }
    try #require(pclose(pipe) == 0)
    return String(decoding: bytes, as: UTF8.self)
}
