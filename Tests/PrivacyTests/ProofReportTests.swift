import OpenSSL
import Privacy
import TestSupport
import Testing

@Suite struct ProofReportTests {
    private var report: ProofReport {
        var report = ProofReport(version: "0.1.0", keyID: "fa0cde5e86539aca", engine: "SQLite", at: wednesday)
        report.words = 2
        report.forms = 30
        report.looked = [.init("/data/sheltie.db", 8_192, .bytes), .init("user_aliases", 3, .rows)]
        report.cells.counted = 4
        report.note(.init(.word, in: "/data/sheltie.db", part: "a free page", "a word", offset: 4_100, page: 2, encoding: "hex", word: 2))
        report.note(.init(.form, in: "user_interactions", part: "context", "a part that the level does not keep"))
        report.note(.init(.form, in: "user_interactions", part: "context", "a part that the level does not keep"))
        return report
    }

    private func ring(_ byte: UInt8) throws -> KeyRing { KeyRing(try MasterKey(bytes: (0..<32).map { $0 ^ byte })) }

    @Test func `findings of one kind at one place are counted together, in both forms`() {
        let text = report.text
        #expect(report.findings.count == 2 && report.findings[1].count == 2 && !report.isClean)
        #expect(text.contains("a part that the level does not keep (2 times)") && text.contains("page 2, offset 4100, a free page") && text.contains("word 2, hex"))
        #expect(report.json.contains(#"{"count":2,"kind":"form","part":"context","place":"user_interactions","what":"a part that the level does not keep"}"#))
        #expect(report.json.contains(#""clean":false"#) && report.json.contains(#""cells":{"counted":4,"uncountable":0}"#))
    }

    @Test func `what could not be read keeps a report from being clean`() {
        var report = ProofReport(version: "0.1.0", keyID: "k", engine: "SQLite", at: wednesday)
        #expect(report.isClean && report.text.contains("Nothing was found."))
        report.unread = ["a.log cannot be read"]
        #expect(!report.isClean && report.text.contains("Nothing was found in the rest."))
    }

    @Test func `a signed report is known again, and no byte of it can be another`() throws {
        let seal = ProofSeal(try ring(0))
        for signed in [seal.sign(text: report.text), seal.sign(json: report.json)] {
            #expect(seal.check(Array(signed.utf8)) == .genuine)
            let bytes = Array(signed.utf8)
            for place in stride(from: 0, to: bytes.count, by: 7) {
                var changed = bytes
                changed[place] ^= 1
                #expect(seal.check(changed) != .genuine, "byte \(place)")
            }
            #expect(seal.check(Array(bytes.dropLast(9))) != .genuine && seal.check(bytes + [0x0A]) != .genuine)
            #expect(ProofSeal(try ring(1)).check(bytes) == .unknownKey(id: try MasterKey(bytes: Array(0..<32)).keyID))
        }
        #expect(seal.check(Array("Nothing was found.\n".utf8)) == .notAReport && seal.check([]) == .notAReport && seal.check([0xFF, 0x0A]) == .notAReport)
    }

    @Test func `a word is found in a file whatever piece it begins in, with its place`() throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let word = "zwoelfelbein_quast"
        let search = ByteSearch([word])
        let piece = 1 << 20
        var bytes = [UInt8](repeating: 0x2E, count: 2 * piece + 500)
        let places = [0, 700, piece - 9, piece - 1, piece, 2 * piece - 17, 2 * piece + 500 - word.utf8.count]
        for place in places { bytes.replaceSubrange(place..<place + word.utf8.count, with: Array(word.utf8)) }
        let kept = places.filter { place in Array(bytes[place..<place + word.utf8.count]) == Array(word.utf8) }
        let path = try folder.write(bytes, to: "large", mode: 0o600)
        var told = 0
        let result = try FileSearch.look(in: path, for: search) { told = $0 }
        #expect(result.bytes == bytes.count && told == bytes.count && kept.count == 5)
        #expect(result.hits.filter { $0.needle.form == "raw" }.map(\.offset) == kept)
        #expect(throws: FileSearchError.self) { try FileSearch.look(in: folder.path + "/none", for: search) }
        #expect(throws: FileSearchError.self) { try FileSearch.look(in: folder.path, for: search) }
    }

    @Test func `a word in hex, base64, UTF-16, escaped for a URL or JSON is found as that`() {
        let word = "Jürgen@Löwe.example"
        let search = ByteSearch([word])
        for (form, bytes) in [
            ("hex", Array(Hex.encode(Array(word.utf8)).utf8)), ("UTF-16", word.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }),
            ("URL-encoded", Array("J%C3%BCrgen%40L%C3%B6we.example".utf8)), ("JSON-escaped", Array(#"J\u00fcrgen@L\u00f6we.example"#.utf8)),
            ("base64", Array("SsO8cmdlbkBMw7Z3ZS5leGFtcGxl".utf8)), ("SHA-256", SHA256.digest(of: word.utf8).bytes),
        ] {
            #expect(search.found(in: Array("before ".utf8) + bytes + [0]).contains { $0.form == form }, "\(form)")
        }
        #expect(Set(search.needles.map(\.form)).count >= 12)
    }
}
