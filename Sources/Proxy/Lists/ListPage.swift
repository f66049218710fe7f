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

    /// The same, but the newest of those above instead of the next ones.
    var fromTheTop: ListPage { ListPage(limit: limit, below: below, above: above, takesNext: false) }

    private init(limit: Int, below: PositionID?, above: PositionID?, takesNext: Bool) {
        self.limit = limit
        self.below = below
        self.above = above
        self.takesNext = takesNext
    }

    /// `next` first, since some clients read only the first, then `prev`; on the last page `prev` alone; nil for an empty page.
    /// - Parameters:
    ///   - address: of the list's timeline, without a query.
    ///   - ids: the page's, the newest first.
    ///   - next: the cursor of the page that follows; nil where none does.
    func link(to address: String, ids: [String], next: String?) -> String? {
        let before = ids.first.map { LinkHeader.Link(url: "\(address)?limit=\(limit)&min_id=\($0)", rel: "prev") }
        let after = next.map { LinkHeader.Link(url: "\(address)?limit=\(limit)&max_id=\($0)", rel: "next") }
        let links = [after, before].compactMap(\.self)
        return links.isEmpty ? nil : LinkHeader(links).description
    }
}
