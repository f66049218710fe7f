/// Small pictures made from a number, as PNG: avatars, headers and attachments of invented people show nobody.
enum Picture {
    /// A symmetric pattern of two colours.
    /// - Parameters:
    ///   - width: in pixels, at least 8.
    ///   - height: in pixels, at least 8.
    static func png(seed: UInt64, width: Int, height: Int) -> [UInt8] {
        var random = SeededRandom(seed)
        let cells = (0..<8).map { _ in (0..<4).map { _ in random.chance(50) } }
        let palette = [UInt8(200 + random.below(56)), UInt8(200 + random.below(56)), UInt8(200 + random.below(56))]
            + [UInt8(random.below(160)), UInt8(random.below(160)), UInt8(random.below(160))]
        var pixels: [UInt8] = []
        pixels.reserveCapacity((width + 1) * height)
        for y in 0..<height {
            pixels.append(0)  // this row is not filtered
            for x in 0..<width {
                let column = x * 8 / width
                pixels.append(cells[y * 8 / height][column < 4 ? column : 7 - column] ? 1 : 0)
            }
        }
        return [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
            + chunk("IHDR", big(UInt32(width)) + big(UInt32(height)) + [8, 3, 0, 0, 0])  // 8 bits, palette
            + chunk("PLTE", palette) + chunk("IDAT", stored(pixels)) + chunk("IEND", [])
    }

    /// A zlib stream of stored blocks (RFC 1950, 1951): larger than need be, and nothing to import.
    private static func stored(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = [0x78, 0x01]
        for start in stride(from: 0, to: bytes.count, by: 65_535) {
            let block = bytes[start..<min(start + 65_535, bytes.count)]
            let length = UInt16(block.count)
            out.append(start + block.count == bytes.count ? 1 : 0)
            out += [UInt8(length & 255), UInt8(length >> 8), UInt8(~length & 255), UInt8(~length >> 8)]
            out += block
        }
        var (low, high): (UInt32, UInt32) = (1, 0)
        for byte in bytes {
            low = (low + UInt32(byte)) % 65_521
            high = (high + low) % 65_521
        }
        return out + big(high << 16 | low)
    }

    private static func chunk(_ name: String, _ bytes: [UInt8]) -> [UInt8] {
        let body = Array(name.utf8) + bytes
        return big(UInt32(bytes.count)) + body + big(crc(body))
    }

    private static func crc(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~UInt32(0)) { table[Int(($0 ^ UInt32($1)) & 255)] ^ ($0 >> 8) }
    }

    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? 0xedb8_8320 ^ (value >> 1) : value >> 1 }
    }

    private static func big(_ number: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: number >> UInt32(24 - 8 * $0)) } }
}
