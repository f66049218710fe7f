import Glibc
import OpenSSL
import Testing

@testable import Privacy

@Suite struct KeyRingTests {
    private func rotated(_ path: String, emergency: Bool = false) throws -> KeyRing {
        let rotation = try KeyRing.rotate(at: path, emergency: emergency)
        try rotation.commit()
        return rotation.after
    }

    private func alias(_ ring: KeyRing, _ account: String = "109") throws -> AliasID {
        try Pseudonymizer(ring).alias(domain: "social.example", accountID: account)
    }

    private func former(_ ring: KeyRing, _ account: String = "109") throws -> [AliasID] {
        try Pseudonymizer(ring).formerAliases(domain: "social.example", accountID: account).map(\.alias)
    }

    @Test func `after a rotation the person has a new alias and the old one is known`() throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let path = folder.path + "/key"
        let first = try KeyRing.create(at: path)
        let before = try KeyRing.load(path: path)
        let after = try rotated(path)
        #expect(before.active.keyID == first && after.accepting.map(\.keyID) == [first] && after.active.keyID != first)
        #expect(try former(after) == [alias(before)] && alias(after) != alias(before))
        let second = try rotated(path)
        #expect(try former(second) == [alias(after), alias(before)])
        let read = try KeyRing.load(path: path)
        #expect(try read.active.keyID == second.active.keyID && former(read) == former(second))
    }

    @Test func `authors and the accounts of reasons keep their ids through every rotation`() throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let path = folder.path + "/key"
        _ = try KeyRing.create(at: path)
        func ids() throws -> [String] {
            let names = Pseudonymizer(try KeyRing.load(path: path))
            return [names.authorID(uri: "https://social.example/users/ada"), names.virtualAccountID(reason: "popular", argument: nil, language: "en")]
        }
        let before = try ids()
        for emergency in [false, false, true, false] {
            _ = try rotated(path, emergency: emergency)
            #expect(try ids() == before)
        }
    }

    @Test func `an emergency accepts no older key`() throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let path = folder.path + "/key"
        _ = try KeyRing.create(at: path)
        let before = try rotated(path)
        let after = try rotated(path, emergency: true)
        #expect(after.accepting.isEmpty && after.active.keyID != before.active.keyID)
        #expect(try former(after).isEmpty)
    }

    @Test func `the ledger finds an alias under every key of the ring`() throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let path = folder.path + "/key"
        _ = try KeyRing.create(at: path)
        let before = try KeyRing.load(path: path)
        let after = try rotated(path)
        let (old, new) = (Pseudonymizer(before), Pseudonymizer(after))
        let alias = try alias(before)
        // Erased before the rotation, and after it under the new alias.
        #expect(new.ledgerTags(alias).contains(old.ledgerTag(alias)))
        let former = try new.formerAliases(domain: "social.example", accountID: "109")
        #expect(former.map(\.ledgerTag) == [new.ledgerTag(alias)] && new.ledgerTags(alias).contains(former[0].ledgerTag))
    }

    @Test func `a rotation that was not committed changes nothing, and the next one is not hindered by it`() throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let path = folder.path + "/key"
        let first = try KeyRing.create(at: path)
        let begun = try KeyRing.rotate(at: path, emergency: false)
        #expect(try KeyRing.load(path: path).active.keyID == first)
        let unfinished = try #require(try KeyRing.unfinishedRotation(at: path))
        #expect(unfinished.after.active.keyID == begun.after.active.keyID && unfinished.before.active.keyID == first)
        let after = try rotated(path)
        #expect(after.active.keyID != begun.after.active.keyID && after.accepting.map(\.keyID) == [first])
        #expect(try KeyRing.unfinishedRotation(at: path) == nil)
    }

    @Test func `the file stays at mode 0600 and a link to it stays a link`() throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let (path, link) = (folder.path + "/key", folder.path + "/link")
        _ = try KeyRing.create(at: path)
        try #require(symlink(path, link) == 0)
        let after = try rotated(link)
        #expect(try KeyRing.load(path: path).active.keyID == after.active.keyID)
        var facts = stat()
        try #require(lstat(path, &facts) == 0)
        #expect(facts.st_mode == S_IFREG | 0o600)
        try #require(lstat(link, &facts) == 0)
        #expect(facts.st_mode & S_IFMT == S_IFLNK)
    }

    @Test func `the replaced file's bytes are overwritten`() throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let path = folder.path + "/key"
        _ = try KeyRing.create(at: path)
        // A second name shows what becomes of the file that lost its own.
        try #require(Glibc.link(path, folder.path + "/other") == 0)
        _ = try rotated(path)
        #expect(folder.read("other") == [UInt8](repeating: 0, count: 65))
    }

    @Test func `an ended key is taken out of the file, others stay`() throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let path = folder.path + "/key"
        let first = try KeyRing.create(at: path)
        let second = try rotated(path).active.keyID
        let third = try rotated(path).active.keyID
        try KeyRing.remove([first, third, "0123456789abcdef"], at: path)
        let ring = try KeyRing.load(path: path)
        #expect(ring.active.keyID == third && ring.accepting.map(\.keyID) == [second])
    }

    @Test func `no more than eight older keys are kept`() throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let path = folder.path + "/key"
        _ = try KeyRing.create(at: path)
        for _ in 0..<KeyRing.mostAccepted { _ = try rotated(path) }
        let before = folder.read("key")
        #expect(throws: MasterKeyError.tooManyKeys) { try KeyRing.rotate(at: path, emergency: false) }
        #expect(folder.read("key") == before)
        #expect(try rotated(path, emergency: true).accepting.isEmpty)
    }

    @Test(arguments: [
        ("active {a}\naccepting {b}\nauthor {a}\n", 1),
        ("active {a}\nactive {b}\nauthor {a}\nvirtual-account {b}\n", 2),
        ("active {a}\nauthor {a}\nauthor {b}\nvirtual-account {b}\n", 3),
        ("active {a}\nauthor {a}\nvirtual-account {b}0\n", 3),
        ("active {a}\nauthor {a}\nvirtual-account {b}\nold {b}\n", 4),
        ("active {a}\nauthor {a}\nvirtual-account  {b}\n", 3),
        ("active {a}\r\nauthor {a}\nvirtual-account {b}\n", 1),
    ])
    func `a line that no rotation writes is refused by its number`(text: String, line: Int) throws {
        let keys = ["{a}": Hex.encode(1...32), "{b}": Hex.encode(33...64)]
        let text = keys.reduce(text) { $0.replacing($1.key, with: $1.value) }
        #expect(throws: MasterKeyError.badLine(number: line)) { try KeyFile(Array(text.utf8)) }
    }

    @Test func `an active key of one repeated byte is refused among lines, too`() {
        let weak = Hex.encode([UInt8](repeating: 7, count: 32)), good = Hex.encode(1...32)
        let text = "active \(weak)\nauthor \(good)\nvirtual-account \(good)\n"
        #expect(throws: MasterKeyError.allOneByte) { try KeyFile(Array(text.utf8)) }
    }
}
