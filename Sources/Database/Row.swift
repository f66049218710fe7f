/// One row of an answer, valid only inside the closure that receives it.
///
/// A NULL read as a plain type is 0 or empty; ask `isNull` or read the optional form where it matters.
public protocol Row {
    func isNull(_ column: Int) -> Bool
    func integer(_ column: Int) -> Int64
    func real(_ column: Int) -> Double
    func text(_ column: Int) -> String
    func blob(_ column: Int) -> [UInt8]
    /// The column's bytes without a copy; the pointer dies with the closure.
    func withBytes<Result>(_ column: Int, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result
    var columnCount: Int { get }
    /// The value in its own kind, for dumps and copies.
    func value(_ column: Int) -> SQLValue
}

extension Row {
    public func integerOrNil(_ column: Int) -> Int64? { isNull(column) ? nil : integer(column) }
    public func realOrNil(_ column: Int) -> Double? { isNull(column) ? nil : real(column) }
    public func textOrNil(_ column: Int) -> String? { isNull(column) ? nil : text(column) }
    public func bool(_ column: Int) -> Bool { integer(column) != 0 }
}
