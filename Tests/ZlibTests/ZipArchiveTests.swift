import Glibc
import Testing

@testable import Zlib

struct ZipArchiveTests {
    private static let entries = [
        ZipArchive.Entry(name: "a.json", bytes: Array(#"{"a":"ä"}"#.utf8)), ZipArchive.Entry(name: "empty.csv", bytes: []),
        ZipArchive.Entry(name: "long.csv", bytes: (0..<200_000).map { UInt8(truncatingIfNeeded: $0 * $0 >> 7) }),
    ]

    @Test func `what is packed is unpacked, by the same bytes each time`() throws {
        let archive = ZipArchive.pack(Self.entries)
        #expect(archive == ZipArchive.pack(Self.entries))
        for entry in Self.entries { #expect(try ZipArchive.unpack(entry.name, from: archive, limit: 1 << 20) == entry.bytes) }
        #expect(try ZipArchive.unpack("b.json", from: archive, limit: 1 << 20) == nil)
    }

    /// zipfile knows nothing of this code, and checks names, sizes and sums by itself.
    @Test(.enabled(if: system("python3 -c '' 2>/dev/null") == 0, "needs python3"))
    func `another program reads the same files`() throws {
        let path = "/tmp/sheltie-zip-\(getpid()).zip"
        defer { unlink(path) }
        try write(ZipArchive.pack(Self.entries), to: path)
        let script = "import zipfile,zlib,sys;z=zipfile.ZipFile(sys.argv[1]);assert z.testzip() is None;"
            + "print(*[(i.filename,i.file_size,zlib.adler32(z.read(i))) for i in z.infolist()],sep=chr(10))"
        let pipe = try #require(popen("python3 -c '\(script)' \(path) 2>&1", "r"))
        var output = ""
        var line = [CChar](repeating: 0, count: 1_000)
        while fgets(&line, 1_000, pipe) != nil { output += String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) }
        #expect(pclose(pipe) == 0)
        let wanted = Self.entries.map { "('\($0.name)', \($0.bytes.count), \(Self.adler($0.bytes)))\n" }.joined()
        #expect(output == wanted)
    }

    /// What other programs make: with an extra field, a comment, stored files.
    @Test(.enabled(if: system("python3 -c '' 2>/dev/null") == 0, "needs python3"))
    func `an archive of another program is read`() throws {
        let path = "/tmp/sheltie-zip-other-\(getpid()).zip"
        defer { unlink(path) }
        let script = "import zipfile,sys;z=zipfile.ZipFile(sys.argv[1],\"w\");z.comment=b\"a comment\";z.writestr(\"s\",\"stored\",0);z.writestr(\"d\",\"deflated\"*99,8);z.close()"
        try #require(system("python3 -c '\(script)' \(path)") == 0)
        let archive = try bytes(of: path)
        #expect(try ZipArchive.unpack("s", from: archive, limit: 100) == Array("stored".utf8))
        #expect(try ZipArchive.unpack("d", from: archive, limit: 1_000) == Array(String(repeating: "deflated", count: 99).utf8))
        #expect(throws: ZlibError.tooLarge(limit: 100)) { try ZipArchive.unpack("d", from: archive, limit: 100) }
    }

    @Test func `no damage traps or passes unnoticed`() throws {
        let archive = ZipArchive.pack(Array(Self.entries.prefix(1)))
        for end in archive.indices { _ = try? ZipArchive.unpack("a.json", from: Array(archive[..<end]), limit: 1_000) }
        for place in archive.indices {
            var damaged = archive
            damaged[place] ^= 0xFF
            if let read = try? ZipArchive.unpack("a.json", from: damaged, limit: 1_000) { #expect(read == Self.entries[0].bytes, "\(place)") }
        }
    }

    private static func adler(_ bytes: [UInt8]) -> Int {
        var (a, b) = (1, 0)
        for byte in bytes { a = (a + Int(byte)) % 65_521; b = (b + a) % 65_521 }
        return b << 16 | a
    }

    private func write(_ bytes: [UInt8], to path: String) throws {
        let file = try #require(fopen(path, "w"))
        defer { fclose(file) }
        try #require(fwrite(bytes, 1, bytes.count, file) == bytes.count)
    }

    private func bytes(of path: String) throws -> [UInt8] {
        let file = try #require(fopen(path, "r"))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        return Array(bytes[..<fread(&bytes, 1, bytes.count, file)])
    }
}
