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

    /// From the state table; a table that it does not know is shown all the same.
    static func of(_ name: String) -> TablePurpose {
        guard let table = KeepingPolicy.standard.table(name) else {
            return TablePurpose(title: name, purpose: "see docs/database.md", chapter: .acts, times: [], record: nil, ending: "when you erase")
        }
        return TablePurpose(
            title: table.title, purpose: table.purpose, chapter: chapter(of: table.record),
            times: table.times + table.columns.filter { $0.rule == .firstDay }.map(\.name), record: table.record, ending: table.ending)
    }

    private static func chapter(of record: KeepingPolicy.Record?) -> Chapter {
        switch record {
        case .authorPreference, .suppression: .derived
        case .recommendation, .evidence: .recommendations
        default: .acts
        }
    }

    /// The moment from which a row may be removed; nil where no date can say it.
    func deletion(ofRow row: [String?], at time: Instant, columns: [String], level: PrivacyLevel, keeping: KeepingPolicy) -> Instant? {
        guard let record else { return nil }
        var rule = record
        if record == .act, let word = columns.firstIndex(of: "interaction_type").flatMap({ row[$0] }), let kind = InteractionKind(rawValue: word) {
            // Views are the one act with an age of its own.
            rule = KeepingPolicy.record(of: kind)
        }
        guard let age = keeping.form(of: rule, at: level)?.age else { return nil }
        let end = time + age
        guard let until = columns.firstIndex(of: "until").flatMap({ row[$0] }).flatMap(UTCText.read) else { return end }
        return min(end, until)
    }
}
