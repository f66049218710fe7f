import Recommender

/// Replaces wrappers' ids in what clients send. A wrapper's id looks like any other of that server, so the ids that a request
/// holds are looked up among the reader's placements first.
enum WrapperIDs {
    enum Answer: Sendable, Equatable {
        /// Goes to upstream, with what was a wrapper's id replaced, every other byte as it was.
        case forward(ClientRequest)
        /// The wrapper itself is asked for: its status is to be read afresh.
        case wrapper(Placement)
        /// A wrapper cannot be edited or deleted, and one whose status is gone is gone with it.
        case notFound
        /// The ids that were asked for, in order: those of `wrappers` are ours to answer, `forward` (nil when nothing is left)
        /// asks upstream for the others.
        case statuses(asked: [String], wrappers: [String: Placement], forward: ClientRequest?)
    }

    /// Ids looked up for one request, at most. Mastodon gives 20 statuses at once, GoToSocial and others up to 40.
    static let mostIDs = 100

    /// Whether the body has to be read to know: everything else of the table is told by path and query.
    static func readsBody(method: String, path: String) -> Bool {
        WrapperRoute(method: method, path: path)?.readsBody ?? false
    }

    /// The ids that have to be looked up before `answer`; empty where the request can only pass through.
    static func candidateIDs(in request: ClientRequest) -> [String] {
        guard let route = WrapperRoute(method: request.method, path: request.path) else { return [] }
        var ids: [String] = []
        func add(_ id: String) {
            if isID(id), ids.count < mostIDs, !ids.contains(id) { ids.append(id) }
        }
        if let index = route.pathID { add(String(request.segments[index])) }
        guard route.listsStatuses || !route.fields.isEmpty else { return ids }
        for field in RequestFields.all(of: request) where route.fields[field.path] != nil || route.listsStatuses && field.path == ["id"] {
            add(field.value)
        }
        return ids
    }

    /// - Parameter placements: those of the candidate ids that are this reader's wrappers, by wrapper id.
    static func answer(_ request: ClientRequest, with placements: [String: Placement]) -> Answer {
        guard !placements.isEmpty, let route = WrapperRoute(method: request.method, path: request.path) else { return .forward(request) }
        if let index = route.pathID { return answer(request, route, index, with: placements) }
        if route.listsStatuses { return list(request, with: placements) }
        return .forward(
            RequestFields.rewritten(request) { path, value in
                guard let use = route.fields[path], let placement = placements[value] else { return nil }
                return switch use {
                case .inner: placement.localID
                case .above: placement.above
                case .below: placement.below
                }
            })
    }

    private static func answer(
        _ request: ClientRequest, _ route: WrapperRoute, _ index: Int, with placements: [String: Placement]
    ) -> Answer {
        var segments = request.segments
        guard let placement = placements[String(segments[index])] else { return .forward(request) }
        guard let inner = placement.localID else { return .notFound }
        if route.isStatusItself {
            switch request.method {
            case "GET", "HEAD": return .wrapper(placement)
            case "OPTIONS": return .forward(request)
            default: return .notFound
            }
        }
        segments[index] = inner[...]
        var changed = request
        changed.path = "/" + segments.joined(separator: "/") + (request.path.hasSuffix("/") ? "/" : "")
        return .forward(changed)
    }

    private static func list(_ request: ClientRequest, with placements: [String: Placement]) -> Answer {
        let asked = RequestFields.all(of: request).filter { $0.path == ["id"] }.map(\.value)
        let ours = placements.filter { asked.contains($0.key) }
        guard !ours.isEmpty, let query = request.query else { return .forward(request) }
        var rest = request
        rest.query = FormFields.removing(from: query) { path, value in path == ["id"] && ours[value] != nil }
        return .statuses(asked: asked, wrappers: ours, forward: asked.allSatisfy { ours[$0] != nil } ? nil : rest)
    }

    /// What can be an id at all: an alphabet's digits, of a bounded length.
    private static func isID(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) }
    }
}

extension Placement {
    /// Whether it stood under an id of ours. With the label `json` it stood under the status's own.
    var isWrapper: Bool { shownAs != localID }
}
