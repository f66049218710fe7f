import Glibc
import OpenSSL
import Privacy
import Testing

@Suite struct MasterKeyTests {
    private let published = Array(UInt8(0)...31)

    private func load(_ bytes: [UInt8], mode: mode_t = 0o600) throws -> MasterKey {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        return try KeyRing.load(path: try folder.write(bytes, to: "key", mode: mode)).active
    }

    @Test func `a key is read from raw bytes, from hex digits, and with every line end`() throws {
        let expected = try MasterKey(bytes: published).keyID
        let digits = Hex.encode(published)
        let forms = [published] + [digits, digits + "\n", digits + "\r\n", digits.uppercased() + "\n"].map { Array($0.utf8) }
        for form in forms { #expect(try load(form).keyID == expected) }
        #expect(try load(published, mode: 0o400).keyID == expected)
    }

    @Test(arguments: [0, 1, 16, 31, 33, 34, 63, 67, 100, 5_000])
    func `a key of another size is refused with its size`(count: Int) {
        #expect(throws: MasterKeyError.wrongSize(bytes: count)) { try load([UInt8](repeating: 0x61, count: count)) }
    }

    @Test func `64 characters that are not hex digits are refused`() {
        #expect(throws: MasterKeyError.notHex) { try load(Array(String(repeating: "xy", count: 32).utf8)) }
    }

    @Test(arguments: [0x00, 0x41, 0xFF] as [UInt8])
    func `a key of one repeated byte is refused, raw and as hex`(byte: UInt8) {
        let weak = [UInt8](repeating: byte, count: 32)
        #expect(throws: MasterKeyError.allOneByte) { try load(weak) }
        #expect(throws: MasterKeyError.allOneByte) { try load(Array(Hex.encode(weak).utf8)) }
        #expect(throws: MasterKeyError.allOneByte) { try MasterKey(bytes: weak) }
    }

    @Test(arguments: [0o640, 0o604, 0o644, 0o660, 0o601, 0o610, 0o700, 0o777, 0o4600] as [mode_t])
    func `a file with more rights than 0600 is refused, with the command that mends it`(mode: mode_t) throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let path = try folder.write(published, to: "key", mode: mode)
        let error = #expect(throws: MasterKeyError.openToOthers(path: path, mode: mode)) { try KeyRing.load(path: path) }
        #expect(error?.description.contains("chmod 600 \(path)") == true)
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give a file away"))
    func `a file of another owner is refused`() throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let path = try folder.write(published, to: "key", mode: 0o600)
        try #require(chown(path, 65_534, 65_534) == 0)
        #expect(throws: MasterKeyError.otherOwner(path: path)) { try KeyRing.load(path: path) }
    }

    @Test func `a missing file, a folder and a pipe are told apart from a key`() throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let missing = folder.path + "/none"
        let error = #expect(throws: MasterKeyError.missing(path: missing)) { try KeyRing.load(path: missing) }
        #expect(error?.description.contains("sheltie key create") == true)
        #expect(throws: MasterKeyError.notAFile(path: folder.path)) { try KeyRing.load(path: folder.path) }
        let pipe = folder.path + "/pipe"
        try #require(mkfifo(pipe, 0o600) == 0)
        #expect(throws: MasterKeyError.notAFile(path: pipe)) { try KeyRing.load(path: pipe) }
    }

    @Test func `a new key is a file of mode 0600 that loads to the same key`() throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let path = folder.path + "/key"
        let made = try KeyRing.create(at: path)
        #expect(try KeyRing.load(path: path).active.keyID == made)
        var facts = stat()
        try #require(stat(path, &facts) == 0)
        #expect(facts.st_mode & 0o7777 == 0o600 && facts.st_size == 65)
        #expect(try KeyRing.create(at: folder.path + "/second") != made)
    }

    @Test func `an existing file or link is never overwritten`() throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let path = try folder.write("precious", to: "key", mode: 0o600)
        #expect(throws: MasterKeyError.alreadyThere(path: path)) { try KeyRing.create(at: path) }
        #expect(folder.read("key") == Array("precious".utf8))
        let link = folder.path + "/link"
        try #require(symlink(folder.path + "/elsewhere", link) == 0)
        #expect(throws: MasterKeyError.alreadyThere(path: link)) { try KeyRing.create(at: link) }
        #expect(folder.read("elsewhere") == nil)
    }

    @Test func `a folder that is not there is named as the system names it`() throws {
        let error = #expect(throws: MasterKeyError.self) { try KeyRing.create(at: "/nonexistent-folder/key") }
        #expect(error == .system(operation: "create", path: "/nonexistent-folder/key", code: ENOENT))
    }
}
