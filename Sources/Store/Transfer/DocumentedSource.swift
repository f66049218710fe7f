import Database
import Fediverse
import Privacy
import SQLite

/// A database of the documented five tables, with ids as text, read in the form of our own schema.
///
/// Rows take their surrogates from SQLite's row numbers. People at NONE stay behind with everything about them, and so do views, which
/// nobody here has turned on; the form of what is kept follows from the person's level.
enum DocumentedSource {
    private static let names = [
        "user_aliases": ["user_alias", "user_aliases", "useralias"], "post_metadata": ["post_metadata", "postmetadata"],
        "user_interactions": ["user_interaction", "user_interactions", "userinteraction"],
        "author_preferences": ["author_preference", "author_preferences", "authorpreference"],
        "recommendation_logs": ["recommendation_log", "recommendation_logs", "recommendationlog"],
    ]

    /// The five tables' names there, by ours.
    private static func found(_ source: SQLiteConnection) throws -> [String: String] {
        let there = Dictionary(try source.all(Dialect.sqlite.tableNames) { ($0.text(0).lowercased(), $0.text(0)) }) { first, _ in first }
        return names.compactMapValues { $0.lazy.compactMap { there[$0] }.first }
    }

    static func isOne(_ source: SQLiteConnection) throws -> Bool { try found(source).count == names.count }

    /// What stays behind by principle.
    struct Remainder {
        var people = 0
        var rowsOfPeople = 0
        var views = 0
    }

    static func remainder(_ source: SQLiteConnection) throws -> Remainder {
        let found = try found(source)
        func name(_ table: String) -> String { Staging.quoted(found[table] ?? table) }
        var remainder = Remainder()
        remainder.people = try source.count("SELECT count(*) FROM \(raw: name("user_aliases")) u WHERE \(raw: atNone)")
        for table in ["user_interactions", "author_preferences", "recommendation_logs"] {
            remainder.rowsOfPeople += try source.count("""
                SELECT count(*) FROM \(raw: name(table)) WHERE alias_id IN (SELECT alias_id FROM \(raw: name("user_aliases")) u WHERE \(raw: atNone))
                """)
        }
        remainder.views = try source.count("""
            SELECT count(*) FROM \(raw: name("user_interactions")) WHERE interaction_type = 'VIEW'
            AND alias_id NOT IN (SELECT alias_id FROM \(raw: name("user_aliases")) u WHERE \(raw: atNone))
            """)
        return remainder
    }

    private static let atNone = "upper(coalesce(u.privacy_level, 'NONE')) = 'NONE'"
    private static let isDigest = "length(u.alias_id) = 64 AND u.alias_id NOT GLOB '*[^0-9a-f]*'"

    /// One of our tables, as it is read from theirs.
    private struct Reading {
        var origin: String
        var condition: String?
        var key: String
        var level: String?
        /// By column: what is selected, and what it holds.
        var columns: [String: (String, ColumnMeaning)]
    }

