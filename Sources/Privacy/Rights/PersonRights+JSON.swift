public import Fediverse

extension PersonRights.Taken {
    public func write(to writer: inout JSONWriter) {
        writer.object {
            $0.member("taken") { $0.object { for table in taken.keys.sorted() { $0.member(table, taken[table] ?? 0) } } }
            $0.member("not_kept", notKept)
            $0.member("unknown_settings", leftOut.unknownSettings)
            $0.member("authors_of_another_key", leftOut.ofOtherKey)
        }
    }
}

extension PersonalTable {
    /// The rows as an array of objects, every cell a string or null.
    public func write(to writer: inout JSONWriter) {
        writer.array {
            for row in rows {
                $0.object { for (column, cell) in zip(columns, row) { $0.member(column, cell) } }
            }
        }
    }
}
