import Fediverse

extension PrivacyReport {
    static let legalBasis = "your consent (GDPR 6(1)(a) and 9(2)(a)), which you may withdraw at any time"

    static let visibleTo = ["you", "the operator who has both the database and the key"]

    static let withoutProfile = "level NONE, or: sheltie preferences set mode off"

    /// What others of this kind derive, and this does not.
    static let notKept = ["segments", "vectors or factors of you", "experiment arms", "predictions"]

    var cannotBeShown: [String] {
        [
            "Counts of what several people did, because nobody can be found in them: a count is kept only where at least 5 people acted.",
            service.engine == .file
                ? "Bytes of removed rows: they are overwritten at once, and out of the database's log within a minute, unless another program reads it meanwhile."
                : "Bytes of removed rows"
                    + (service.bytesLeaveBy.map { ", of anybody: the last that are due leave the server's files on \(UTCText.writeFull($0)) UTC" } ?? ": none are left in the server's files")
                    + "; its own log keeps them until it is reused.",
            "Backups: one that Sheltie made can be read for 30 days and tells nothing of who was erased since when it is put back; for others ask the operator.",
            "How many of your rows a removal of old ones took: that would be a record of what is gone.",
        ]
    }

    var rights: [String] {
        [
            "see everything: sheltie privacy report, or GET /sheltie/api/v1/privacy/report",
            "take everything along: sheltie privacy export, or GET /sheltie/api/v1/privacy/export; elsewhere: sheltie privacy import",
            "remove one row: sheltie privacy remove, or DELETE on its address under /sheltie/api/v1",
            "forget the last hour: sheltie privacy forget, or POST /sheltie/api/v1/privacy/forget",
            "want less of something: sheltie suppressions add, or POST /sheltie/api/v1/suppressions",
            "change the level: sheltie privacy set --level NONE, LIMITED or FULL, or PUT /sheltie/api/v1/privacy/level",
            "remove everything: sheltie privacy erase, or POST /sheltie/api/v1/privacy/erase",
            "take back one act: undo it in your client",
            "complain: \(service.contact.map { "to the operator (\($0)) and " } ?? "")to your data protection authority",
        ]
    }

    /// The report for people. Where nothing is stored it is one sentence.
    public var text: String {
        if let nothingStored { return nothingStored + "\n" }
        return chapters.map { title, lines in
            ([title] + lines.map { $0.isEmpty ? "" : "  " + $0 }).joined(separator: "\n") + "\n"
        }.joined(separator: "\n")
    }

    private var chapters: [(String, [String])] {
        [
            ("Who we are", who),
            ("You, as this service knows you", you),
            ("What is stored", summary),
            ("Every row", rows(of: .acts)),
            ("Derived from it", rows(of: .derived)),
            ("Recommended to you, and why", rows(of: .recommendations)),
            ("What decides the order", order),
            ("Who can see it", ["You, and the operator who has both the database and the key. Nobody else receives it; none of it is sent anywhere."]),
            ("What cannot be shown", cannotBeShown),
            ("Your rights", rights),
            ("Removal of what is old", removal),
            ("Checksum", [checksum, "SHA-256 of this report as compact JSON, without its time and this line."]),
        ]
    }

    private var who: [String] {
        TextTable.pairs([
            ("service", "\(service.name) \(service.version)"), ("instance", service.instance),
            ("operator", service.contact ?? "no contact given"), ("made", UTCText.writeFull(madeAt) + " UTC"),
        ])
    }

    private var you: [String] {
        TextTable.pairs([
            ("alias", viewer.alias.hex), ("key", keyID), ("level", viewer.level.rawValue), ("since", since),
            ("without a choice", service.defaultLevel.rawValue), ("to change it", "sheltie privacy set --level NONE, LIMITED or FULL"),
        ])
    }

    private var since: String { aliasSince.map { "the alias is from \(UTCText.write($0)); when the level last changed is not kept" } ?? "not kept" }

    private var summary: [String] {
        let heads = ["table", "rows", "oldest", "newest", "next deletion", "for"]
        let lines = sections.map { section in
            let dates = [section.oldest, section.newest].map { $0.map(UTCText.write) ?? "-" }
            let next = section.nextDeletion.map(UTCText.write) ?? (section.table.rows.isEmpty ? "-" : section.purpose.ending)
            return [section.table.name, String(section.table.rows.count)] + dates + [next, section.purpose.purpose]
        }
        return TextTable.aligned([heads] + lines) + ["", "On the basis of \(Self.legalBasis)."]
    }

    private func rows(of chapter: TablePurpose.Chapter) -> [String] {
        let filled = sections.filter { $0.purpose.chapter == chapter && !$0.table.rows.isEmpty }
        let none = chapter == .derived ? ["Not kept at any level: \(Self.notKept.joined(separator: ", "))."] : []
        guard !filled.isEmpty else { return ["Nothing."] + none }
        var lines = filled.flatMap { section in
            [section.purpose.title] + TextTable.aligned([section.table.columns] + section.table.rows.map(section.readable)) + [""]
        }
        lines.removeLast()
        if chapter == .derived { lines += ["", explanation] + none }
        return lines
    }

    var explanation: String {
        viewer.level == .full
            ? "An author's score is 1 - e^(-a/4); a adds up your acts (view 0.1, favourite 1, bookmark 1.2, reply 1.3, reblog 1.5), each half gone after 30 days."
            : "An author's step is made of your acts of the last 14 days: 2 acts are step 1, 3 step 2, 5 step 3, 8 step 4; a score is step / 4."
    }

    private var order: [String] {
        TextTable.pairs(service.parameters.map { ($0.name, $0.value) })
            + ["Without any of it: " + Self.withoutProfile]
    }

    private var removal: [String] {
        TextTable.pairs([
            ("last run", service.lastAnonymized.map { UTCText.writeFull($0) + " UTC" } ?? "none yet"),
            ("next run", service.nextAnonymized.map { UTCText.writeFull($0) + " UTC" } ?? "not planned"),
            ("rows removed in the last run", service.lastRemoved.map { "\($0) of everybody" } ?? "not known"),
        ])
    }
}

extension PrivacyReport.Section {
    /// A row as people read it: times as in the rest of the report, measures with four digits. The JSON has every digit.
    fileprivate func readable(_ row: [String?]) -> [String] {
        zip(table.columns, row).map { column, cell in
            guard let cell else { return "-" }
            if column.hasSuffix("_at") || ["last_seen", "until", "timestamp"].contains(column) {
                return UTCText.read(cell).map(UTCText.write) ?? cell
            }
            if column.hasSuffix("_score") || column.hasSuffix("_weight"), let number = Double(cell), number.magnitude < 1e9 {
                return String((number * 10_000).rounded() / 10_000)
            }
            return cell
        }
    }
}

/// Lines of text in columns.
enum TextTable {
    /// Each column as wide as its widest cell, two spaces between, nothing at a line's end. What could break a line or
    /// steer a terminal is shown as a question mark.
    static func aligned(_ rows: [[String]]) -> [String] {
        let rows = rows.map { $0.map(calm) }
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { index, cell in
                index == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[index] - cell.count)
            }
            return cells.joined(separator: "  ")
        }
    }

    static func pairs(_ pairs: [(String, String)]) -> [String] { aligned(pairs.map { [$0.0, $0.1] }) }

    private static func calm(_ text: String) -> String {
        // Nearly every cell is plain.
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.generalCategory == .control || $0.properties.generalCategory == .format ? "?" : $0 }))
    }
}
