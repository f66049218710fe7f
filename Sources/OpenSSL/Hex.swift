/// Bytes as lower-case hex digits, and back.
public enum Hex {
    public static func encode(_ bytes: some Sequence<UInt8>) -> String {
        let array = Array(bytes)
        return array.withUnsafeBytes { encode($0) }
    }

    public static func encode(_ bytes: UnsafeRawBufferPointer) -> String {
        String(unsafeUninitializedCapacity: bytes.count * 2) { text in
            let text = UnsafeMutableRawBufferPointer(text)
            let whole = bytes.count & ~3
            var index = 0
            while index < whole {
                let digits = digits(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self)))
                text.storeBytes(of: digits.bigEndian, toByteOffset: 2 &* index, as: UInt64.self)
                index &+= 4
            }
            for index in whole..<bytes.count {
                let pair = digits(UInt32(bytes[index]))
                text[2 &* index] = UInt8(truncatingIfNeeded: pair &>> 8)
                text[2 &* index &+ 1] = UInt8(truncatingIfNeeded: pair)
            }
            return bytes.count * 2
        }
    }

    /// - Parameter text: ASCII; both cases are read.
    /// - Returns: nil for an odd count or anything that is not a hex digit.
    public static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard text.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 2)
        var high: UInt8?
        for character in text {
            guard let value = value(of: character) else { return nil }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return bytes
    }

    /// The eight digits of four bytes, the first in the highest byte. Without a table or a branch: a table's cache lines
    /// would tell of a key's digits.
    @inline(__always)
    private static func digits(_ bytes: UInt32) -> UInt64 {
        var nibbles = UInt64(bytes)
        nibbles = (nibbles &<< 16 | nibbles) & 0x0000_FFFF_0000_FFFF
        nibbles = (nibbles &<< 8 | nibbles) & 0x00FF_00FF_00FF_00FF
        nibbles = (nibbles &<< 4 | nibbles) & 0x0F0F_0F0F_0F0F_0F0F
        let letters = (nibbles &+ 0x0606_0606_0606_0606) &>> 4 & 0x0101_0101_0101_0101
        return nibbles &+ 0x3030_3030_3030_3030 &+ letters &* 0x27
    }

    private static func value(of character: UInt8) -> UInt8? {
        switch character {
        case 0x30...0x39: character - 0x30
        case 0x61...0x66: character - 0x61 + 10
        case 0x41...0x46: character - 0x41 + 10
        default: nil
        }
    }
}
