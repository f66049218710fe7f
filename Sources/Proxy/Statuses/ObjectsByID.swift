import Fediverse

/// The objects of a JSON array by their `id`, each in its own bytes: for answers that are put together from upstream's and ours.
enum ObjectsByID {
    static func read(_ bytes: [UInt8]) throws -> [String: [UInt8]] {
        let ranges = try bytes.withUnsafeBytes { buffer -> [(String, Range<Int>)] in
            var scanner = JSONScanner(buffer)
            var array = try scanner.enterArray()
            var found: [(String, Range<Int>)] = []
            while try scanner.nextElement(&array) {
                var probe = scanner
                let range = try scanner.skip()
                var object = try probe.enterObject()
                while let key = try probe.nextKey(&object) {
                    if key == "id" { found.append((try probe.identifier().string(in: buffer), range)) } else { try probe.skip() }
                }
            }
            try scanner.finish()
            return found
        }
        return Dictionary(ranges.map { ($0.0, Array(bytes[$0.1])) }) { first, _ in first }
    }
}
