/// A row that a `COPY … TO STDOUT (FORMAT binary)` has sent; it dies with the closure that receives it.
///
/// The columns are read in order, each once, by the caller who knows their types.
public struct CopyRow {
    @usableFromInline var rest: UnsafeRawPointer
    @usableFromInline let end: UnsafeRawPointer
    public let columnCount: Int

    /// - Returns: nil for what is no row: the end of the data, or bytes that are cut off.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress, bytes.count >= 2 else { return nil }
        columnCount = Int(Int16(bigEndian: start.loadUnaligned(as: Int16.self)))
        guard columnCount >= 0 else { return nil }
        rest = start + 2
        end = start + bytes.count
    }

    /// The next value's bytes as the server sends them; nil for NULL.
    @inlinable public mutating func next() -> UnsafeRawBufferPointer? {
        guard end - rest >= 4 else { return nil }
        let count = Int(Int32(bigEndian: rest.loadUnaligned(as: Int32.self)))
        rest += 4
        guard count >= 0, end - rest >= count else { return nil }
        defer { rest += count }
        return UnsafeRawBufferPointer(start: rest, count: count)
    }

    /// A number of any width in the order that the server sends, 0 for too few bytes.
    @inlinable public static func number<Number: FixedWidthInteger>(_ bytes: UnsafeRawBufferPointer, as _: Number.Type = Number.self) -> Number {
        bytes.count < Number.bitWidth / 8 ? 0 : Number(bigEndian: bytes.loadUnaligned(as: Number.self))
    }

    /// Microseconds since 1970.
    @inlinable public static func moment(_ bytes: UnsafeRawBufferPointer) -> Int64 { number(bytes, as: Int64.self) &+ PostgresMoment.epoch }
}
