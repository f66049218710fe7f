public import Fediverse

/// Why a document of a person is not taken, in words that repeat nothing of it.
public enum BroughtError: Error, Equatable, CustomStringConvertible {
    /// No JSON at all, or no zip that holds it.
    case unreadable
    case notAnExport
    /// From a later version.
    case otherSchema
    case tooLarge
    /// A row that cannot be true: its table, its number from 1, and what is wrong with it.
    case row(table: String, number: Int, problem: String)

    public var description: String {
        switch self {
        case .unreadable: "this is neither an export as JSON nor one as a zip"
        case .notAnExport: "this is JSON, but no export of Sheltie"
        case .otherSchema: "this export has a form that this version does not know"
        case .tooLarge: "this is larger than any export: at most \(BroughtPreferences.mostBytes >> 20) MiB are read"
        case .row(let table, let number, let problem): "nothing was taken: row \(number) of \(table) \(problem)"
        }
    }
}

extension BroughtPreferences {
    /// The largest document that is read, also unpacked.
    public static let mostBytes = 32 << 20
    private static let mostSettings = 1_000
    private static let mostSuppressions = 5_000

    /// What was left out although it is well formed: it cannot mean the same here.
    public struct LeftOut: Sendable, Equatable {
        /// Authors' ids are made with an installation's own key; under another they name nobody.
        public var ofOtherKey = 0
        /// Settings that this version does not have.
        public var unknownSettings = 0

        public init(ofOtherKey: Int = 0, unknownSettings: Int = 0) {
            self.ofOtherKey = ofOtherKey
            self.unknownSettings = unknownSettings
        }
    }

    /// Reads an export wholly, before anything is written.
    /// - Parameters:
    ///   - document: an export's JSON.
    ///   - authorsKey: that of this installation (``Pseudonymizer/authorsKeyID``).
    public static func read(_ document: [UInt8], authorsKey: String, known: [KnownSetting], at now: Instant) throws(BroughtError) -> (BroughtPreferences, LeftOut) {
        guard document.count <= mostBytes else { throw .tooLarge }
        let export = try ExportDocument.read(document)
        let isSameKey = export.authorsKey == authorsKey
        var (brought, left) = (BroughtPreferences(), LeftOut())

        for (place, row) in try rows("preferences", of: export, atMost: mostSettings) {
            guard let name = row["name"], let value = row["value"] else { throw problem("preferences", place, "lacks its name or its value") }
            guard let setting = known.first(where: { $0.name == name }) else {
                left.unknownSettings += 1
                continue
            }
            guard setting.allows(value) else { throw problem("preferences", place, "says what this setting may not say") }
            brought.settings.append(Setting(name: name, value: value))
        }
        for (place, row) in try rows("suppressions", of: export, atMost: mostSuppressions) {
            guard let subject = Suppression.Subject(kind: row["subject_kind"] ?? "", subject: row["subject"] ?? "") else {
                throw problem("suppressions", place, "names neither an author's id nor a reason")
            }
            let setAt = try time(row["set_at"], "suppressions", place, "set_at", latest: now)
            let until = try row["until"].map { text throws(BroughtError) in try time(text, "suppressions", place, "until", latest: nil) }
            if case .author = subject, !isSameKey {
                left.ofOtherKey += 1
            } else {
                brought.suppressions.append(Suppression(subject: subject, setAt: setAt, until: until))
            }
        }
        for (place, row) in try rows("author_preferences", of: export, atMost: mostSuppressions) {
            guard let id = row["author_id"], AliasID(hex: id) != nil else { throw problem("author_preferences", place, "has no author's id") }
            guard let score = row["preference_score"].flatMap(Double.init), (0...1).contains(score),
                let count = row["interaction_count"].flatMap({ Int($0) }), (0...1_000_000).contains(count)
            else { throw problem("author_preferences", place, "has no score from 0 to 1, or no count") }
            let last = try time(row["last_interaction_at"], "author_preferences", place, "last_interaction_at", latest: now)
            if isSameKey {
                brought.authors.append(Author(authorID: id, score: score, count: count, lastAt: last))
            } else {
                left.ofOtherKey += 1
            }
        }
        return (brought, left)
    }

    private static func rows(
        _ table: String, of export: ExportDocument, atMost limit: Int
    ) throws(BroughtError) -> [(Int, [String: String])] {
        let rows = export.tables[table] ?? []
        guard rows.count <= limit else { throw .tooLarge }
        return Array(zip(1..., rows))
    }

    private static func problem(_ table: String, _ number: Int, _ problem: String) -> BroughtError { .row(table: table, number: number, problem: problem) }

    private static func time(_ text: String?, _ table: String, _ number: Int, _ column: String, latest: Instant?) throws(BroughtError) -> Instant {
        guard let time = text.flatMap({ Instant(iso8601: $0) }) else { throw problem(table, number, "has no time in \(column)") }
        // Clocks differ a little.
        if let latest, time > latest + .minutes(5) { throw problem(table, number, "is from the future in \(column)") }
        return time
    }
}

/// An export as far as it is read again.
struct ExportDocument {
    var authorsKey: String?
    /// Rows by table; a cell that is null is left out.
    var tables: [String: [[String: String]]] = [:]

    static func read(_ bytes: [UInt8]) throws(BroughtError) -> ExportDocument {
        var schema: String?
        let read = bytes.withUnsafeBytes { bytes in
            Result { () throws(JSONError) in
                var document = ExportDocument()
                var scanner = JSONScanner(bytes, limits: JSONLimits(arrayElements: 1_000_000))
                var object = try scanner.enterObject()
                while let key = try scanner.nextKey(&object) {
                    switch key {
                    case "schema": schema = try scanner.stringOrNull()
                    case "authors_key": document.authorsKey = try scanner.stringOrNull()
                    case "tables": document.tables = try tables(&scanner)
                    default: try scanner.skip()
                    }
                }
                try scanner.finish()
                return document
            }
        }
        switch read {
        case .success(let document):
            guard let schema, schema.hasPrefix("sheltie-export/") else { throw .notAnExport }
            guard schema == PrivacyExport.schema else { throw .otherSchema }
            return document
        case .failure(.malformed), .failure(.tooDeep): throw .unreadable
        case .failure: throw .notAnExport
        }
    }

    private static func tables(_ scanner: inout JSONScanner) throws(JSONError) -> [String: [[String: String]]] {
        var tables: [String: [[String: String]]] = [:]
        var object = try scanner.enterObject()
        while let name = try scanner.nextKey(&object)?.string {
            // The other tables are what was done and shown elsewhere: read over, and left there.
            guard ["preferences", "suppressions", "author_preferences"].contains(name) else {
                try scanner.skip()
                continue
            }
            var rows: [[String: String]] = []
            var array = try scanner.enterArray()
            while try scanner.nextElement(&array) {
                var row: [String: String] = [:]
                var cells = try scanner.enterObject()
                while let column = try scanner.nextKey(&cells)?.string { row[column] = try scanner.stringOrNull() }
                rows.append(row)
            }
            tables[name] = rows
        }
        return tables
    }
}
