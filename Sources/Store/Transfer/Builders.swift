import Database
import Postgres
import SQLite

/// Builds indexes and keys, several side by side, each in a transaction together with the note that it is there.
struct Builders {
    private struct Item: Sendable {
        var place: Int
        var table: String
        var statement: String
    }

    let staging: Staging
    let url: String
    /// Sessions of their own; 0 does all of it here.
    let sessions: Int

    /// - Parameter progressed: a table, the pieces that are done, and all of them.
    func run(_ stages: [Build.Stage], _ progressed: @escaping @Sendable (String, Int, Int) -> Void) throws {
        let total = try stages.reduce(0) { sum, stage in
            sum + (try staging.session.count("SELECT count(*) FROM transfer_builds WHERE stage = \(stage.rawValue)"))
        }
        let done = Monitor(0, lines: 1)
        for stage in stages {
            let items = try staging.session.all("""
                SELECT b.place, b.table_name, b.statement FROM transfer_builds b LEFT JOIN transfer_tables t ON t.name = b.table_name
                WHERE b.stage = \(stage.rawValue) AND NOT b.is_done ORDER BY coalesce(t.rows, 0) DESC, b.place
                """) { Item(place: $0.int(0), table: $0.text(1), statement: $0.text(2)) }
            @Sendable func build(_ item: Item, on session: PostgresConnection) throws {
                try session.transaction {
                    try session.script(item.statement)
                    try session.run("UPDATE transfer_builds SET is_done = TRUE WHERE place = \(item.place)")
                }
                let count = done.withLock { count in
                    count += 1
                    return count
                }
                progressed(item.table, count, total)
            }
            // Constraints and unchecked keys take a moment, and locks that would stand in each other's way.
            if sessions < 2 || stage == .constraint || stage == .key {
                for item in items { try build(item, on: staging.session) }
            } else {
                try sideBySide(items, build)
            }
        }
    }

    private func sideBySide(_ items: [Item], _ build: @escaping @Sendable (Item, PostgresConnection) throws -> Void) throws {
        let rest = Monitor(items[...], lines: 1)
        let running = (0..<min(sessions, items.count)).map { _ in
            OwnThread.begin("transfer-build") { [url] in
                let own = try Staging.open(url)
                // The sessions themselves are what runs side by side.
                try own.session.script("SET max_parallel_maintenance_workers = 0")
                while let item = rest.withLock({ $0.popFirst() }) {
                    do {
                        try build(item, own.session)
                    } catch {
                        // Nobody begins another one.
                        rest.withLock { $0 = [] }
                        throw error
                    }
                }
            }
        }
        let results = running.map { $0.wait() }
        for result in results { try result.get() }
    }

    /// Takes every foreign key away again.
    func takeKeysBack() throws {
        let keys = try staging.session.all("""
            SELECT k.conname, t.relname FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace
            WHERE n.nspname = \(Staging.schema) AND k.contype = 'f' AND k.conparentid = 0 AND NOT t.relispartition
            """) { (name: $0.text(0), table: $0.text(1)) }
        try staging.session.transaction {
            for key in keys { try staging.session.script("ALTER TABLE \(Staging.quoted(key.table)) DROP CONSTRAINT \(Staging.quoted(key.name))") }
            try staging.session.run("""
                UPDATE transfer_builds SET is_done = FALSE WHERE stage IN (\(Build.Stage.key.rawValue), \(Build.Stage.check.rawValue))
                """)
        }
    }

    struct Orphan {
        var table: String
        var key: TransferKey
        var reason: String
    }

    /// Takes the rows out that refer to one that is not there, and notes them as left out. Parents come first, so that a row whose
    /// parent goes for this reason is found, too.
    /// - Parameter tables: parents before children.
    func orphans(of tables: [TransferTable]) throws -> [Orphan] {
        let session = staging.session
        var found: [Orphan] = []
        for table in tables {
            let definitions = try session.all("""
                SELECT statement FROM transfer_builds WHERE stage = \(Build.Stage.key.rawValue) AND table_name = \(table.name) ORDER BY place
                """) { $0.text(0) }
            let places = table.key.map { part in table.columns.first { $0.name == part }.map { Staging.quoted($0.name) } }
            for definition in definitions {
                guard let key = Build.ForeignKey(definition) else { continue }
                let match = zip(key.columns, key.parentColumns).map { "p.\($1) = c.\($0)" }.joined(separator: " AND ")
                let orphan = key.columns.map { "c.\($0) IS NOT NULL" }.joined(separator: " AND ")
                    + " AND NOT EXISTS (SELECT 1 FROM \(key.parent) p WHERE \(match))"
                try session.transaction {
                    let selected = places.map { $0.map { "c.\($0)" } ?? "NULL" }.joined(separator: ", ")
                    let keys = try session.all(SQL(raw: "DELETE FROM \(Staging.quoted(table.name)) c WHERE \(orphan) RETURNING \(selected)")) { row in
                        TransferKey(values: places.indices.map { row.value($0) })
                    }
                    let reason = Misfit.orphan(of: key.parent).sentence("")
                    for key in keys { try staging.noteUnfit(key, reason, of: table.name) }
                    var progress = try staging.progress(of: table.name)
                    progress.rows -= keys.count
                    try staging.note(progress, of: table.name)
                    found += keys.map { Orphan(table: table.name, key: $0, reason: reason) }
                }
            }
        }
        return found
    }
}

extension Build {
    /// A foreign key's definition taken apart: names as they stand there, quoted where they need it.
    struct ForeignKey {
        let columns: [Substring]
        let parent: String
        let parentColumns: [Substring]

        /// - Parameter statement: `… FOREIGN KEY (a, b) REFERENCES parent(c, d) …`
        init?(_ statement: String) {
            guard let start = statement.firstRange(of: "FOREIGN KEY ("), let middle = statement.firstRange(of: ") REFERENCES "),
                let name = Build.parent(in: statement)
            else { return nil }
            func list(_ text: Substring) -> [Substring] { text.split(separator: ",").map { $0.drop { $0 == " " } } }
            columns = list(statement[start.upperBound..<middle.lowerBound])
            parent = name
            parentColumns = list(statement[middle.upperBound...].drop { $0 != "(" }.dropFirst().prefix { $0 != ")" })
        }
    }
}
