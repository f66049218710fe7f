internal import CZlib

/// Decodes gzip, zlib or raw deflate as it comes, and tells which by its first two bytes.
///
/// Content-Encoding `deflate` is sent both ways in the wild, so raw deflate is taken for what is neither gzip nor zlib.
/// Several gzip members after each other are one stream (RFC 1952, 2.2).
///
/// Unchecked, because the stream lives on the heap, but this value alone has its address and cannot be copied.
public struct Inflater: ~Copyable, @unchecked Sendable {
    private enum Format { case undecided, gzip, zlib, raw }

    // zlib keeps the stream's address and refuses one that has moved.
    private let stream: UnsafeMutablePointer<z_stream>
    private var format = Format.undecided
    /// A first byte that came alone.
    private var held: [UInt8] = []
    private var isInMember = false
    private var consumed = 0
    private var decoded = 0

    /// From here on the ratio counts: small streams of zeros are harmless.
    private static let freeBytes = 1 << 20
    private static let mostRatio = 100
    private static let chunkBytes = 64 * 1024

    public init() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
    }

    deinit {
        // Without effect on one that was never begun: its state is nil.
        inflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
    }

    /// The stream is whole: nothing is missing at its end.
    public var isFinished: Bool { format != .undecided && !isInMember }

    /// What `input` adds to the decoded bytes.
    /// - Parameters:
    ///   - limit: the most decoded bytes of the whole stream, those of earlier calls included.
    /// - Throws: `ZlibError`; the stream cannot be continued after it.
    public mutating func inflate(_ input: [UInt8], limit: Int) throws(ZlibError) -> [UInt8] {
        var output: [UInt8] = []
        try inflate(input, limit: limit) { output.append(contentsOf: $0) }
        return output
    }

    /// The same, a chunk at a time.
    /// - Parameters:
    ///   - take: given each chunk, which holds for the length of the call.
    mutating func inflate(_ input: [UInt8], limit: Int, take: (UnsafeMutableBufferPointer<UInt8>.SubSequence) -> Void) throws(ZlibError) {
        var input = input
        if format == .undecided {
            if !held.isEmpty { input = held + input }
            guard input.count >= 2 else {
                held = input
                return
            }
            try begin(input[0], input[1])
        }
        let failure = input.withUnsafeBufferPointer { bytes -> ZlibError? in
            do throws(ZlibError) {
                try decode(bytes, limit: limit, take: take)
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
    }

    private mutating func begin(_ first: UInt8, _ second: UInt8) throws(ZlibError) {
        let windowBits: Int32
        if first == 0x1F && second == 0x8B {
            (format, windowBits) = (.gzip, 15 + 16)
        } else if first & 0x0F == 8 && first >> 4 <= 7 && (Int(first) << 8 | Int(second)) % 31 == 0 {
            (format, windowBits) = (.zlib, 15)
        } else {
            (format, windowBits) = (.raw, -15)
        }
        guard inflateInit2_(stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { throw .corrupt }
        isInMember = true
        held = []
    }

    private mutating func decode(
        _ input: UnsafeBufferPointer<UInt8>, limit: Int, take: (UnsafeMutableBufferPointer<UInt8>.SubSequence) -> Void
    ) throws(ZlibError) {
        let chunk = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: Self.chunkBytes)
        defer { chunk.deallocate() }
        var offset = 0
        while true {
            if !isInMember {
                if offset == input.count { return }
                guard format == .gzip, inflateReset(stream) == Z_OK else { throw .corrupt }
                isInMember = true
            }
            let given = min(input.count - offset, Int(UInt32.max))
            // One byte above the limit is enough to see that it is passed.
            let room = min(chunk.count - 1, max(0, limit - decoded)) + 1
            // zlib only reads there; its header says so where ZLIB_CONST is defined.
            stream.pointee.next_in = input.baseAddress.map { UnsafeMutablePointer(mutating: $0 + offset) }
            stream.pointee.avail_in = UInt32(given)
            stream.pointee.next_out = chunk.baseAddress
            stream.pointee.avail_out = UInt32(room)
            let code = CZlib.inflate(stream, Z_NO_FLUSH)
            guard code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR else { throw .corrupt }
            let taken = given - Int(stream.pointee.avail_in)
            let made = room - Int(stream.pointee.avail_out)
            offset += taken
            consumed += taken
            decoded += made
            guard decoded <= limit else { throw .tooLarge(limit: limit) }
            guard decoded <= Self.freeBytes || decoded / Self.mostRatio <= consumed else { throw .ratioExceeded }
            take(chunk[..<made])
            if code == Z_STREAM_END {
                isInMember = false
            } else if offset == input.count && made < room {
                return
            } else if taken == 0 && made == 0 {
                throw .corrupt
            }
        }
    }
}
