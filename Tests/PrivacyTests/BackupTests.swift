import Fediverse
import Glibc
import OpenSSL
import TestSupport
import Testing

@testable import Privacy

@Suite struct BackupTests {
    private let key = Array(UInt8(1)...32)
    private let now = wednesday

    /// Seals the bytes in a folder of its own.
    private func sealed(_ bytes: [UInt8], _ body: (TemporaryFolder, String) throws -> Void) throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let plain = try folder.write(bytes, to: "plain", mode: 0o600)
        let path = folder.path + "/sealed"
        try SealedFile.seal(plain, to: path, day: "2026-07-01", key: key, at: now)
        try body(folder, path)
    }

    private func opened(_ path: String, _ folder: TemporaryFolder, key: [UInt8]) throws -> [UInt8]? {
        try SealedFile(path: path).open(path, to: folder.path + "/opened", key: key)
        defer { unlink(folder.path + "/opened") }
        return folder.read("opened")
    }

    @Test(arguments: [0, 1, 1_000, 1 << 20 - 1, 1 << 20, 1 << 20 + 1, 3 << 20, 3_333_333])
    func `what was sealed comes out again, and says its day and time`(count: Int) throws {
        var random = SeededGenerator(seed: 5)
        let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
        try sealed(bytes) { folder, path in
            let file = try SealedFile(path: path)
            #expect(file.day == "2026-07-01" && file.createdAt == now)
            #expect(try opened(path, folder, key: key) == bytes)
            var facts = stat()
            try #require(stat(path, &facts) == 0)
            #expect(facts.st_mode & 0o777 == 0o600)
        }
    }

    @Test func `nothing of the content can be read without the key, and the same content looks different each time`() throws {
        let line = Array(String(repeating: "somebody liked this ", count: 5_000).utf8)
        try sealed(line) { folder, path in
            let first = try #require(folder.read("sealed"))
            #expect(first.firstRange(of: Array("somebody".utf8)) == nil)
            try SealedFile.seal(folder.path + "/plain", to: folder.path + "/again", day: "2026-07-01", key: key, at: now)
            let second = try #require(folder.read("again"))
            #expect(Array(first.dropFirst(60)) != Array(second.dropFirst(60)))
            #expect(throws: SealedFileError.damaged) { try opened(path, folder, key: Array(key.reversed())) }
            #expect(folder.read("opened") == nil)
        }
    }

    @Test func `a changed byte, a cut and a piece in another place are found, and leave no file`() throws {
        var random = SeededGenerator(seed: 6)
        let bytes = (0..<(5 << 18)).map { _ in UInt8.random(in: 0...255, using: &random) }
        try sealed(bytes) { folder, path in
            let whole = try #require(folder.read("sealed"))
            let header = 51, piece = 4 + 1 << 20 + 16
            var damaged: [[UInt8]] = []
            for place in [0, 17, 30, 40, header, header + 1, header + 3, header + 4, header + 500_000, header + piece - 1, header + piece, whole.count - 1] {
                var other = whole
                other[place] ^= 1
                damaged.append(other)
            }
            damaged += [Array(whole[..<header]), Array(whole[..<(header + piece)]), Array(whole.dropLast()), whole + [0]]
            // The last piece first.
            damaged.append(Array(whole[..<header]) + whole[(header + piece)...] + whole[header..<(header + piece)])
            for (number, bytes) in damaged.enumerated() {
                _ = try folder.write(bytes, to: "damaged", mode: 0o600)
                #expect(throws: SealedFileError.self, "damage \(number)") { try opened(folder.path + "/damaged", folder, key: key) }
                #expect(folder.read("opened") == nil)
            }
        }
    }

    @Test func `a day has one key, and it is destroyed after 30 days`() throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let keyFile = folder.path + "/key"
        _ = try KeyRing.create(at: keyFile)
        let keys = try BackupKeys(beside: keyFile)
        let (day, key) = try keys.key(at: now)
        #expect(try keys.key(at: now + .hours(2)).key == key)
        let next = try keys.key(at: now + .days(1))
        #expect(next.key != key && next.day != day)
        #expect(try keys.key(of: day, at: now + .days(29)) == key)
        let end = now.floored(to: .days(1)) + .days(31)
        #expect(try keys.removeEnded(at: end - .seconds(1)) == 0)
        #expect(try keys.key(of: day, at: end) == nil)
        // A second name shows what becomes of the file that lost its own.
        try #require(Glibc.link(keyFile + ".days", folder.path + "/other") == 0)
        #expect(try keys.removeEnded(at: end) == 1)
        #expect(try #require(folder.read("other")).allSatisfy { $0 == 0 })
        #expect(try keys.key(of: next.day, at: end) == next.key)
        var facts = stat()
        try #require(stat(keyFile + ".days", &facts) == 0)
        #expect(facts.st_mode & 0o777 == 0o600)
    }

    @Test func `a key that cannot be written beside has its companions at another place, and none where there is no folder`() throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let records = folder.path + "/records"
        let (day, key) = try BackupKeys(beside: records).key(at: now)
        #expect(try BackupKeys(beside: records).key(of: day, at: now) == key)
        try LedgerFile(beside: records).append([LedgerEntry(tag: String(repeating: "a", count: 64), level: .none, at: now)])
        #expect(folder.read("records.days") != nil && folder.read("records.ledger") != nil)
        #expect(throws: MasterKeyError.self) { try BackupKeys(beside: folder.path + "/no/records") }
    }

    @Test func `the day's key is one, also while the key file is replaced`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let keyFile = folder.path + "/key"
        _ = try KeyRing.create(at: keyFile)
        async let rotations: Void = { for _ in 0..<4 { try KeyRing.rotate(at: keyFile, emergency: true).commit() } }()
        let found = try await withThrowingTaskGroup(of: [UInt8].self) { group in
            for _ in 0..<40 { group.addTask { try BackupKeys(beside: keyFile).key(at: now).key } }
            return try await group.reduce(into: Set<[UInt8]>()) { $0.insert($1) }
        }
        try await rotations
        #expect(found.count == 1)
    }

    @Test func `many who ask for the day's key at once get the same`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let keyFile = folder.path + "/key"
        _ = try KeyRing.create(at: keyFile)
        let found = try await withThrowingTaskGroup(of: [UInt8].self) { group in
            for number in 0..<40 { group.addTask { try BackupKeys(beside: keyFile).key(at: now + .days(Int64(number % 4))).key } }
            return try await group.reduce(into: Set<[UInt8]>()) { $0.insert($1) }
        }
        #expect(found.count == 4)
    }

    @Test func `the ledger beside the key keeps what was added, passes over a torn line, and lets go of what is old`() throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let keyFile = folder.path + "/key"
        _ = try KeyRing.create(at: keyFile)
        let ledger = try LedgerFile(beside: keyFile)
        #expect(try ledger.entries().isEmpty)
        let entries = (0..<5).map { LedgerEntry(tag: String(repeating: "\($0)", count: 64), level: $0 % 2 == 0 ? .none : .limited, at: now + .days(Int64($0))) }
        for entry in entries { try ledger.append([entry]) }
        #expect(try ledger.entries() == entries)
        let path = keyFile + ".ledger"
        let torn = try #require(folder.read("key.ledger")) + Array(String(repeating: "9", count: 40).utf8)
        _ = try folder.write(torn, to: "key.ledger", mode: 0o600)
        #expect(try ledger.entries() == entries)
        let authors = (0..<4).map { day in
            AuthorLedgerEntry(
                authorID: String(repeating: "\(day / 2)", count: 64), domain: "social.example:8443", source: "request", leftAlone: day % 2 == 0,
                at: now + .days(Int64(day)))
        }
        for author in authors { try ledger.append(author) }
        #expect(try ledger.entries() == entries && ledger.authorEntries() == authors)
        try ledger.removeEntries(before: now + .days(2))
        #expect(try ledger.entries() == Array(entries[2...]) && ledger.authorEntries() == Array(authors[2...]))
        var facts = stat()
        try #require(stat(path, &facts) == 0)
        #expect(facts.st_mode & 0o777 == 0o600)
    }

    @Test func `entries that several add at once are all there`() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let keyFile = folder.path + "/key"
        _ = try KeyRing.create(at: keyFile)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<60 {
                group.addTask {
                    let ledger = try LedgerFile(beside: keyFile)
                    if number % 10 == 0 { try ledger.removeEntries(before: now) }
                    let old = number % 6 == 5 ? Instant.Span.days(-3) : .days(3)
                    try ledger.append([LedgerEntry(tag: Hex.encode([UInt8](repeating: UInt8(number), count: 32)), level: .none, at: now + old)])
                }
            }
            try await group.waitForAll()
        }
        try LedgerFile(beside: keyFile).removeEntries(before: now)
        #expect(try Set(LedgerFile(beside: keyFile).entries().map(\.tag)).count == 50)
    }
}
