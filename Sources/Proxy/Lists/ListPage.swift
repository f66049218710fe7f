import Fediverse

/// Which part of a list's timeline a client asks for: `limit`, and cursors that hold for ids that are not in the list, too.
struct ListPage: Sendable, Equatable {
    /// As on Mastodon, 20 unless asked, 40 at most.
    let limit: Int
    /// Ids below this one only.
    let below: PositionID?
    /// Ids above this one only.
    let above: PositionID?
    /// Of those above, the next ones (`min_id`) instead of the newest (`since_id`).
    let takesNext: Bool

    init(query: String?) {
        let query = QueryString(query ?? "")
        func id(_ name: String) -> PositionID? { query.value(of: name).flatMap { $0.isEmpty ? nil : PositionID($0) } }
        limit = min(40, max(1, query.value(of: "limit").flatMap { Int($0) } ?? 20))
        below = id("max_id")
        above = id("min_id") ?? id("since_id")
        takesNext = id("min_id") != nil
    }

    /// `next` first, since some clients read only the first, then `prev`; on the last page `prev` alone; nil for an empty page.
    /// - Parameters:
    ///   - address: of the list's timeline, without a query.
    ///   - ids: the page's, the newest first.
    func link(to address: String, ids: [String], isLast: Bool) -> String? {
        guard let newest = ids.first, let oldest = ids.last else { return nil }
        var links = [LinkHeader.Link(url: "\(address)?limit=\(limit)&min_id=\(newest)", rel: "prev")]
        if !isLast { links.insert(LinkHeader.Link(url: "\(address)?limit=\(limit)&max_id=\(oldest)", rel: "next"), at: 0) }
        return LinkHeader(links).description
    }
}
