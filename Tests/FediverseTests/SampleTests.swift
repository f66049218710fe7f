import Testing

@testable import Fediverse

/// Needs recorded answers of real servers: the folder that `SHELTIE_SAMPLES` names.
@Suite(.enabled(if: Samples.folder != nil, "SHELTIE_SAMPLES names no folder of recorded answers"))
struct SampleTests {
    @Test func `every status that real servers sent is read, alone and in its page`() throws {
        var statuses = 0
        var pages = 0
        for (name, bytes) in Samples.files() {
            let found = try bytes.withUnsafeBytes { buffer in
                var scanner = JSONScanner(buffer)
                var ranges = Found()
                try collect(&scanner, into: &ranges)
                try scanner.finish()
                return ranges
            }
            for range in found.statuses {
                #expect(throws: Never.self, "\(name)") { try StatusReader.status(in: Array(bytes[range])) }
                statuses += 1
            }
            for range in found.pages {
                let page = Array(bytes[range])
                let read = try StatusReader.page(in: page)
                #expect(read.skipped == 0, "\(name)")
                let slices = try StatusSlices(page)
                #expect(slices.entries.map(\.range) == read.statuses.map(\.range), "\(name)")
                #expect(slices.entries.map { slices.string($0.id) } == read.statuses.map(\.status.id), "\(name)")
                pages += 1
            }
        }
        #expect(statuses > 600 && pages > 40)
    }

    private struct Found {
        var statuses: [Range<Int>] = []
        var pages: [Range<Int>] = []
    }

    /// Notes every object that looks like a status and every array of such.
    @discardableResult
    private func collect(_ scanner: inout JSONScanner, into found: inout Found) throws -> Bool {
        let start = scanner.peek().map { _ in scanner.offset } ?? 0
        if scanner.peek() == UInt8(ascii: "{") {
            var keys: Set<String> = []
            var object = try scanner.enterObject()
            while let key = try scanner.nextKey(&object) {
                keys.insert(key.string)
                try collect(&scanner, into: &found)
            }
            let isStatus = keys.isSuperset(of: ["id", "visibility", "account", "created_at", "content"])
            if isStatus { found.statuses.append(start..<scanner.offset) }
            return isStatus
        } else if scanner.peek() == UInt8(ascii: "[") {
            var array = try scanner.enterArray()
            var elements = 0
            var all = true
            while try scanner.nextElement(&array) {
                all = try collect(&scanner, into: &found) && all
                elements += 1
            }
            if all, elements > 0 { found.pages.append(start..<scanner.offset) }
        } else {
            try scanner.skip()
        }
        return false
    }
}
