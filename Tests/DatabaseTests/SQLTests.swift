import Database
import Testing

@Test func `what is interpolated becomes a numbered parameter`() {
    let statement: SQL = "SELECT \(1), \("it's"), \(nil as Int64?) FROM \(raw: "things")"
    #expect(statement.text == "SELECT $1, $2, $3 FROM things")
    #expect(statement.values == [.integer(1), .text("it's"), .null])
}

@Test func `a statement woven into another one gets new numbers`() {
    let inner: SQL = "a = \(true) AND b IN (\(sql: .list(11...21)))"
    let outer: SQL = "x = \(0.5) AND (\(sql: inner)) AND y = \([7] as [UInt8])"
    #expect(outer.text == "x = $1 AND (a = $2 AND b IN ($3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)) AND y = $14")
    #expect(outer.values.count == 14)
    #expect(outer.values[1] == .integer(1) && outer.values[12] == .integer(21) && outer.values[13] == .blob([7]))
}
