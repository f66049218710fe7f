import Fediverse
import Recommender

/// One page of what a virtual account has passed on to a reader, with cursors that work on wrappers' ids.
struct VirtualAccountPage {
    let placements: [Placement]
    private let limit: Int
    private let hasMore: Bool

    /// - Parameter all: the reader's placements, in any order.
    init(of code: ReasonCode, in all: [Placement], query: String) {
        let query = QueryString(query)
        let limit = min(40, max(1, query.value(of: "limit").flatMap { Int($0) } ?? 20))
        let below = query.value(of: "max_id").map { PositionID($0) }
        let above = (query.value(of: "min_id") ?? query.value(of: "since_id")).map { PositionID($0) }
        let matching = all.filter { placement in
            let position = PositionID(placement.shownAs)
            return placement.localID != nil && placement.reason.prefix { $0 != ":" } == code.rawValue
                && below.map { position < $0 } ?? true && above.map { position > $0 } ?? true
        }.sorted { PositionID($0.shownAs) > PositionID($1.shownAs) }
        // min_id asks for the next newer ones, so they are taken from the other end.
        placements = Array(query.value(of: "min_id") != nil ? matching.suffix(limit) : matching.prefix(limit))
        hasMore = matching.count > limit
        self.limit = limit
    }

    /// `next` first, then `prev`; nil for an empty page.
    func link(to address: String) -> String? {
        guard let newest = placements.first, let oldest = placements.last else { return nil }
        var links = [LinkHeader.Link(url: "\(address)?limit=\(limit)&min_id=\(newest.shownAs)", rel: "prev")]
        if hasMore { links.insert(LinkHeader.Link(url: "\(address)?limit=\(limit)&max_id=\(oldest.shownAs)", rel: "next"), at: 0) }
        return LinkHeader(links).description
    }
}
