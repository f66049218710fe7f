import Fediverse

/// What choosing among the entries of somebody's home needs of one: read for the length of a request, kept nowhere.
struct HomeEntry: Sendable, Equatable {
    /// Where it stands in the page, from brace to brace.
    var range: Range<Int>
    var id = ""
    var createdAt: Instant?
    var inReplyToID: String?
    /// The status that it passes on; nil for somebody's own.
    var reblogged: String?
    var author = Author()

    struct Author: Sendable, Equatable {
        var id = ""
        var isBot = false
        var createdAt: Instant?
        /// Statuses since then; nil where the server does not count them.
        var statuses: Int?

        /// Statuses a day on average, to the moment; nil where it cannot be told.
        func statusesADay(at now: Instant) -> Double? {
            guard let createdAt, let statuses, statuses > 0, now > createdAt else { return nil }
            return Double(statuses) / max(1, (now - createdAt).days)
        }
    }

    /// The entries of a page, in its order.
    static func page(_ bytes: [UInt8]) throws -> [HomeEntry] {
        try bytes.withUnsafeBytes { buffer in
            var scanner = JSONScanner(buffer)
            var array = try scanner.enterArray()
            var entries: [HomeEntry] = []
            while try scanner.nextElement(&array) {
                let range = try scanner.skip()
                var inner = JSONScanner(buffer, in: range)
                entries.append(try read(&inner, range, of: buffer))
            }
            try scanner.finish()
            return entries
        }
    }

    private static func read(_ scanner: inout JSONScanner, _ range: Range<Int>, of bytes: UnsafeRawBufferPointer) throws(JSONError) -> HomeEntry {
        var entry = HomeEntry(range: range)
        var object = try scanner.enterObject()
        while let key = try scanner.nextKey(&object) {
            switch key {
            case "id": entry.id = try scanner.identifier().string(in: bytes)
            case "created_at": entry.createdAt = try scanner.stringOrNull().flatMap { Instant(iso8601: $0) }
            case "in_reply_to_id": entry.inReplyToID = try scanner.takeNull() ? nil : scanner.identifier().string(in: bytes)
            case "reblog": entry.reblogged = try scanner.takeNull() ? nil : id(&scanner, of: bytes)
            case "account": entry.author = try author(&scanner, of: bytes)
            default: try scanner.skip()
            }
        }
        guard !entry.id.isEmpty else { throw .missingMember("id", offset: scanner.offset) }
        return entry
    }

    private static func id(_ scanner: inout JSONScanner, of bytes: UnsafeRawBufferPointer) throws(JSONError) -> String? {
        var id: String?
        var object = try scanner.enterObject()
        while let key = try scanner.nextKey(&object) {
            if key == "id" { id = try scanner.identifier().string(in: bytes) } else { try scanner.skip() }
        }
        return id
    }

    private static func author(_ scanner: inout JSONScanner, of bytes: UnsafeRawBufferPointer) throws(JSONError) -> Author {
        var author = Author()
        var object = try scanner.enterObject()
        while let key = try scanner.nextKey(&object) {
            switch key {
            case "id": author.id = try scanner.identifier().string(in: bytes)
            case "bot": author.isBot = try scanner.boolOrNull() ?? false
            case "created_at": author.createdAt = try scanner.stringOrNull().flatMap { Instant(iso8601: $0) }
            case "statuses_count": author.statuses = try scanner.takeNull() ? nil : scanner.integer()
            default: try scanner.skip()
            }
        }
        return author
    }
}
