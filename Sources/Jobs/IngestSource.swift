import Fediverse
import Upstream

/// One timeline that is read: where it stands at the instance, and how its pages follow each other.
public enum IngestSource: Sendable, Equatable {
    case `public`
    case local
    case trends
    case tag(String)

    /// - Returns: nil for a name that is no source.
    public init?(name: some StringProtocol) {
        switch name {
        case "public": self = .public
        case "local": self = .local
        case "trends": self = .trends
        default:
            guard name.hasPrefix("tag:"), name.count > 4 else { return nil }
            self = .tag(String(name.dropFirst(4)).lowercased())
        }
    }

    /// As it stands in `ingest_cursors` and beside each post.
    var name: String {
        switch self {
        case .public: "public"
        case .local: "local"
        case .trends: "trends"
        case .tag(let tag): "tag:" + tag
        }
    }

    var path: String {
        switch self {
        case .public, .local: "/api/v1/timelines/public"
        case .trends: "/api/v1/trends/statuses"
        case .tag(let tag): "/api/v1/timelines/tag/" + QueryString.encoded(tag)
        }
    }

    static let pageLimit = 40

    /// The newest page; older ones follow by `Link` until what is known is reached. It is read whole each time, also what is
    /// known of it: only so are the counters of new statuses seen to grow where an instance has no trends.
    var firstPage: String { path + "?limit=\(Self.pageLimit)" + (self == .local ? "&local=true" : "") }

    /// The next older page, nil when there is none or its statuses are known already.
    func nextPage(after page: StatusPage, newestKnown: String?) -> String? {
        guard self != .trends, let oldest = page.statuses.last?.id else { return nil }
        if let newestKnown, later(newestKnown, than: oldest) == newestKnown { return nil }
        if let next = page.next?.pathAndQuery { return next }
        // snac sends no Link here; a page that is not full was the last.
        return page.statuses.count + page.malformed >= Self.pageLimit ? firstPage + "&max_id=" + QueryString.encoded(oldest) : nil
    }

    /// The later of two ids, in the order in which servers give them: by length, then by text.
    func later(_ id: String, than known: String?) -> String? {
        guard self != .trends else { return nil }
        guard let known else { return id }
        return (id.utf8.count, id) > (known.utf8.count, known) ? id : known
    }
}

extension String {
    /// Path and query of an absolute address.
    fileprivate var pathAndQuery: String? {
        guard let scheme = firstRange(of: "://"), let slash = self[scheme.upperBound...].firstIndex(of: "/") else { return nil }
        return String(self[slash...])
    }
}
