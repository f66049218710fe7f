/// The picture and the banner of the virtual accounts, drawn here: clients want real images and get no other host's.
enum OwnImages {
    /// A small shelter: a roof over a round doorway, 96 x 96.
    static let avatar = PNG.draw(width: 96, height: 96) { x, y in
        let dx = x - 48
        let roof = y >= 18 && y <= 46 && abs(dx) <= (y - 18) * 32 / 28
        let wall = y > 46 && y <= 78 && abs(dx) <= 24
        let door = y > 54 && y <= 78 && (abs(dx) <= 9 && y >= 63 || dx * dx + (y - 63) * (y - 63) <= 81)
        return door ? 0 : roof ? 2 : wall ? 1 : 0
    }

    static let header = PNG.draw(width: 600, height: 200) { x, y in (x / 24 + y / 24) % 7 == 0 ? 1 : 0 }
}

/// Pictures of four colours as PNG (W3C PNG, third edition), uncompressed: they are small and made once.
enum PNG {
    /// Slate blue ground, cream, warm brown, white.
    private static let palette: [UInt8] = [0x2F, 0x4B, 0x6E, 0xF3, 0xE9, 0xD7, 0xC8, 0x7A, 0x3C, 0xFF, 0xFF, 0xFF]

    /// - Parameter color: the palette's index, 0 to 3, for each point.
    static func draw(width: Int, height: Int, color: (_ x: Int, _ y: Int) -> UInt8) -> [UInt8] {
        var rows: [UInt8] = []
        rows.reserveCapacity((width + 1) * height)
        for y in 0..<height {
            rows.append(0)
            for x in 0..<width { rows.append(color(x, y)) }
        }
        var png: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
        png += chunk("IHDR", big(UInt32(width)) + big(UInt32(height)) + [8, 3, 0, 0, 0])
        png += chunk("PLTE", palette)
        png += chunk("IDAT", stored(rows))
        png += chunk("IEND", [])
        return png
    }

    private static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
        let body = Array(name.utf8) + data
        return big(UInt32(data.count)) + body + big(crc(body))
    }

    /// A zlib stream of stored blocks.
    private static func stored(_ data: [UInt8]) -> [UInt8] {
        var stream: [UInt8] = [0x78, 0x01]
        var start = 0
        while start < data.count {
            let end = min(start + 65_535, data.count)
            let length = UInt16(end - start)
            stream.append(end == data.count ? 1 : 0)
            stream += [UInt8(length & 0xFF), UInt8(length >> 8), UInt8(~length & 0xFF), UInt8(~length >> 8)]
            stream += data[start..<end]
            start = end
        }
        var (a, b): (UInt32, UInt32) = (1, 0)
        for byte in data {
            a = (a + UInt32(byte)) % 65_521
            b = (b + a) % 65_521
        }
        return stream + big(b << 16 | a)
    }

    private static func crc(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(0xFFFF_FFFF) { crc, byte in
            (0..<8).reduce(crc ^ UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
        }
    }

    private static func big(_ value: UInt32) -> [UInt8] {
        [UInt8(value >> 24), UInt8(value >> 16 & 0xFF), UInt8(value >> 8 & 0xFF), UInt8(value & 0xFF)]
    }
}
