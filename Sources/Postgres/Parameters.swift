import CPostgres
import Database

/// The values of one execution as libpq takes them: a flat buffer, and where each value stands in it.
struct Parameters {
    private var bytes: [UInt8] = []
    /// Where each value begins; nil for NULL.
    private var starts: [Int?] = []
    private var lengths: [Int32] = []
    private var formats: [Int32] = []

    private enum Format { static let text: Int32 = 0, binary: Int32 = 1 }

    /// Takes the values in the form of the types that the server wants.
    /// - Throws: `unstorableText` for a NUL byte, `refused` with 08P01 for a wrong number of values, 22003 for a number that the
    ///   type cannot hold, and 42804 for another kind of value.
    mutating func set(_ values: [SQLValue], as types: [Oid], of statement: String) throws(DatabaseError) {
        guard values.count == types.count else { throw .refused(state: "08P01", statement: statement) }
        bytes.removeAll(keepingCapacity: true)
        starts.removeAll(keepingCapacity: true)
        lengths.removeAll(keepingCapacity: true)
        formats.removeAll(keepingCapacity: true)
        for (value, type) in zip(values, types) {
            do {
                try append(value, as: type)
            } catch {
                switch error {
                case .outOfRange: throw .refused(state: "22003", statement: statement)
                case .otherKind: throw .refused(state: "42804", statement: statement)
                case .nul: throw .unstorableText
                }
            }
        }
    }

    func withPointers<Result>(
        _ body: (Int32, UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?) -> Result
    ) -> Result {
        bytes.withUnsafeBytes { buffer in
            // An empty value still needs an address: a null pointer is NULL.
            let base = buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
            return withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: starts.count) { pointers in
                for (index, start) in starts.enumerated() { pointers.initializeElement(at: index, to: start.flatMap { base?.advanced(by: $0) }) }
                return body(Int32(starts.count), UnsafePointer(pointers.baseAddress), lengths, formats)
            }
        }
    }

    private enum Misfit: Error { case outOfRange, otherKind, nul }

    private mutating func append(_ value: SQLValue, as type: Oid) throws(Misfit) {
        switch value {
        case .null: appendNull()
        case .integer(let number): try append(number, as: type)
        case .real(let number):
            // Stored as NULL, as SQLite does.
            if number.isNaN { return appendNull() }
            try append(number, as: type)
        case .text(let text):
            guard type != PostgresType.bytea else { throw .otherKind }
            guard !text.utf8.contains(0) else { throw .nul }
            // Of another type, its text is for the server to read.
            if PostgresType.isText(type) { append(text.utf8, Format.binary) } else { appendText(text) }
        case .blob(let blob):
            guard type == PostgresType.bytea else { throw .otherKind }
            append(blob, Format.binary)
        }
    }

    private mutating func append(_ number: Int64, as type: Oid) throws(Misfit) {
        switch type {
        case PostgresType.int8: append(number)
        case PostgresType.int4: append(try fitting(number, Int32.self))
        case PostgresType.int2: append(try fitting(number, Int16.self))
        case PostgresType.bool:
            guard number == 0 || number == 1 else { throw .outOfRange }
            append(UInt8(number))
        case PostgresType.timestamptz, PostgresType.timestamp:
            let (since2000, overflow) = number.subtractingReportingOverflow(PostgresType.epoch)
            guard !overflow else { throw .outOfRange }
            append(since2000)
        case PostgresType.float8: append(Double(number).bitPattern)
        case PostgresType.float4: append(Float(number).bitPattern)
        case PostgresType.bytea: throw .otherKind
        case _ where PostgresType.isText(type): append(String(number).utf8, Format.binary)
        default: appendText(String(number))
        }
    }

    private mutating func append(_ number: Double, as type: Oid) throws(Misfit) {
        switch type {
        case PostgresType.float8: append(number.bitPattern)
        case PostgresType.float4: append(Float(number).bitPattern)
        case PostgresType.int8, PostgresType.int4, PostgresType.int2:
            guard let whole = Int64(exactly: number) else { throw .otherKind }
            try append(whole, as: type)
        case PostgresType.numeric: appendText(String(number))
        case _ where PostgresType.isText(type): append(String(number).utf8, Format.binary)
        default: throw .otherKind
        }
    }

    private func fitting<Whole: FixedWidthInteger>(_ number: Int64, _: Whole.Type) throws(Misfit) -> Whole {
        guard let fitting = Whole(exactly: number) else { throw .outOfRange }
        return fitting
    }

    private mutating func appendNull() {
        starts.append(nil)
        lengths.append(0)
        formats.append(Format.binary)
    }

    private mutating func append(_ number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.bigEndian) { append($0, Format.binary) }
    }

    private mutating func appendText(_ text: String) { append(text.utf8, Format.text) }

    private mutating func append(_ value: some Collection<UInt8>, _ format: Int32) {
        starts.append(bytes.count)
        bytes += value
        lengths.append(Int32(clamping: value.count))
        formats.append(format)
        // libpq reads a text up to its NUL; behind a binary value it does no harm, and gives an empty one its address.
        bytes.append(0)
    }
}
