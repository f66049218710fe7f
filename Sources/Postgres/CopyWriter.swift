import CPostgres
public import Database

/// Rows on their way into a table, in the form of `COPY … (FORMAT binary)`: a count of columns, then each value with its length.
///
/// The caller knows the types of the columns and writes them in order; the server refuses what does not fit. Values are
/// written into one buffer that is used again and again, and a row stands in it whole before any of it is sent.
///
/// Source: postgresql.org, "COPY", "Binary Format".
public final class CopyWriter {
    /// Sent when it holds so much: large enough for few calls, small enough to stay in the processor's cache.
    @usableFromInline static let portion = 128 * 1024

    @usableFromInline var buffer: UnsafeMutableRawPointer
    @usableFromInline var capacity: Int
    @usableFromInline var used = 0
    /// Where the row that is being written begins.
    @usableFromInline var rowStart = 0
    private var sent = 0
    private let handle: PostgresHandle
    private let statement: String

    /// How much was written so far.
    public var byteCount: Int { sent + used }

    init(_ handle: PostgresHandle, statement: String) {
        self.handle = handle
        self.statement = statement
        capacity = 2 * Self.portion
        buffer = .allocate(byteCount: capacity, alignment: 16)
        // The signature, no flags, no further header.
        for byte in "PGCOPY\n".utf8 { append(byte) }
        for byte in [0xFF, 0x0D, 0x0A, 0x00] as [UInt8] { append(byte) }
        append(Int32(0))
        append(Int32(0))
    }

    deinit { buffer.deallocate() }

    @inlinable public func beginRow(columns: Int) {
        rowStart = used
        append(Int16(truncatingIfNeeded: columns))
    }

    /// - Throws: `disconnected`. Waits while the server is behind.
    @inlinable public func endRow() throws(DatabaseError) {
        if used >= Self.portion { try send() }
    }

    /// Takes the row that was begun out again.
    @inlinable public func dropRow() { used = rowStart }

    @inlinable public func null() { append(Int32(-1)) }

    @inlinable public func integer(_ number: some FixedWidthInteger) {
        append(Int32(truncatingIfNeeded: number.bitWidth / 8))
        append(number)
    }

    @inlinable public func bool(_ isTrue: Bool) { integer(isTrue ? 1 as UInt8 : 0) }
    @inlinable public func real(_ number: Double) { integer(number.bitPattern) }

    /// - Parameter since1970: microseconds; the caller has seen that it is a moment PostgreSQL knows (`PostgresMoment`).
    @inlinable public func moment(_ since1970: Int64) { integer(since1970 &- PostgresMoment.epoch) }

    /// A text or bytea.
    @inlinable public func bytes(_ bytes: UnsafeRawBufferPointer) {
        reserve(bytes.count + 4)
        append(Int32(truncatingIfNeeded: bytes.count))
        if let start = bytes.baseAddress { (buffer + used).copyMemory(from: start, byteCount: bytes.count) }
        used += bytes.count
    }

    /// The text of a jsonb.
    @inlinable public func json(_ text: UnsafeRawBufferPointer) {
        reserve(text.count + 5)
        append(Int32(truncatingIfNeeded: text.count + 1))
        append(1 as UInt8)
        if let start = text.baseAddress { (buffer + used).copyMemory(from: start, byteCount: text.count) }
        used += text.count
    }

    @inlinable func append(_ number: some FixedWidthInteger) {
        reserve(8)
        (buffer + used).storeBytes(of: number.bigEndian, as: type(of: number))
        used += number.bitWidth / 8
    }

    @inlinable func reserve(_ count: Int) {
        if used + count > capacity { grow(count) }
    }

    @usableFromInline func grow(_ count: Int) {
        capacity = max(capacity * 2, used + count)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
        larger.copyMemory(from: buffer, byteCount: used)
        buffer.deallocate()
        buffer = larger
    }

    @usableFromInline func send() throws(DatabaseError) {
        try handle.putCopyData(UnsafeRawBufferPointer(start: buffer, count: used), of: statement)
        sent += used
        used = 0
        rowStart = 0
    }

    func finish() throws(DatabaseError) {
        append(Int16(-1))
        try send()
    }
}

/// The moments that a `timestamptz` can be, in microseconds since 1970.
public enum PostgresMoment {
    @usableFromInline static let epoch: Int64 = 946_684_800_000_000
    /// From 4714-11-24 BC to the end of the year 294276.
    ///
    /// Source: postgresql.org, `src/include/datatype/timestamp.h`.
    public static let range: Range<Int64> = (-211_813_488_000_000_000 + epoch)..<(.max)
}
