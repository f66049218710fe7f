import Fediverse

extension KeepingPolicy {
    /// The table in Markdown, as it stands in docs/privacy.md.
    public var table: String {
        let heads = ["What happens"] + PrivacyLevel.allCases.map(\.rawValue)
        let lines = Record.allCases.map { record in [record.title] + PrivacyLevel.allCases.map { words(for: record, at: $0) } }
        let rows = [heads, heads.map { _ in "---" }] + lines
        return rows.map { "| " + $0.joined(separator: " | ") + " |\n" }.joined()
    }

    /// One cell of the table: `status, author, the hour; 14 days`.
    public func words(for record: Record, at level: PrivacyLevel) -> String {
        guard let form = form(of: record, at: level) else { return "nothing" }
        var kept = record.always
        if let precision = form.precision { kept.append("the \(precision.rawValue)") }
        // In the order of the declaration: a set has none.
        kept += Part.allCases.filter(form.parts.contains).map(\.words)
        let length = form.age.map(Self.words(for:)) ?? record.unboundedWords
        let limit = form.limit.map { "; at most \($0)" } ?? ""
        let condition = form.onlyWhenTurnedOn ? "only if turned on: " : ""
        return condition + kept.joined(separator: ", ") + "; " + length + limit
    }

    static func words(for span: Instant.Span) -> String {
        let days = span.microseconds / Instant.Span.days(1).microseconds
        return days == 1 ? "1 day" : "\(days) days"
    }
}

extension KeepingPolicy.Record {
    /// The event, as a reader of the documentation knows it.
    public var title: String {
        switch self {
        case .visit: "a visit"
        case .act: "a favourite, reblog or reply on a public or unlisted status"
        case .bookmark: "a bookmark of such a status"
        case .view: "a status that you looked at"
        case .privateAct: "anything you do on a private or direct status"
        case .recommendation: "a recommendation that we showed you"
        case .authorPreference: "how much you like an author"
        case .suppression: "\"less of this\", for an author or a reason"
        case .setting: "a setting of yours"
        case .evidence: "how a recommendation came to be, drawn by lot (nothing writes this yet)"
        }
    }

    /// What the record holds at every level that keeps it.
    fileprivate var always: [String] {
        switch self {
        case .visit: ["alias", "level"]
        case .act, .bookmark: ["status", "what you did"]
        case .view: ["status"]
        case .privateAct: []
        case .recommendation: ["status", "reason code"]
        case .authorPreference: ["author's key", "count"]
        case .suppression: ["author's key or reason code"]
        case .setting: ["name", "value"]
        case .evidence: ["statuses and their places", "settings in force"]
        }
    }

    fileprivate var unboundedWords: String {
        self == .authorPreference ? "until it has faded (half gone every 30 days)" : "until you remove it or leave"
    }
}

extension KeepingPolicy.Part {
    fileprivate var words: String {
        switch self {
        case .context: "context (source, position, reason)"
        default: rawValue
        }
    }
}
