import CSQLite
import Database

/// A prepared statement and the one owner of its C object.
///
/// Used as bind, step until it answers false, `reset`. A statement that was stepped and not reset keeps its read lock.
final class Statement {
    let pointer: OpaquePointer
    let text: String
    /// For SQLite's parameter `i + 1`: the index of its value. SQLite numbers `$2` by where it first stands, not by its name.
    private let order: [Int]

    /// Lent out now; a second use at the same time needs a statement of its own.
    var isInUse = false
    /// The cache's count at the last use.
    var lastUse: UInt64 = 0

    /// - Throws: `failed` with SQLITE_MISUSE for an empty text or a second statement in it, with SQLITE_RANGE for a
    ///   placeholder that is not `$n`.
    convenience init(_ text: String, on database: OpaquePointer, persistent: Bool) throws(DatabaseError) {
        var rest = Array(text.utf8)[...]
        guard let first = try Self.first(of: &rest, on: database, persistent: persistent) else {
            throw .failed(code: Int(SQLITE_MISUSE), statement: text)
        }
        // From here on the object owns the statement, so an error below finalizes it.
        try self.init(pointer: first, text: text)
        guard rest.allSatisfy(Self.isBlank) else { throw .failed(code: Int(SQLITE_MISUSE), statement: text) }
    }

    /// Takes over a statement that was just prepared.
    init(pointer: OpaquePointer, text: String) throws(DatabaseError) {
        guard let order = Self.order(of: pointer) else {
            sqlite3_finalize(pointer)
            throw .failed(code: Int(SQLITE_RANGE), statement: text)
        }
        self.pointer = pointer
        self.text = text
        self.order = order
    }

    /// Prepares the first statement of `rest` and cuts it off; nil where only blanks and comments are left.
    static func first(
        of rest: inout ArraySlice<UInt8>, on database: OpaquePointer, persistent: Bool
    ) throws(DatabaseError) -> OpaquePointer? {
        let (code, statement, used) = rest.withUnsafeBytes { bytes -> (Int32, OpaquePointer?, Int) in
            let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
            var statement: OpaquePointer?
            var tail: UnsafePointer<CChar>?
            let flags = persistent ? UInt32(SQLITE_PREPARE_PERSISTENT) : 0
            let code = sqlite3_prepare_v3(database, start, Int32(bytes.count), flags, &statement, &tail)
            guard let start, let tail else { return (code, statement, bytes.count) }
            return (code, statement, tail - start)
        }
        guard code == SQLITE_OK else {
            throw DatabaseError(code: code, statement: String(decoding: used > 0 ? rest.prefix(used) : rest, as: UTF8.self))
        }
        rest = rest.dropFirst(used)
        return statement
    }

    // What finalize returns is the last step's error again, which was thrown already.
    deinit { sqlite3_finalize(pointer) }

    func bind(_ values: [SQLValue]) throws(DatabaseError) {
        guard values.count == order.count else { throw .failed(code: Int(SQLITE_RANGE), statement: text) }
        var parameter: Int32 = 1
        for index in order {
            guard index < values.count else { throw .failed(code: Int(SQLITE_RANGE), statement: text) }
            let code = bind(values[index], at: parameter)
            guard code == SQLITE_OK else { throw DatabaseError(code: code, statement: text) }
            parameter += 1
        }
    }

    /// Goes on to the next row; false when there is none.
    func step() throws(DatabaseError) -> Bool {
        let code = sqlite3_step(pointer)
        if code == SQLITE_ROW { return true }
        guard code == SQLITE_DONE else { throw DatabaseError(code: code, statement: text) }
        return false
    }

    /// Ends the run, with its locks. Its code repeats the last step's error, which was thrown already.
    func reset() { sqlite3_reset(pointer) }

    /// Forgets the values, so that none outlives its use. Always answers SQLITE_OK.
    func clear() { sqlite3_clear_bindings(pointer) }

    private func bind(_ value: SQLValue, at parameter: Int32) -> Int32 {
        switch value {
        case .null: return sqlite3_bind_null(pointer, parameter)
        case .integer(let number): return sqlite3_bind_int64(pointer, parameter, number)
        case .real(let number): return sqlite3_bind_double(pointer, parameter, number)
        case .text(var text):
            return text.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) { sqlite_bind_text_copy(pointer, parameter, $0.baseAddress, UInt64($0.count)) }
            }
        case .blob(let bytes):
            return bytes.withUnsafeBytes { sqlite_bind_blob_copy(pointer, parameter, $0.baseAddress, UInt64($0.count)) }
        }
    }

    private static func order(of statement: OpaquePointer) -> [Int]? {
        var order: [Int] = []
        for parameter in 0..<sqlite3_bind_parameter_count(statement) {
            guard let name = sqlite3_bind_parameter_name(statement, parameter + 1), name[0] == UInt8(ascii: "$"),
                let number = Int(String(cString: name + 1)), number > 0
            else { return nil }
            order.append(number - 1)
        }
        return order
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) || byte == UInt8(ascii: ";") }
}
