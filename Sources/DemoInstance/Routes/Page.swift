import Fediverse

/// Which part of a list a client asks for.
struct Page {
    var maxID: Int64?
    var sinceID: Int64?
    var minID: Int64?
    var limit: Int

    init(_ call: Call, usual: Int = 20, most: Int = 40) {
        maxID = call["max_id"].flatMap { Int64($0) }
        sinceID = call["since_id"].flatMap { Int64($0) }
        minID = call["min_id"].flatMap { Int64($0) }
        limit = call.limit(usual, most)
    }

    /// The page of a list that is sorted from old to new by `id`; the newest comes first in the result. With `min_id` the oldest above
    /// it are taken, which fills a gap from below.
    func cut<Element>(_ all: [Element], id: (Element) -> Int64) -> [Element] {
        let upper = all.filter { element in maxID.map { id(element) < $0 } ?? true }
        if let minID { return upper.filter { id($0) > minID }.prefix(limit).reversed() }
        return upper.filter { element in sinceID.map { id(element) > $0 } ?? true }.suffix(limit).reversed()
    }

    /// The same for the world's posts, looking at no more of them than needed.
    func cut(_ world: DemoWorld, where isIn: (Post) -> Bool) -> [Post] {
        let end = maxID.map { world.firstPosition(from: $0) } ?? world.posts.count
        var found: [Post] = []
        if let minID {
            let start = world.firstPosition(from: minID &+ 1)
            guard start < end else { return [] }
            for post in world.posts[start..<end] where isIn(post) {
                found.append(post)
                if found.count == limit { break }
            }
            return found.reversed()
        }
        let start = sinceID.map { world.firstPosition(from: $0 &+ 1) } ?? 0
        guard start < end else { return [] }
        for post in world.posts[start..<end].reversed() where isIn(post) {
            found.append(post)
            if found.count == limit { break }
        }
        return found
    }

    /// The `Link` header: the next page first, then the previous one; the other parameters stay as they came.
    static func link(_ call: Call, first: Int64?, last: Int64?, hasNext: Bool = true) -> String? {
        guard let first, let last else { return nil }
        let cursors = ["max_id", "since_id", "min_id"]
        let kept = (call.query ?? "").split(separator: "&").filter { pair in
            !cursors.contains(String(pair.prefix { $0 != "=" }))
        }.joined(separator: "&")
        let address = call.base + call.path + "?" + (kept.isEmpty ? "" : kept + "&")
        return (hasNext ? #"<\#(address)max_id=\#(last)>; rel="next", "# : "") + #"<\#(address)min_id=\#(first)>; rel="prev""#
    }
}

extension DemoState {
    /// A page of statuses with its `Link`.
    func answer(_ posts: [Post], _ call: Call) -> Answer {
        Answer(.array(posts.map { json(status: $0, for: call.account, call.base) }))
            .with(.link, Page.link(call, first: posts.first?.id, last: posts.last?.id))
    }

    /// A page of accounts, the latest first, by their place in the list.
    func answer(_ accounts: [Int32], _ call: Call) -> Answer {
        let page = Page(call, usual: 40, most: 80)
        let cut = page.cut(Array(accounts.enumerated())) { Int64($0.offset) + 1 }
        return Answer(.array(cut.map { json(account: $0.element, call.base) })).with(
            .link,
            Page.link(
                call, first: cut.first.map { Int64($0.offset) + 1 }, last: cut.last.map { Int64($0.offset) + 1 },
                hasNext: cut.count == page.limit))
    }

    /// A page of marked statuses; the cursor is the mark's id, which stands in no body.
    func answer(_ marks: [AccountState.Mark], _ call: Call) -> Answer {
        let page = Page(call)
        let cut = page.cut(marks.filter { mark in world.post(mark.post).map { canSee($0, call.account) } ?? false }) { $0.id }
        return Answer(.array(cut.compactMap { world.post($0.post) }.map { json(status: $0, for: call.account, call.base) })).with(
            .link, Page.link(call, first: cut.first?.id, last: cut.last?.id, hasNext: cut.count == page.limit))
    }

    func account(_ id: Int64) throws -> Int32 {
        guard let index = world.positions[id] else { throw APIFailure.notFound }
        return index
    }

    /// A status that the caller may see.
    func visible(_ id: Int64, _ call: Call) throws -> Post {
        guard let post = world.post(id), canSee(post, call.account) else { throw APIFailure.notFound }
        return post
    }
}