    static func tables(for targets: [Staging.Table], on source: SQLiteConnection, keyID: String, domain: String, begun: Instant) throws -> [TransferTable] {
        let found = try found(source).mapValues(Staging.quoted)
        guard let people = found["user_aliases"], let posts = found["post_metadata"], let acts = found["user_interactions"],
            let preferences = found["author_preferences"], let logs = found["recommendation_logs"]
        else { throw TransferError.unknownSource }
        // Authors have no table there. Numbered by their ids' order, they get the same numbers in each run.
        try source.script(
            """
            CREATE TEMP TABLE IF NOT EXISTS transfer_authors (author_key INTEGER PRIMARY KEY, author_id TEXT NOT NULL UNIQUE);
            INSERT INTO transfer_authors (author_id) SELECT id FROM (
                SELECT CAST(author_id AS TEXT) AS id FROM \(posts) UNION SELECT CAST(author_id AS TEXT) FROM \(preferences)) WHERE id IS NOT NULL ORDER BY id
            """)
        let person = "LEFT JOIN \(people) u ON u.alias_id = t.alias_id"
        let notAtNone = "u.alias_id IS NULL OR NOT (\(atNone))"
        let isSensitive = "lower(coalesce(t.sensitive, 0)) NOT IN ('0', 'f', 'false')"
        func ofCandidate(_ column: String) -> String { "CASE WHEN \(isSensitive) THEN NULL ELSE \(column) END" }
        let readings: [String: Reading] = [
            "tenants": Reading(
                origin: "(SELECT 1 AS one)", key: "one",
                columns: ["domain": ("'\(domain)'", .own), "snapshot_version": ("1", .own), "created_at": ("\(begun.microseconds)", .own)]),
            "key_ids": Reading(
                origin: "(SELECT 1 AS one)", key: "one",
                columns: ["key_id": ("'\(keyID)'", .own), "state": ("'active'", .own), "created_at": ("\(begun.microseconds)", .own)]),
            "alias_keys": Reading(origin: "\(people) u", condition: "NOT (\(atNone))", key: "u.rowid", columns: ["alias_key": ("u.rowid", .own)]),
            "user_aliases": Reading(
                origin: "\(people) u", condition: "NOT (\(atNone))", key: "u.rowid", level: "u.privacy_level",
                columns: [
                    "alias_key": ("u.rowid", .own), "alias_id": ("u.alias_id", .person),
                    "key_id": ("CASE WHEN \(isDigest) THEN 'documented' ELSE '\(keyID)' END", .own), "privacy_level": ("u.privacy_level", .own),
                    "epoch": ("1", .own), "created_at": ("u.created_at", .writtenDay), "last_seen": ("u.last_seen", .kept(.visit)),
                ]),
            "authors": Reading(
                origin: "temp.transfer_authors t", key: "t.author_key",
                columns: ["author_key": ("t.author_key", .own), "author_id": ("t.author_id", .author)]),
            "post_metadata": Reading(
                origin: "\(posts) t LEFT JOIN temp.transfer_authors a ON a.author_id = CAST(t.author_id AS TEXT)", key: "t.rowid",
                columns: [
                    "post_key": ("t.rowid", .own), "post_id": ("t.post_id", .own), "author_key": ("a.author_key", .own),
                    "eligible": ("CASE WHEN \(isSensitive) THEN 0 ELSE 1 END", .own), "content": (ofCandidate("t.content"), .markup),
                    "language": (ofCandidate("t.language"), .own), "created_at": (ofCandidate("t.created_at"), .writtenMoment),
                    "favorites": ("coalesce(t.favorites, 0)", .own), "boosts": ("coalesce(t.boosts, 0)", .own),
                    "replies": ("coalesce(t.replies, 0)", .own), "sensitive": ("coalesce(t.sensitive, 0)", .own),
                    "tags": (ofCandidate("CASE WHEN t.tags = '[]' THEN NULL ELSE t.tags END"), .own), "source": (ofCandidate("'import'"), .own), "local_id": (ofCandidate("t.post_id"), .own),
                    "changed_version": ("1", .own),
                ]),
            "user_interactions": Reading(
                origin: "\(acts) t \(person) LEFT JOIN \(posts) p ON p.post_id = t.post_id",
                condition: "(\(notAtNone)) AND coalesce(t.interaction_type, '') <> 'VIEW'", key: "t.rowid", level: "u.privacy_level",
                columns: [
                    "alias_key": ("u.rowid", .own), "post_key": ("p.rowid", .own),
                    "kind": (
                        "CASE t.interaction_type WHEN 'FAVORITE' THEN 0 WHEN 'BOOST' THEN 1 WHEN 'REPLY' THEN 2 WHEN 'BOOKMARK' THEN 3 ELSE t.interaction_type END",
                        .own
                    ),
                    "occurred_at": ("t.\"timestamp\"", .kept(.act)), "score_weight": ("t.score_weight", .keptPart(.act, .weight)),
                    "context": (context, .keptPart(.act, .context)),
                ]),
            "author_preferences": Reading(
                origin: "\(preferences) t \(person) LEFT JOIN temp.transfer_authors a ON a.author_id = CAST(t.author_id AS TEXT)",
                // At LIMITED they are worked out from the rows, which are there.
                condition: "u.alias_id IS NULL OR u.privacy_level = 'FULL'", key: "t.rowid", level: "u.privacy_level",
                columns: [
                    "alias_key": ("u.rowid", .own), "author_key": ("a.author_key", .own), "interaction_count": ("coalesce(t.interaction_count, 0)", .own),
                    "last_interaction_at": ("t.last_interaction_at", .kept(.authorPreference)),
                    "preference_score": (
                        "CASE WHEN typeof(t.preference_score) IN ('integer', 'real') THEN min(1.0, max(0.0, t.preference_score)) ELSE t.preference_score END",
                        .own
                    ),
                ]),
            "recommendation_logs": Reading(
                origin: "\(logs) t \(person) LEFT JOIN \(posts) p ON p.post_id = t.post_id", condition: notAtNone, key: "t.rowid",
                level: "u.privacy_level",
                columns: [
                    "log_key": ("t.rowid", .own), "alias_key": ("u.rowid", .own), "post_key": ("p.rowid", .own),
                    "recommended_at": ("t.recommended_at", .kept(.recommendation)), "reason": ("'documented'", .own),
                    "model_version": ("t.model_version", .keptPart(.recommendation, .modelVersion)),
                ]),
        ]
        return targets.compactMap { target in
            guard let reading = readings[target.name] else { return nil }
            var table = TransferTable(
                name: target.name, columns: target.columns, expressions: [], origin: reading.origin, condition: reading.condition, key: [reading.key],
                level: reading.level)
            for (index, column) in target.columns.enumerated() {
                let (expression, meaning) = reading.columns[column.name] ?? (fallback(column), .own)
                table.columns[index].form.meaning = meaning
                table.expressions.append(expression)
            }
            return table
        }
    }

    /// What a column that they do not have holds: the tenant, nothing, or the schema's own default of 0.
    private static func fallback(_ column: TransferColumn) -> String {
        if column.name == "tenant_id" { return "1" }
        return column.form.isRequired ? "0" : "NULL"
    }

    /// Of an act's context only where it came from and its place; anything else may name somebody.
    private static let context = """
        CASE WHEN t.context IS NULL OR t.context = '' THEN NULL WHEN NOT json_valid(t.context) THEN t.context ELSE nullif(json_patch('{}', json_object(
        'source', json_extract(t.context, '$.source'), 'position', json_extract(t.context, '$.position'))), '{}') END
        """
}
