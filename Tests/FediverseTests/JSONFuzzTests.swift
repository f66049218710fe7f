import TestSupport
import Testing

@testable import Fediverse

@Suite struct JSONFuzzTests {
    @Test func `a page cut off at any byte is refused by every reader`() {
        for source in [Fixture.oddShapes, Fixture.snacHome, Fixture.mastodonHome] {
            for length in 0..<source.count {
                let cut = Array(source[..<length])
                #expect(throws: JSONError.self) { try StatusSlices(cut) }
                #expect(throws: JSONError.self) { try StatusReader.statuses(in: cut) }
                #expect(throws: JSONError.self) { try StatusReader.page(in: cut) }
            }
        }
    }

    @Test func `damaged pages are judged as a slow validator judges them`() throws {
        let test = LargeTest("scanner-damaged-pages", seed: 20_261_121)
        var random = SeededGenerator(seed: test.seed)
        let interesting = Array("\"\\{}[],:0-9.eEtfnu \u{0}\u{7F}".utf8) + [0x80, 0xC3, 0xE2, 0xF0, 0xFF]
        var accepted = 0
        for round in 0..<test.planned {
            var bytes = round % 2 == 0 ? Fixture.oddShapes : Fixture.snacHome
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch UInt8.random(in: 0..<5, using: &random) {
                case 0: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 1: bytes[index] = UInt8.random(in: 0...255, using: &random)
                case 2: bytes[index] = interesting[Int.random(in: 0..<interesting.count, using: &random)]
                case 3: bytes.remove(at: index)
                default: bytes.insert(bytes[Int.random(in: 0..<bytes.count, using: &random)], at: index)
                }
            }
            let isJSON = SlowJSON.accepts(bytes)
            let isPassed = passes(bytes)
            #expect(isPassed == isJSON, "round \(round)")
            if let slices = try? StatusSlices(bytes) {
                accepted += 1
                #expect(isJSON)
                try expectRoundTrip(slices)
            }
            if let page = try? StatusReader.page(in: bytes) {
                #expect(isJSON)
                for status in page.statuses { #expect(try StatusReader.status(in: Array(bytes[status.range])) == status.status) }
            } else {
                #expect(!isJSON || bytes.first { $0 > 0x20 } != UInt8(ascii: "["))
            }
        }
        // Most damage falls into text, where it is harmless.
        #expect(accepted > test.planned / 4)
        test.finish(done: test.planned, failed: 0)
    }

    private func passes(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { buffer in
            var scanner = JSONScanner(buffer)
            do {
                try scanner.skip()
                try scanner.finish()
                return true
            } catch {
                return false
            }
        }
    }

    /// The slices put together again are the same page.
    private func expectRoundTrip(_ slices: StatusSlices) throws {
        var json = JSONWriter()
        json.array { json in for entry in slices.entries { json.raw(slices[entry]) } }
        let again = try StatusSlices(json.bytes)
        #expect(again.entries.map { Array(again[$0]) } == slices.entries.map { Array(slices[$0]) })
        #expect(again.entries.map { again.string($0.id) } == slices.entries.map { slices.string($0.id) })
    }
}
