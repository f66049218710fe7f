internal import CZlib

/// A zip archive in memory: a few files with short names, without folders, times and comments, so that equal files give equal bytes.
///
/// Source: PKWARE, APPNOTE.TXT 6.3.10; only what every reader knows: deflate, 32-bit sizes, names in UTF-8.
public struct ZipArchive: Sendable {
    public struct Entry: Sendable, Equatable {
        public let name: String
        public let bytes: [UInt8]

        public init(name: String, bytes: [UInt8]) {
            self.name = name
            self.bytes = bytes
        }
    }

    private static let localHeader: UInt32 = 0x0403_4b50
    private static let centralHeader: UInt32 = 0x0201_4b50
    private static let endOfDirectory: UInt32 = 0x0605_4b50
    /// 1 January 1980, the earliest that the format can say.
    private static let earliestDay: UInt16 = 0x0021
    private static let deflated: UInt16 = 8
    private static let stored: UInt16 = 0
    /// Names are UTF-8.
    private static let flags: UInt16 = 0x0800
    private static let version: UInt16 = 20

    /// - Precondition: each entry is under 1 GiB, names are of at most 255 bytes, and there are at most 65,535 of them.
    public static func pack(_ entries: [Entry]) -> [UInt8] {
        precondition(entries.count <= 65_535, "\(entries.count) entries")
        var archive: [UInt8] = []
        var directory: [UInt8] = []
        for entry in entries {
            let name = Array(entry.name.utf8)
            precondition(name.count <= 255 && entry.bytes.count < 1 << 30, "an entry that does not fit")
            let packed = deflate(entry.bytes, level: 6, windowBits: -15)
            var common: [UInt8] = []
            for number in [version, flags, deflated, 0, earliestDay] { common += little(number) }
            for number in [checksum(entry.bytes), UInt32(packed.count), UInt32(entry.bytes.count)] { common += little(number) }
            common += little(UInt16(name.count)) + little(UInt16(0))
            // The directory says of each entry who made it, and its place; the rest is the same.
            directory += little(centralHeader) + little(version) + common + [UInt8](repeating: 0, count: 10) + little(UInt32(archive.count)) + name
            archive += little(localHeader) + common + name + packed
        }
        let start = UInt32(archive.count)
        let count = UInt16(entries.count)
        archive += directory + little(endOfDirectory) + [0, 0, 0, 0] + little(count) + little(count) + little(UInt32(directory.count)) + little(start)
        return archive + [0, 0]
    }

    /// One file of an archive; nil where it has none of that name.
    /// - Parameter limit: the most unpacked bytes.
    /// - Throws: `ZlibError`, `corrupt` also for an archive of another kind (encrypted, split, 64-bit).
    public static func unpack(_ name: String, from archive: [UInt8], limit: Int) throws(ZlibError) -> [UInt8]? {
        let reader = Little(bytes: archive)
        // A comment of up to 65,535 bytes may follow the last record, which has 22.
        guard archive.count >= 22 else { throw .corrupt }
        let first = max(0, archive.count - 22 - 65_535)
        guard let end = (first...(archive.count - 22)).last(where: { reader.number32($0) == endOfDirectory }) else { throw .corrupt }
        guard let count = reader.number16(end + 10), var place = reader.number32(end + 16).map(Int.init) else { throw .corrupt }
        for _ in 0..<count {
            guard reader.number32(place) == centralHeader, let flags = reader.number16(place + 8), let method = reader.number16(place + 10),
                let sum = reader.number32(place + 16), let packed = reader.number32(place + 20).map(Int.init),
                let size = reader.number32(place + 24).map(Int.init), let nameLength = reader.number16(place + 28).map(Int.init),
                let extra = reader.number16(place + 30).map(Int.init), let comment = reader.number16(place + 32).map(Int.init),
                let start = reader.number32(place + 42).map(Int.init), let found = reader.slice(place + 46, nameLength)
            else { throw .corrupt }
            place += 46 + nameLength + extra + comment
            guard found.elementsEqual(name.utf8) else { continue }
            // The name and the extra field stand before the bytes once more, and may have other lengths there.
            guard flags & 1 == 0, reader.number32(start) == localHeader, let ownName = reader.number16(start + 26).map(Int.init),
                let ownExtra = reader.number16(start + 28).map(Int.init), let body = reader.slice(start + 30 + ownName + ownExtra, packed)
            else { throw .corrupt }
            guard size <= limit else { throw .tooLarge(limit: limit) }
            let bytes = method == stored ? Array(body) : method == deflated ? try inflated(Array(body), size: size) : nil
            guard let bytes, bytes.count == size, checksum(bytes) == sum else { throw .corrupt }
            return bytes
        }
        return nil
    }

    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        bytes.withUnsafeBufferPointer { UInt32(truncatingIfNeeded: crc32(0, $0.baseAddress, UInt32($0.count))) }
    }

    /// - Parameter size: what the directory says; a stream of another length is damaged.
    private static func inflated(_ bytes: [UInt8], size: Int) throws(ZlibError) -> [UInt8] {
        // Deflate cannot make a byte into more than 1,032: what says so would only take memory.
        guard size / 1_032 <= bytes.count else { throw .ratioExceeded }
        var stream = z_stream()
        var isWhole = false
        let output = withUnsafeMutablePointer(to: &stream) { stream in
            guard inflateInit2_(stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { return [UInt8]() }
            defer { inflateEnd(stream) }
            var input = bytes
            return [UInt8](unsafeUninitializedCapacity: size + 1) { output, count in
                input.withUnsafeMutableBufferPointer { input in
                    stream.pointee.next_in = input.baseAddress
                    stream.pointee.avail_in = UInt32(input.count)
                    stream.pointee.next_out = output.baseAddress
                    stream.pointee.avail_out = UInt32(size + 1)
                    isWhole = inflate(stream, Z_FINISH) == Z_STREAM_END
                    count = size + 1 - Int(stream.pointee.avail_out)
                }
            }
        }
        guard isWhole else { throw .corrupt }
        return output
    }

    private static func little(_ number: UInt16) -> [UInt8] { [UInt8(number & 0xFF), UInt8(number >> 8)] }
    private static func little(_ number: UInt32) -> [UInt8] { little(UInt16(number & 0xFFFF)) + little(UInt16(number >> 16)) }

    /// Numbers out of bytes, nil beyond their end.
    private struct Little {
        let bytes: [UInt8]

        func slice(_ start: Int, _ length: Int) -> ArraySlice<UInt8>? {
            start >= 0 && length >= 0 && start <= bytes.count - length ? bytes[start..<start + length] : nil
        }

        func number16(_ place: Int) -> UInt16? { slice(place, 2).map { UInt16($0[place]) | UInt16($0[place + 1]) << 8 } }

        func number32(_ place: Int) -> UInt32? {
            guard let low = number16(place), let high = number16(place + 2) else { return nil }
            return UInt32(low) | UInt32(high) << 16
        }
    }
}
