import CPostgres

/// The types that are written and read in binary form, by the number that they have in every server.
///
/// Source: postgresql.org, `src/include/catalog/pg_type.dat`.
enum PostgresType {
    static let bool: Oid = 16
    static let bytea: Oid = 17
    static let char: Oid = 18
    static let name: Oid = 19
    static let int8: Oid = 20
    static let int2: Oid = 21
    static let int4: Oid = 23
    static let text: Oid = 25
    static let oid: Oid = 26
    static let json: Oid = 114
    static let float4: Oid = 700
    static let float8: Oid = 701
    static let unknown: Oid = 705
    static let bpchar: Oid = 1042
    static let varchar: Oid = 1043
    static let timestamp: Oid = 1114
    static let timestamptz: Oid = 1184
    static let numeric: Oid = 1700
    static let jsonb: Oid = 3802

    /// From 1970, where our moments begin, to 2000, where PostgreSQL's do, in microseconds.
    static let epoch: Int64 = 946_684_800_000_000

    /// Whether the binary form is the text itself.
    static func isText(_ type: Oid) -> Bool {
        switch type {
        case text, varchar, bpchar, name, char, unknown: true
        default: false
        }
    }
}
