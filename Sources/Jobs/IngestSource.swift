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

    /// The newest page; older ones follow by `Link` until what is known is reached.
    func firstPage(after newest: String?) -> String {
        let limit = "?limit=40" + (self == .local ? "&local=true" : "")
        // Trends have an order of their own: no cursor fits, the whole short list is read each time.
        guard let newest, self != .trends else { return path + limit }
        return path + limit + "&since_id=" + QueryString.encoded(newest)
    }

    /// The next older page, nil when there is none or its statuses are known already.
    func nextPage(after page: StatusPage, newestKnown: String?) -> String? {
        guard self != .trends, let oldest = page.statuses.last?.id, let next = page.next?.pathAndQuery else { return nil }
        // Not every server keeps since_id in its Link: what is already known ends the reading.
        if let newestKnown, later(newestKnown, than: oldest) == newestKnown { return nil }
        return next
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
