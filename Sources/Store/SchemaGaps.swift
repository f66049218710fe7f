import Database
public import Privacy

/// Where the database and the state table do not agree: something without a class, or a personal column without a purpose, a level rule
/// and a retention, or the other way round something that the table promises and the database lacks.
public struct SchemaGap: Sendable, Hashable, CustomStringConvertible {
    public var table: String
    /// nil where the whole table is meant.
    public var column: String?
    /// Whether the database has it and the state table does not.
    public var isUnknown: Bool

    public var description: String {
        switch (column, isUnknown) {
        case (nil, true): "the table \(table) has no class in the state table"
        case (nil, false): "the table \(table) of the state table is not in the database"
        case (let column?, true): "the personal column \(table).\(column) has no purpose, level rule and retention in the state table"
        case (let column?, false): "the column \(table).\(column) of the state table is not in the database"
        }
    }
}

extension Storage {
    /// - Returns: empty where every table has a class, and every column of a personal one its line in the state table.
    public func schemaGaps(_ keeping: KeepingPolicy = .standard) async throws -> [SchemaGap] {
        try await pool.read { try $0.schemaGaps(keeping) }
    }
}

extension Connection {
    func schemaGaps(_ keeping: KeepingPolicy) throws -> [SchemaGap] {
        let present = try all(dialect.tableNames) { $0.text(0) }
        var gaps = Set(present).subtracting(keeping.tables.map(\.name)).map { SchemaGap(table: $0, column: nil, isUnknown: true) }
        for table in keeping.tables where dialect == .postgres || !table.onServerOnly {
            guard present.contains(table.name) else {
                gaps.append(SchemaGap(table: table.name, column: nil, isUnknown: false))
                continue
            }
            guard table.kind == .personal else { continue }
            let (found, promised) = (Set(try columnNames(of: table.name)), Set(table.columns.map(\.name)))
            gaps += found.subtracting(promised).map { SchemaGap(table: table.name, column: $0, isUnknown: true) }
            gaps += promised.subtracting(found).map { SchemaGap(table: table.name, column: $0, isUnknown: false) }
        }
        return gaps.sorted { ($0.table, $0.column ?? "") < ($1.table, $1.column ?? "") }
    }

    /// In the schema's order.
    func columnNames(of table: String) throws -> [String] { try all(dialect.columnNames(of: table)) { $0.text(0) } }
}
