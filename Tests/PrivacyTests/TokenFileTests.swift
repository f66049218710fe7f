import Glibc
import Testing

@testable import Privacy

struct TokenFileTests {
    @Test(arguments: ["abc-DEF_123", "abc-DEF_123\n", "  abc-DEF_123\r\n"])
    func `a token is read without what stands around it`(text: String) throws {
        let folder = try TemporaryFolder()
        #expect(try TokenFile.load(path: folder.write(text, to: "token", mode: 0o600)) == "abc-DEF_123")
    }

    @Test(arguments: [("abc", 0o644, TokenFileError.openToOthers), ("abc", 0o620, .openToOthers), ("", 0o600, .noToken), ("\n", 0o600, .noToken), ("a b", 0o600, .noToken), ("a\u{0}b", 0o600, .noToken), ("ä", 0o600, .noToken)])
    func `what is no token of the operator's alone is refused, and not repeated`(text: String, mode: Int, error: TokenFileError) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(text, to: "token", mode: mode_t(mode))
        #expect(throws: error) { try TokenFile.load(path: path) }
        #expect(!error.description.contains("abc"))
    }

    @Test func `a file that is missing, endless or no file is refused`() throws {
        let folder = try TemporaryFolder()
        #expect(throws: TokenFileError.missing) { try TokenFile.load(path: folder.path + "/none") }
        #expect(throws: TokenFileError.unreadable) { try TokenFile.load(path: folder.path) }
        let long = try folder.write(String(repeating: "a", count: 2_000), to: "long", mode: 0o600)
        #expect(throws: TokenFileError.unreadable) { try TokenFile.load(path: long) }
    }
}
