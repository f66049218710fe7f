import Fediverse

/// One of upstream's statuses on a page, as planning needs it.
struct PagePost: Sendable, Equatable {
    /// Where it stands in the body, from brace to brace.
    var range: Range<Int>
    /// The id that the timeline is ordered by; for a reblog the outer one.
    var id: String
    /// As sent.
    var createdAt: String
    /// Every id and canonical address of the statuses that the reader sees here: its own, a reblog's, a quote's.
    var shows: Set<String>

    init(range: Range<Int>, id: String, createdAt: String, shows: Set<String>) {
        self.range = range
        self.id = id
        self.createdAt = createdAt
        self.shows = shows
    }

    /// The statuses of a page, in its order.
    static func page(_ slices: StatusSlices) -> [PagePost] {
        slices.bytes.withUnsafeBytes { buffer in
            slices.entries.map { entry in
                let texts = [entry.id, entry.uri, entry.inner?.id, entry.inner?.uri].compactMap { $0 }
                var shows = Set(texts.map { $0.string(in: buffer) })
                // The page was found to be valid JSON: a quote of a form that nobody sends is then just not seen.
                var scanner = JSONScanner(buffer, in: entry.range)
                try? addQuotes(of: &scanner, in: buffer, depth: 0, to: &shows)
                return PagePost(
                    range: entry.range, id: entry.id.string(in: buffer), createdAt: entry.createdAt.string(in: buffer), shows: shows)
            }
        }
    }

    /// Mastodon sends `quote.quoted_status` or `quote.quoted_status_id`; others the status itself as `quote`, or `quote_id`.
    private static func addQuotes(
        of scanner: inout JSONScanner, in buffer: UnsafeRawBufferPointer, depth: Int, to shows: inout Set<String>
    ) throws(JSONError) {
        var object = try scanner.enterObject()
        while let key = try scanner.nextKey(&object) {
            var value = scanner
            let range = try scanner.skip()
            switch key {
            case "quote", "quoted_status": if buffer[range.lowerBound] == UInt8(ascii: "{") { try addStatus(&value, in: buffer, to: &shows) }
            case "quote_id", "quoted_status_id": if let id = try? value.identifier() { shows.insert(id.string(in: buffer)) }
            case "reblog":
                if depth == 0, buffer[range.lowerBound] == UInt8(ascii: "{") { try addQuotes(of: &value, in: buffer, depth: 1, to: &shows) }
            default: break
            }
        }
    }

    private static func addStatus(
        _ scanner: inout JSONScanner, in buffer: UnsafeRawBufferPointer, to shows: inout Set<String>
    ) throws(JSONError) {
        var object = try scanner.enterObject()
        while let key = try scanner.nextKey(&object) {
            var value = scanner
            let range = try scanner.skip()
            switch key {
            case "id", "quoted_status_id": if let id = try? value.identifier() { shows.insert(id.string(in: buffer)) }
            case "uri": if let uri = try? value.stringOrNull() { shows.insert(uri) }
            case "quoted_status": if buffer[range.lowerBound] == UInt8(ascii: "{") { try addStatus(&value, in: buffer, to: &shows) }
            default: break
            }
        }
    }
}
