/// Bytes as lower-case hex digits, and back.
public enum Hex {
    public static func encode(_ bytes: some Sequence<UInt8>) -> String {
        let array = Array(bytes)
        return array.withUnsafeBytes { encode($0) }
    }

    public static func encode(_ bytes: UnsafeRawBufferPointer) -> String {
        String(unsafeUninitializedCapacity: bytes.count * 2) { text in
            for index in 0..<bytes.count {
                text[2 &* index] = digit(bytes[index] >> 4)
                text[2 &* index &+ 1] = digit(bytes[index] & 15)
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

    // Without a table or a branch: a table's cache lines would tell of a key's digits.
    @inline(__always)
    private static func digit(_ nibble: UInt8) -> UInt8 {
        let letters = UInt8(truncatingIfNeeded: (9 &- Int16(nibble)) >> 8) & 39
        return 48 &+ nibble &+ letters
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
