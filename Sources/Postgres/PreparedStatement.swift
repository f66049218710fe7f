import CPostgres
import Database

/// A statement that the server has parsed for one session, under a name of its own.
struct PreparedStatement {
    let name: String
    /// What the server found each parameter to be.
    let parameters: [Oid]
    var lastUse: UInt64
}

/// The prepared statements of one session by their text; above its capacity the one that was not used for the longest time goes.
struct PreparedStatements {
    let capacity: Int
    private var statements: [String: PreparedStatement] = [:]
    private var uses: UInt64 = 0
    /// Names are never used again in a session: one whose statement could not be removed stays taken.
    private var names: UInt64 = 0

    init(capacity: Int) { self.capacity = capacity }

    var count: Int { statements.count }

    mutating func known(_ text: String) -> PreparedStatement? {
        guard let index = statements.index(forKey: text) else { return nil }
        uses += 1
        statements.values[index].lastUse = uses
        return statements.values[index]
    }

    mutating func nextName() -> String {
        names += 1
        return "s\(names)"
    }

    mutating func add(_ text: String, _ name: String, parameters: [Oid]) -> PreparedStatement {
        uses += 1
        let statement = PreparedStatement(name: name, parameters: parameters, lastUse: uses)
        statements[text] = statement
        return statement
    }

    /// Takes out the one that has to go before another comes in; nil while there is room.
    mutating func evicted() -> PreparedStatement? {
        guard statements.count >= capacity, let oldest = statements.min(by: { $0.value.lastUse < $1.value.lastUse }) else { return nil }
        return statements.removeValue(forKey: oldest.key)
    }

    mutating func forget(_ text: String) -> PreparedStatement? { statements.removeValue(forKey: text) }
    mutating func removeAll() { statements = [:] }
}
