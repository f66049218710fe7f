import Database

/// What a PostgreSQL server can do beside itself: parts of its own package (Debian's `postgresql`) and others.
enum ServerExtension {
    /// The schema's indexes are made of these.
    static let needed = ["btree_gin", "pg_trgm"]
    /// Of use where it is there.
    static let welcome = ["vector"]
}

extension Connection {
    /// Whether the server has what the schema needs, asked before the schema is made: its own refusal would name a statement.
    /// - Throws: `unfit` for what the server lacks, `notAdmitted` for what the user may not add to the database.
    func checkExtensions() throws {
        let needed = try extensions().filter { ServerExtension.needed.contains($0.name) }
        let missing = needed.filter { $0.state == .missing }.map(\.name)
        guard missing.isEmpty else {
            throw DatabaseError.unfit(reason: "the server lacks the extension \(missing.joined(separator: " and ")); install PostgreSQL's contrib modules")
        }
        let absent = needed.filter { $0.state == .available }.map(\.name)
        if absent.isEmpty { return }
        let mayAdd = try first("SELECT has_database_privilege(current_database(), 'CREATE')") { $0.bool(0) } ?? false
        guard mayAdd else {
            throw DatabaseError.notAdmitted(
                reason: "the user may not add the extension \(absent.joined(separator: " and ")); the database's owner does it with CREATE EXTENSION")
        }
    }

    /// The extensions that are of use here; none on SQLite.
    func extensions() throws -> [StoreInfo.Extension] {
        guard dialect == .postgres else { return [] }
        let names = ServerExtension.needed + ServerExtension.welcome
        let installed = try all("SELECT extname, extversion FROM pg_catalog.pg_extension") { ($0.text(0), $0.text(1)) }
        let versions = Dictionary(uniqueKeysWithValues: installed)
        let available = Set(try all("SELECT name FROM pg_catalog.pg_available_extensions") { $0.text(0) })
        return names.map { name in
            let absent: StoreInfo.Extension.State = available.contains(name) ? .available : .missing
            return StoreInfo.Extension(name: name, state: versions[name].map { .installed(version: $0) } ?? absent)
        }
    }
}
