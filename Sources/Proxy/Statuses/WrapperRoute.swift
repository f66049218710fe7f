/// Which ids of a request can be a wrapper's, and what each means: clients keep position ids for days and send them anywhere.
struct WrapperRoute: Sendable {
    /// What stands in for a wrapper's id.
    enum Use: Sendable, Equatable {
        /// The status that it passes on.
        case inner
        /// The entry above: as an upper bound, all that is below it still follows.
        case above
        /// The entry below: as a lower bound, the entry above comes back, which some clients test for.
        case below
    }

    /// Where in the path an id stands, by part.
    let pathID: Int?
    /// Whether the status itself is asked for, not something of it.
    let isStatusItself: Bool
    /// What the fields of query and body mean.
    let fields: [[String]: Use]
    /// Whether the query lists statuses to give, wrappers among them.
    let listsStatuses: Bool
    let readsBody: Bool

    /// - Returns: nil for a route on which no wrapper's id means anything.
    init?(method: String, path: String) {
        let segments = path.split(separator: "/")
        guard segments.count >= 3, segments[0] == "api", segments[1].first == "v" else { return nil }
        let reads = method == "GET" || method == "HEAD"
        let version = segments[1]
        // Pleroma has routes of its own on statuses.
        let first = segments[2] == "pleroma" ? 3 : 2
        let rest = segments[first...]
        var pathID: Int?
        var fields: [[String]: Use] = [:]
        var lists = false
        if rest.first == "statuses", rest.count >= 2 {
            pathID = first + 1
        } else if rest.elementsEqual(["statuses"]) {
            lists = reads
            if method == "POST" { fields = [["in_reply_to_id"]: .inner, ["quoted_status_id"]: .inner, ["quote_id"]: .inner] }
        } else if version == "v1", rest.elementsEqual(["timelines", "home"]), reads {
            fields = [["max_id"]: .above, ["min_id"]: .below, ["since_id"]: .below]
        } else if version == "v1", method == "POST", rest.elementsEqual(["reports"]) {
            fields = [["status_ids"]: .inner]
        } else if version == "v1", method == "POST", rest.elementsEqual(["markers"]) {
            fields = [["home", "last_read_id"]: .above]
        } else if version == "v2", method == "POST", rest.count == 3, rest.first == "filters", rest.last == "statuses" {
            fields = [["status_id"]: .inner]
        }
        guard pathID != nil || lists || !fields.isEmpty else { return nil }
        self.pathID = pathID
        isStatusItself = pathID != nil && rest.count == 2
        self.fields = fields
        listsStatuses = lists
        readsBody = !fields.isEmpty && !reads
    }
}
