import Fediverse

/// The id or the canonical address of a status, as a number that dies with the process: comparing texts would cost more than
/// the rest of a plan. Two names with one number are one in 2^64, and then a recommendation is left out.
struct StatusName: Sendable, Hashable, ExpressibleByStringLiteral {
    private let code: Int

    init(_ bytes: UnsafeRawBufferPointer) {
        var hasher = Hasher()
        hasher.combine(bytes: bytes)
        code = hasher.finalize()
    }

    init(_ text: String) {
        var text = text
        self = text.withUTF8 { StatusName(UnsafeRawBufferPointer($0)) }
    }

    init(stringLiteral text: String) { self.init(text) }
}

/// One of upstream's statuses on a page, as planning needs it.
struct PagePost: Sendable, Equatable {
    /// Where it stands in the body, from brace to brace.
    var range: Range<Int>
    /// The id that the timeline is ordered by; for a reblog the outer one.
    var id: String
    /// As sent.
    var createdAt: String
    /// Every id and canonical address of the statuses that the reader sees here: its own, a reblog's, a quote's.
    var shows: [StatusName]
    /// Whether its id may stand in a row about the reader: it is somebody else's, and not only for a few. Their own would put
    /// their account beside their alias.
    var mayBeNamed: Bool

    init(range: Range<Int>, id: String, createdAt: String, shows: [StatusName], mayBeNamed: Bool = true) {
        self.range = range
        self.id = id
        self.createdAt = createdAt
        self.shows = shows
        self.mayBeNamed = mayBeNamed
    }

    /// The statuses of a page, in its order.
    /// - Parameter reader: the account id of the person whose page it is.
    static func page(_ slices: StatusSlices, of reader: String) -> [PagePost] {
        slices.bytes.withUnsafeBytes { buffer in
            slices.entries.map { entry in
                var shows: [StatusName] = []
                shows.reserveCapacity(4 + entry.quoted.count)
                func show(_ text: JSONText) {
                    shows.append(text.escaped ? StatusName(text.string(in: buffer)) : StatusName(UnsafeRawBufferPointer(rebasing: buffer[text.range])))
                }
                show(entry.id)
                if let uri = entry.uri { show(uri) }
                if let inner = entry.inner {
                    show(inner.id)
                    if let uri = inner.uri { show(uri) }
                }
                for text in entry.quoted { show(text) }
                func isSeenBy(_ visibility: String) -> Bool { entry.visibility?.equals(visibility, in: buffer) ?? false }
                return PagePost(
                    range: entry.range, id: entry.id.string(in: buffer), createdAt: entry.createdAt.string(in: buffer), shows: shows,
                    mayBeNamed: (isSeenBy("public") || isSeenBy("unlisted")) && !(entry.accountID?.equals(reader, in: buffer) ?? false))
            }
        }
    }
}
