import Fediverse

extension KeepingPolicy {
    /// The state table in Markdown, as it stands in docs/privacy.md.
    public var table: String {
        let heads = ["What happens"] + PrivacyLevel.allCases.map(\.rawValue) + ["Where", "Who sees it"]
        let lines = events.map { event in
            [event.title] + PrivacyLevel.allCases.map { words(for: event, at: $0) }
                + [event.tables.isEmpty ? "nowhere" : event.tables.map { "`\($0)`" }.joined(separator: ", "), event.seenBy.rawValue]
        }
        return Self.markdown([heads] + lines)
    }

    /// A personal table's columns in Markdown, as they stand in docs/database.md.
    public func columns(of table: Table) -> String {
        Self.markdown([["column", "holds", "at"]] + table.columns.map { ["`\($0.name)`", $0.holds, words(for: $0, of: table)] })
    }

    private static func markdown(_ rows: [[String]]) -> String {
        let rows = rows.prefix(1) + [rows[0].map { _ in "---" }] + rows.dropFirst()
        return rows.map { "| " + $0.joined(separator: " | ") + " |\n" }.joined()
    }

    /// One cell of the state table: `status, what you did, the hour; 14 days`.
    public func words(for event: Event, at level: PrivacyLevel) -> String {
        switch event.kept {
        case .words(let none, let limited, let full): return level == .none ? none : level == .limited ? limited : full
        case .record(_, let holds, _, _, let unbounded):
            guard let form = event.form(at: level) else { return "nothing" }
            var kept = holds
            if let precision = form.precision { kept.append("the \(precision.rawValue)") }
            // In the order of the declaration: a set has none.
            kept += Part.allCases.filter(form.parts.contains).map(\.words)
            let limit = form.limit.map { "; at most \($0)" } ?? ""
            let condition = form.onlyWhenTurnedOn ? "only if turned on: " : ""
            return condition + kept.joined(separator: ", ") + "; " + (form.age.map(Self.words(for:)) ?? unbounded) + limit
        }
    }

    public func words(for record: Record, at level: PrivacyLevel) -> String {
        events.first { $0.record == record }.map { words(for: $0, at: level) } ?? "nothing"
    }

    /// At which levels a column holds something, and what where that differs: `LIMITED: the hour; FULL: the second`.
    func words(for column: Column, of table: Table) -> String {
        let kept = PrivacyLevel.allCases.compactMap { level in form(of: table, at: level).map { (level.rawValue, $0) } }
        switch column.rule {
        case .surrogate, .always:
            // The one row that an explicit NONE may leave, where another level is the default.
            let atNone = table.record == .visit && column.name != "former_tags" ? ["NONE"] : []
            return (atNone + kept.map(\.0)).joined(separator: ", ")
        case .time, .end: return kept.map { "\($0): the \($1.precision?.rawValue ?? "")" }.joined(separator: "; ")
        case .firstDay: return kept.map { "\($0.0): the day" }.joined(separator: "; ")
        case .part(let part, _): return kept.filter { $0.1.parts.contains(part) }.map(\.0).joined(separator: ", ")
        case .code(let part): return kept.map { $1.parts.contains(part) ? "\($0): with its argument" : "\($0): the code" }.joined(separator: "; ")
        case .measure: return kept.map { $1.parts.contains(.bucket) ? "\($0): \(Part.bucket.rawValue)" : "\($0): the score" }.joined(separator: "; ")
        }
    }

    static func words(for span: Instant.Span) -> String {
        let days = span.microseconds / Instant.Span.days(1).microseconds
        return days == 1 ? "1 day" : "\(days) days"
    }
}

extension KeepingPolicy.Record {
    /// The event, as a reader of the documentation knows it.
    public var title: String { KeepingPolicy.standard.events.first { $0.record == self }?.title ?? rawValue }
}

extension KeepingPolicy.Part {
    fileprivate var words: String {
        switch self {
        case .context: "context (source, position, reason)"
        default: rawValue
        }
    }
}
