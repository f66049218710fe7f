import Database
import Fediverse
import Privacy

/// Compares one stored row with the state table.
struct RowCheck {
    /// How late a row may be removed: the anonymizer runs each hour, and days of evidence go whole.
    static let grace = Instant.Span.days(1)

    let table: KeepingPolicy.Table
    let now: Instant
    var keeping = KeepingPolicy.standard

    struct Fault: Hashable {
        var kind: ProofReport.Kind
        var column: String?
        var what: String
    }

    /// - Parameters:
    ///   - row: the table's columns in the state table's order; moments as microseconds.
    ///   - level: the person's.
    func faults(in row: [SQLValue], at level: PrivacyLevel) -> [Fault] {
        func value(_ name: String) -> SQLValue { table.columns.firstIndex { $0.name == name }.map { row[$0] } ?? .null }
        guard level != .none else {
            guard table.record == .visit else { return [Fault(kind: .level, column: nil, what: "a row of somebody at NONE")] }
            // The one row of an explicit NONE, where another level is the default.
            return ["created_at", "last_seen", "former_tags"].filter { value($0) != .null }.map {
                Fault(kind: .level, column: $0, what: "a row of NONE holds more than alias and level")
            }
        }
        var record = table.record
        if record == .act, case .integer(let code) = value("kind") { record = KeepingPolicy.record(of: InteractionKind(code: code)) }
        guard let form = record.flatMap({ keeping.form(of: $0, at: level) }) else {
            return [Fault(kind: .level, column: nil, what: "\(level.rawValue) keeps nothing of this kind")]
        }
        var faults = zip(table.columns, row).flatMap { column, value in self.faults(in: value, of: column, form) }
        if record == .authorPreference, level == .full, case .real(let score) = value("preference_score"), case .integer(let last) = value("last_interaction_at") {
            let left = AuthorPreferences.score(score, at: Instant(microseconds: last), now: now - Self.grace - Self.grace)
            if left < AuthorAffinity.fadedScore { faults.append(Fault(kind: .age, column: nil, what: "it has faded long ago")) }
        }
        return faults
    }

    private func faults(in value: SQLValue, of column: KeepingPolicy.Column, _ form: KeepingPolicy.Form) -> [Fault] {
        func fault(_ kind: ProofReport.Kind, _ what: String) -> [Fault] { [Fault(kind: kind, column: column.name, what: what)] }
        switch (column.rule, value) {
        case (.time, .integer(let at)): return time(Instant(microseconds: at), form).flatMap { fault($0.0, $0.1) }
        case (.firstDay, .integer(let at)):
            return KeepingPolicy.Precision.day.cut(Instant(microseconds: at)).microseconds == at ? [] : fault(.form, "a time that is more exact than the day")
        case (.end, .integer(let at)):
            let end = Instant(microseconds: at)
            if let precision = form.precision, precision.cut(end) != end { return fault(.form, "a time that is more exact than the \(precision.rawValue)") }
            return end + Self.grace < now ? fault(.age, "its own end is over") : []
        case (.part(let part, let none), _) where !form.parts.contains(part):
            let isNone = none == .null ? value == .null : value == .integer(0) || value == .real(0)
            return isNone ? [] : fault(.form, "a part that the level does not keep")
        case (.code(let part), .text(let text)) where !form.parts.contains(part) && text.utf8.contains(UInt8(ascii: ":")):
            return fault(.form, "a part that the level does not keep")
        case (.measure, .real(let score)):
            let isStep = (score * 4).rounded() == score * 4 && score > 0
            return (0...1).contains(score) && (isStep || !form.parts.contains(.bucket)) ? [] : fault(.form, "a measure that is more exact than the level keeps")
        case (_, .text(let text)) where text.utf8.contains(UInt8(ascii: "@")) || text.contains("://"):
            return fault(.form, "a text that reads like a name or an address")
        case (_, .blob): return fault(.form, "bytes, which no column holds")
        default: return []
        }
    }

    private func time(_ at: Instant, _ form: KeepingPolicy.Form) -> [(ProofReport.Kind, String)] {
        var faults: [(ProofReport.Kind, String)] = []
        if let precision = form.precision, precision.cut(at) != at { faults.append((.form, "a time that is more exact than the \(precision.rawValue)")) }
        if let age = form.age, at + age + Self.grace < now { faults.append((.age, "older than is kept")) }
        // Such a row would never come to its end.
        if at > now + Self.grace { faults.append((.age, "a time to come")) }
        return faults
    }
}
