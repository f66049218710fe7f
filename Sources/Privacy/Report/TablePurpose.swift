import Fediverse

/// What the report says of a table beside its rows.
struct TablePurpose: Sendable {
    enum Chapter: Sendable { case acts, derived, recommendations }

    var title: String
    var purpose: String
    var chapter: Chapter
    /// The columns that may hold a row's time, the first that is there counts.
    var times: [String]
    /// What decides how long a row is kept; nil where it goes with something else.
    var record: KeepingPolicy.Record?
    /// When rows go, where no date can say it.
    var ending: String

    /// - Parameter table: the table's name, or that of the documented record.
    static func of(_ table: String) -> TablePurpose {
        switch table {
        case "user_aliases", "UserAlias":
            TablePurpose(
                title: "Your alias", purpose: "to know your choice of level at your next request", chapter: .acts,
                times: ["last_seen", "created_at"], record: .visit, ending: "when you choose NONE or erase")
        case "user_interactions", "UserInteraction":
            TablePurpose(
                title: "What you did", purpose: "to learn which authors you like", chapter: .acts, times: ["occurred_at", "timestamp"],
                record: .act, ending: "when you undo the act")
        case "author_preferences", "AuthorPreference":
            TablePurpose(
                title: "Authors you like", purpose: "to rank what may be recommended to you", chapter: .derived,
                times: ["last_interaction_at"], record: nil, ending: "when it has faded")
        case "recommendation_logs", "RecommendationLog":
            TablePurpose(
                title: "What was recommended to you", purpose: "to tell you why, and not to show a status twice",
                chapter: .recommendations, times: ["recommended_at"], record: .recommendation, ending: "by its age")
        case "preferences":
            TablePurpose(
                title: "Your settings", purpose: "to do as you said", chapter: .acts, times: [], record: nil,
                ending: "when you remove the setting or leave")
        case "suppressions":
            TablePurpose(
                title: "Less of this", purpose: "to hold back what you do not want", chapter: .derived, times: ["set_at"],
                record: .suppression, ending: "by its age")
        case "rec_decisions", "exposure_events", "interaction_events":
            TablePurpose(
                title: table == "rec_decisions" ? "How recommendations came to be" : table == "exposure_events" ? "Pages that you were shown" : "What you did with them",
                purpose: "to compare rankings", chapter: .recommendations, times: ["occurred_at"], record: .evidence, ending: "by its age")
        default:
            TablePurpose(title: table, purpose: "see docs/database.md", chapter: .acts, times: [], record: nil, ending: "when you erase")
        }
    }

    /// The moment from which a row may be removed; nil where no date can say it.
    func deletion(ofRow row: [String?], at time: Instant, columns: [String], level: PrivacyLevel, keeping: KeepingPolicy) -> Instant? {
        guard let record else { return nil }
        var rule = record
        if record == .act, let kind = ["kind", "interaction_type"].compactMap({ columns.firstIndex(of: $0) }).first.flatMap({ row[$0] }) {
            // Views are the one act with an age of its own; both spellings of the database.
            if kind == InteractionKind.view.rawValue || kind == "4" { rule = .view }
        }
        guard let age = keeping.form(of: rule, at: level)?.age else { return nil }
        let end = time + age
        guard let until = columns.firstIndex(of: "until").flatMap({ row[$0] }).flatMap(UTCText.read) else { return end }
        return min(end, until)
    }
}
