import CZlib
import Testing
import Zlib

/// Bytes that repeat a little, as text does: the same for the same seed.
private func sample(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var state = seed
    return (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: 97 + (state >> 33) % 23)
    }
}

/// One stream with zlib's own compressor. `windowBits`: 31 gzip, 15 zlib, -15 raw.
private func compressed(_ bytes: [UInt8], windowBits: Int32) -> [UInt8] {
    var stream = z_stream()
    var input = bytes
    var output = [UInt8](repeating: 0, count: bytes.count + 1024)
    #expect(deflateInit2_(&stream, 6, Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK)
    defer { deflateEnd(&stream) }
    let made = input.withUnsafeMutableBufferPointer { input in
        output.withUnsafeMutableBufferPointer { output in
            stream.next_in = input.baseAddress
            stream.avail_in = UInt32(input.count)
            stream.next_out = output.baseAddress
            stream.avail_out = UInt32(output.count)
            #expect(deflate(&stream, Z_FINISH) == Z_STREAM_END)
            return output.count - Int(stream.avail_out)
        }
    }
    return Array(output[..<made])
}

@Test(arguments: [0, 1, 2, 100, 65_535, 65_536, 65_537, 300_000], 0...9)
func `what gzip makes comes back`(count: Int, level: Int) throws {
    let bytes = sample(count)
    let small = gzip(bytes, level: level)
    #expect(Array(small.prefix(2)) == [0x1F, 0x8B])
    #expect(try gunzip(small, limit: count) == bytes)
}

@Test(arguments: [31, 15, -15] as [Int32])
func `gzip, zlib and raw deflate are told apart`(windowBits: Int32) throws {
    let bytes = sample(50_000)
    #expect(try gunzip(compressed(bytes, windowBits: windowBits), limit: 50_000) == bytes)
}

@Test(arguments: [31, 15, -15] as [Int32])
func `a stream may be cut anywhere`(windowBits: Int32) throws {
    let bytes = sample(700)
    let small = compressed(bytes, windowBits: windowBits)
    for cut in 0...small.count {
        var inflater = Inflater()
        let first = try inflater.inflate(Array(small[..<cut]), limit: 700)
        let isFinishedEarly = inflater.isFinished
        #expect(isFinishedEarly == (cut == small.count))
        let second = try inflater.inflate(Array(small[cut...]), limit: 700)
        let isFinished = inflater.isFinished
        #expect(first + second == bytes && isFinished)
    }
    var inflater = Inflater()
    var output: [UInt8] = []
    for byte in small { output += try inflater.inflate([byte], limit: 700) }
    let isFinished = inflater.isFinished
    #expect(output == bytes && isFinished)
}

@Test func `the limit is exact`() throws {
    for count in [1, 1000, 65_536, 200_000, 600_000] {
        let small = gzip(sample(count))
        #expect(try gunzip(small, limit: count).count == count)
        #expect(throws: ZlibError.tooLarge(limit: count - 1)) { try gunzip(small, limit: count - 1) }
    }
    #expect(try gunzip(gzip([]), limit: 0) == [])
    #expect(try gunzip(gzip(sample(70_000)), limit: .max).count == 70_000)
}

@Test func `the limit counts what earlier calls gave`() throws {
    let small = gzip(sample(1000))
    var inflater = Inflater()
    let first = try inflater.inflate(Array(small.dropLast(20)), limit: 999)
    #expect(first.count > 0 && first.count < 1000)
    do {
        _ = try inflater.inflate(Array(small.suffix(20)), limit: 999)
        Issue.record("more than the limit")
    } catch {
        #expect(error == .tooLarge(limit: 999))
    }
}

@Test func `a bomb of one gibibyte stops after a mebibyte`() throws {
    // 1024 members of 1 MiB of zeros: about a mebibyte in, a gibibyte out.
    let member = gzip([UInt8](repeating: 0, count: 1 << 20))
    let bomb = Array(repeatElement(member, count: 1024).joined())
    #expect(bomb.count < 2 << 20)
    #expect(throws: ZlibError.ratioExceeded) { try gunzip(bomb, limit: .max) }
    // Given as it comes over the wire, so the ratio is seen before the limit.
    var inflater = Inflater()
    var decoded = 0
    var failure: ZlibError?
    for start in stride(from: 0, to: bomb.count, by: 100) {
        do {
            decoded += try inflater.inflate(Array(bomb[start..<min(start + 100, bomb.count)]), limit: .max).count
        } catch {
            failure = error
            break
        }
    }
    #expect(failure == .ratioExceeded)
    #expect(decoded <= 1 << 20)
}

@Test func `a bomb in one member stops early`() {
    let bomb = gzip([UInt8](repeating: 0, count: 64 << 20), level: 9)
    #expect(throws: ZlibError.ratioExceeded) { try gunzip(bomb, limit: .max) }
}

@Test func `zeros up to a mebibyte are no bomb`() throws {
    #expect(try gunzip(gzip([UInt8](repeating: 0, count: 1 << 20)), limit: 1 << 20).count == 1 << 20)
}

@Test func `members after each other are one stream`() throws {
    let parts = [sample(10, seed: 1), [], sample(70_000, seed: 2)]
    #expect(try gunzip(parts.flatMap { gzip($0) }, limit: 100_000) == Array(parts.joined()))
}

@Test func `a stream that stops short is truncated`() {
    let small = gzip(sample(5000))
    for count in stride(from: 0, to: small.count, by: 7) {
        #expect(throws: ZlibError.truncated) { try gunzip(Array(small[..<count]), limit: 5000) }
    }
    // Large enough to be measured first.
    let large = gzip(sample(600_000))
    for count in [large.count / 2, large.count - 1] {
        #expect(throws: ZlibError.truncated) { try gunzip(Array(large[..<count]), limit: 600_000) }
    }
}

@Test func `a changed bit does not pass`() {
    let bytes = sample(2000)
    let small = gzip(bytes)
    // The ten bytes of the head hold a time and a system name, which no checksum guards.
    for index in 10..<small.count {
        var broken = small
        broken[index] ^= 0x10
        #expect(throws: ZlibError.self) { try gunzip(broken, limit: 10_000) }
    }
}

@Test func `what follows a stream that is not gzip is corrupt`() {
    let small = compressed(sample(100), windowBits: 15)
    #expect(throws: ZlibError.corrupt) { try gunzip(small + [1, 2, 3], limit: 1000) }
    #expect(throws: ZlibError.corrupt) { try gunzip(gzip(sample(100)) + Array("garbage".utf8), limit: 1000) }
}

@Test func `random bytes never decode past the limit and never crash`() {
    for seed in 1...3000 as ClosedRange<UInt64> {
        var state = seed
        let noise = (0..<64).map { _ -> UInt8 in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 40)
        }
        if let decoded = try? gunzip(noise, limit: 256) { #expect(decoded.count <= 256) }
    }
}
