internal import CZlib

/// The decoded bytes of a whole gzip, zlib or raw deflate stream.
/// - Parameters:
///   - limit: the most decoded bytes.
/// - Throws: `ZlibError`, `truncated` when the stream does not end with `bytes`.
public func gunzip(_ bytes: [UInt8], limit: Int) throws(ZlibError) -> [UInt8] {
    var decoded: [UInt8] = []
    if bytes.count > largestUnmeasured {
        var size = 0
        var measuring = Inflater()
        try measuring.inflate(bytes, limit: limit) { size += $0.count }
        decoded.reserveCapacity(size)
    }
    var inflater = Inflater()
    try inflater.inflate(bytes, limit: limit) { decoded.append(contentsOf: $0) }
    guard inflater.isFinished else { throw .truncated }
    return decoded
}

/// Above it a stream is gone through once before any memory is taken for what it holds: one that holds too much costs a chunk. An
/// ordinary page is far below and is decoded once.
private let largestUnmeasured = 128 << 10

/// `bytes` as one gzip member, without name and time, so equal bytes give equal output.
/// - Parameters:
///   - level: 1 (fast) to 9 (small), 0 for none.
public func gzip(_ bytes: [UInt8], level: Int = 6) -> [UInt8] { deflate(bytes, level: level, windowBits: 15 + 16) }

/// - Parameter windowBits: as zlib takes them: -15 for bare deflate, 16 more than 15 for gzip.
func deflate(_ bytes: [UInt8], level: Int, windowBits: Int32) -> [UInt8] {
    precondition((0...9).contains(level), "a level of \(level)")
    var stream = z_stream()
    return withUnsafeMutablePointer(to: &stream) { stream in
        let begun = deflateInit2_(
            stream, Int32(level), Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(begun == Z_OK, "no memory to compress")
        defer { deflateEnd(stream) }
        var input = bytes
        let most = Int(deflateBound(stream, UInt(bytes.count)))
        precondition(most <= Int(UInt32.max), "\(bytes.count) bytes at once")
        return [UInt8](unsafeUninitializedCapacity: most) { output, count in
            input.withUnsafeMutableBufferPointer { input in
                stream.pointee.next_in = input.baseAddress
                stream.pointee.avail_in = UInt32(input.count)
                stream.pointee.next_out = output.baseAddress
                stream.pointee.avail_out = UInt32(most)
                let code = CZlib.deflate(stream, Z_FINISH)
                // deflateBound has said that it fits.
                precondition(code == Z_STREAM_END, "zlib ends with \(code)")
                count = most - Int(stream.pointee.avail_out)
            }
        }
    }
}
