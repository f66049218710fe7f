import CSQLite
import Database

/// Prepared statements by their text; above its capacity the one that was not used for the longest time goes.
struct StatementCache {
    let capacity: Int
    private var statements: [String: Statement] = [:]
    private var uses: UInt64 = 0

    init(capacity: Int) { self.capacity = capacity }

    var count: Int { statements.count }

    /// A statement for one use, marked as lent out; `giveBack` ends it.
    mutating func take(_ text: String, on database: OpaquePointer) throws(DatabaseError) -> Statement {
        uses += 1
        if let known = statements[text] {
            // The same text inside a run of itself: one of its own, dropped afterwards.
            guard !known.isInUse else { return try Statement(text, on: database, persistent: false) }
            known.isInUse = true
            known.lastUse = uses
            return known
        }
        // Many a PRAGMA acts while it is prepared and would do nothing when run again (sqlite.org/pragma.html).
        guard !Self.isPragma(text) else { return try Statement(text, on: database, persistent: false) }
        let statement = try Statement(text, on: database, persistent: true)
        statement.isInUse = true
        statement.lastUse = uses
        if statements.count >= capacity { evict() }
        statements[text] = statement
        return statement
    }

    /// Ends a use, however it went: the locks and the values go, the statement stays.
    func giveBack(_ statement: Statement) {
        statement.reset()
        statement.clear()
        statement.isInUse = false
    }

    mutating func removeAll() { statements = [:] }

    private mutating func evict() {
        let oldest = statements.values.filter { !$0.isInUse }.min { $0.lastUse < $1.lastUse }
        if let oldest { statements[oldest.text] = nil }
    }

    private static func isPragma(_ text: String) -> Bool {
        text.drop { $0.isWhitespace }.prefix(6).lowercased() == "pragma"
    }
}
