/// A row that a `COPY … TO STDOUT (FORMAT binary)` has sent; it dies with the closure that receives it.
///
/// The columns are read in order, each once, by the caller who knows their types.
public struct CopyRow {
    private var rest: UnsafeRawBufferPointer
    public let columnCount: Int

    /// - Returns: nil for what is no row: the end of the data, or bytes that are cut off.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 2 else { return nil }
        columnCount = Int(Int16(bigEndian: bytes.loadUnaligned(as: Int16.self)))
        guard columnCount >= 0 else { return nil }
        rest = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(2))
    }

    /// The next value's bytes as the server sends them; nil for NULL.
    public mutating func next() -> UnsafeRawBufferPointer? {
        guard rest.count >= 4 else { return nil }
        let count = Int(Int32(bigEndian: rest.loadUnaligned(as: Int32.self)))
        let value = UnsafeRawBufferPointer(rebasing: rest[4...].prefix(max(0, count)))
        rest = UnsafeRawBufferPointer(rebasing: rest[(4 + value.count)...])
        return count < 0 ? nil : value
    }

    /// A number of any width in the order that the server sends, 0 for too few bytes.
    public static func number<Number: FixedWidthInteger>(_ bytes: UnsafeRawBufferPointer, as _: Number.Type = Number.self) -> Number {
        bytes.count < MemoryLayout<Number>.size ? 0 : Number(bigEndian: bytes.loadUnaligned(as: Number.self))
    }

    /// Microseconds since 1970.
    public static func moment(_ bytes: UnsafeRawBufferPointer) -> Int64 { number(bytes, as: Int64.self) &+ PostgresMoment.epoch }
}
