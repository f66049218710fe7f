/// One connection to either engine, synchronous: it blocks, so it lives on a thread of its own
/// (`ConnectionPool`) and is reached from async code only through a closure.
///
/// Statements are prepared once per text and kept. Placeholders are `$1`, `$2`, …
public protocol Connection: AnyObject {
    var dialect: Dialect { get }

    /// Runs a statement that gives no rows.
    /// - Returns: how many rows it inserted, changed or deleted.
    @discardableResult
    func run(_ statement: SQL) throws(DatabaseError) -> Int

    /// Runs a statement and hands each row to `each`, in order.
    func rows(_ statement: SQL, _ each: (any Row) throws -> Void) throws

    /// Runs many rows through one prepared `INSERT` (or upsert) whose placeholders are `$1` to `$n`: one call for a whole batch.
    /// - Returns: rows changed, in all.
    @discardableResult
    func bulk(_ statement: String, _ rows: some Sequence<[SQLValue]>) throws(DatabaseError) -> Int

    /// Runs several statements in one text, for schema changes: no values, no rows.
    func script(_ text: String) throws(DatabaseError)

    /// Runs `body` between BEGIN and COMMIT (a savepoint when one is open already); any error rolls back and is thrown on.
    func transaction<Result>(_ body: () throws -> Result) throws -> Result
}

extension Connection {
    /// The rows of a small answer, each turned into a value.
    public func all<Value>(_ statement: SQL, _ read: (any Row) throws -> Value) throws -> [Value] {
        var values: [Value] = []
        try rows(statement) { row in values.append(try read(row)) }
        return values
    }

    /// The first row as a value, nil when there is none.
    public func first<Value>(_ statement: SQL, _ read: (any Row) throws -> Value) throws -> Value? {
        var value: Value?
        try rows(statement) { row in if value == nil { value = try read(row) } }
        return value
    }
}

public enum Dialect: Sendable { case sqlite, postgres }
