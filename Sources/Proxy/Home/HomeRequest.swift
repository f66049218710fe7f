import Fediverse
import Recommender

/// What a client asks of the home timeline, with our own parameters taken out of what is sent on.
struct HomeRequest: Sendable {
    /// Names of the parameters that are ours and stand again in the links to other pages.
    static let own = ["strategy"]

    let path: String
    /// As the client sent it.
    let clientQuery: String
    /// For upstream: every byte as sent, without `inject` and `strategy`, and with neighbours in place of wrappers' ids.
    let query: QueryString

    init(target: String) {
        let mark = target.utf8.firstIndex(of: UInt8(ascii: "?"))
        path = String(target[..<(mark ?? target.endIndex)])
        clientQuery = mark.map { String(target[target.utf8.index(after: $0)...]) } ?? ""
        query = QueryString(clientQuery).removing("inject").removing("strategy")
    }

    private init(path: String, clientQuery: String, query: QueryString) {
        self.path = path
        self.clientQuery = clientQuery
        self.query = query
    }

    /// Path and query for upstream.
    var target: String { query.raw.isEmpty ? path : path + "?" + query.raw }

    var maxID: String? { query.value(of: "max_id") }

    /// `since_id` or `min_id` is there: the client compares the answer with what it has, so nothing may be added.
    var asksForNewer: Bool { query.value(of: "since_id") != nil || query.value(of: "min_id") != nil }

    /// `inject=false`
    var refused: Bool { ["false", "0"].contains(QueryString(clientQuery).value(of: "inject")) }

    /// A ranking policy asked for by name.
    var strategy: String? { QueryString(clientQuery).value(of: "strategy") }

    private var sent: ClientRequest { ClientRequest(method: "GET", path: path, query: query.raw.isEmpty ? nil : query.raw) }

    /// Ids in it that may be wrappers'.
    var wrapperIDs: Set<String> { query.raw.isEmpty ? [] : Set(WrapperIDs.candidateIDs(in: sent)) }

    /// The same with cursors that are a wrapper's id turned into its neighbours': above as an upper bound, below as a lower.
    /// - Parameter ids: `wrapperIDs`.
    func withoutWrappers(_ ids: Set<String>, _ placements: [Placement]) -> HomeRequest {
        let ours = Dictionary(placements.filter { $0.isWrapper && ids.contains($0.shownAs) }.map { ($0.shownAs, $0) }) { newest, _ in newest }
        guard case .forward(let changed) = WrapperIDs.answer(sent, with: ours) else { return self }
        return HomeRequest(path: path, clientQuery: clientQuery, query: QueryString(changed.query ?? ""))
    }
}
