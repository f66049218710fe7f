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

    /// The bytes that are not yet sent.
    @usableFromInline struct Buffer {
        @usableFromInline var start: UnsafeMutableRawPointer
        @usableFromInline var capacity: Int
        @usableFromInline var used = 0
        /// Where the row that is being written begins.
        @usableFromInline var rowStart = 0

        @inlinable mutating func append(_ number: some FixedWidthInteger) {
            reserve(16)
            (start + used).storeBytes(of: number.bigEndian, as: type(of: number))
            used &+= number.bitWidth / 8
        }

        @inlinable mutating func append(_ bytes: UnsafeRawBufferPointer) {
            reserve(bytes.count)
            if let from = bytes.baseAddress { (start + used).copyMemory(from: from, byteCount: bytes.count) }
            used &+= bytes.count
        }

        @inlinable mutating func reserve(_ count: Int) {
            if used &+ count > capacity { grow(count) }
        }

        @usableFromInline mutating func grow(_ count: Int) {
            capacity = max(capacity * 2, used + count)
            let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
            larger.copyMemory(from: start, byteCount: used)
            start.deallocate()
            start = larger
        }
    }

    /// Apart from the object: for each value of a row, Swift would else look whether anybody else is at it.
    @usableFromInline let buffer: UnsafeMutablePointer<Buffer>
    private var sent = 0
    private let handle: PostgresHandle
    private let statement: String

    /// How much was written so far.
    public var byteCount: Int { sent + buffer.pointee.used }

    init(_ handle: PostgresHandle, statement: String) {
        self.handle = handle
        self.statement = statement
        let capacity = 2 * Self.portion
        buffer = .allocate(capacity: 1)
        buffer.initialize(to: Buffer(start: .allocate(byteCount: capacity, alignment: 16), capacity: capacity))
        // The signature, no flags, no further header.
        for byte in "PGCOPY\n".utf8 { buffer.pointee.append(byte) }
        for byte in [0xFF, 0x0D, 0x0A, 0x00] as [UInt8] { buffer.pointee.append(byte) }
        buffer.pointee.append(Int32(0))
        buffer.pointee.append(Int32(0))
    }

    deinit {
        buffer.pointee.start.deallocate()
        buffer.deallocate()
    }

    @inlinable public func beginRow(columns: Int) {
        buffer.pointee.rowStart = buffer.pointee.used
        buffer.pointee.append(Int16(truncatingIfNeeded: columns))
    }

    /// - Throws: `disconnected`. Waits while the server is behind.
    @inlinable public func endRow() throws(DatabaseError) {
        if buffer.pointee.used >= Self.portion { try send() }
    }

    /// Takes the row that was begun out again.
    @inlinable public func dropRow() { buffer.pointee.used = buffer.pointee.rowStart }

    @inlinable public func null() { buffer.pointee.append(Int32(-1)) }

    @inlinable public func integer(_ number: some FixedWidthInteger) {
        buffer.pointee.append(Int32(truncatingIfNeeded: number.bitWidth / 8))
        buffer.pointee.append(number)
    }

    @inlinable public func bool(_ isTrue: Bool) { integer(isTrue ? 1 as UInt8 : 0) }
    @inlinable public func real(_ number: Double) { integer(number.bitPattern) }

    /// - Parameter since1970: microseconds; the caller has seen that it is a moment PostgreSQL knows (`PostgresMoment`).
    @inlinable public func moment(_ since1970: Int64) { integer(since1970 &- PostgresMoment.epoch) }

    /// A text or bytea.
    @inlinable public func bytes(_ bytes: UnsafeRawBufferPointer) {
        buffer.pointee.append(Int32(truncatingIfNeeded: bytes.count))
        buffer.pointee.append(bytes)
    }

    /// The text of a jsonb.
    @inlinable public func json(_ text: UnsafeRawBufferPointer) {
        buffer.pointee.append(Int32(truncatingIfNeeded: text.count + 1))
        buffer.pointee.append(1 as UInt8)
        buffer.pointee.append(text)
    }

    @usableFromInline func send() throws(DatabaseError) {
        let used = buffer.pointee.used
        try handle.putCopyData(UnsafeRawBufferPointer(start: buffer.pointee.start, count: used), of: statement)
        sent += used
        buffer.pointee.used = 0
        buffer.pointee.rowStart = 0
    }

    func finish() throws(DatabaseError) {
        buffer.pointee.append(Int16(-1))
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
