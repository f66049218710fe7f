/// Where a string (or a number that serves as an id) stands: its bytes without the quotes, and whether they hold escapes.
public struct JSONText: Sendable, Hashable {
    public let range: Range<Int>
    public let escaped: Bool

    /// The text itself; a lone half of a surrogate pair becomes U+FFFD.
    /// - Parameter bytes: those that the text was read from.
    public func string(in bytes: UnsafeRawBufferPointer) -> String {
        let part = UnsafeRawBufferPointer(rebasing: bytes[range.clamped(to: 0..<bytes.count)])
        return escaped ? unescaped(part) : String(decoding: part, as: UTF8.self)
    }
}

/// A member's name, compared where it stands: `switch key { case "id": … }`.
public struct JSONKey {
    let bytes: UnsafeRawBufferPointer
    let escaped: Bool

    public var string: String { escaped ? unescaped(bytes) : String(decoding: bytes, as: UTF8.self) }

    @inline(__always)
    public static func ~= (name: StaticString, key: JSONKey) -> Bool { key.equals(name) }
    public static func == (key: JSONKey, name: StaticString) -> Bool { key.equals(name) }

    @inline(__always)
    private func equals(_ name: StaticString) -> Bool {
        // Nobody writes escapes into these names, but JSON allows it, and a consent flag must not hide behind one.
        if escaped { return string == name.description }
        let count = name.utf8CodeUnitCount
        guard bytes.count == count else { return false }
        let other = UnsafeRawPointer(name.utf8Start)
        var index = 0
        while index &+ 8 <= count {
            guard bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self) == other.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            else { return false }
            index &+= 8
        }
        while index < count {
            guard bytes[index] == other.load(fromByteOffset: index, as: UInt8.self) else { return false }
            index &+= 1
        }
        return true
    }
}

extension JSONScanner {
    /// Passes over the string that begins at `offset`, and checks it: escapes, control characters, UTF-8.
    mutating func readText() throws(JSONError) -> JSONText {
        // Copies, so that they stay in registers.
        let bytes = bytes
        let end = end
        let start = offset &+ 1
        var position = start
        var escaped = false
        while true {
            // Eight bytes at a time up to the first that needs a look. Generic SIMD vectors were 36 times slower here.
            while position &+ 16 <= end {
                let first = Self.special(bytes, position)
                if first != 0 {
                    position &+= first.trailingZeroBitCount &>> 3
                    break
                }
                let second = Self.special(bytes, position &+ 8)
                if second != 0 {
                    position &+= 8 &+ second.trailingZeroBitCount &>> 3
                    break
                }
                position &+= 16
            }
            guard position < end else { throw .malformed(offset: end) }
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                guard position &- start <= limits.stringBytes else { throw .stringTooLong(offset: start) }
                offset = position &+ 1
                return JSONText(range: start..<position, escaped: escaped)
            } else if byte == UInt8(ascii: "\\") {
                escaped = true
                position = try behindEscape(position)
            } else if byte >= 0x80 {
                position = try behindScalars(position)
            } else if byte < 0x20 {
                throw .malformed(offset: position)
            } else {
                position &+= 1
            }
        }
    }

    /// The high bit of each byte that is a quote, a backslash, a control character or not ASCII; bits above the lowest may be false.
    @inline(__always)
    private static func special(_ bytes: UnsafeRawBufferPointer, _ position: Int) -> UInt64 {
        let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quotes = word ^ (ones &* 0x22)
        let slashes = word ^ (ones &* 0x5C)
        let found = (quotes &- ones) & ~quotes | (slashes &- ones) & ~slashes | (word &- ones &* 0x20) & ~word | word
        return found & (ones &* 0x80)
    }

    private func behindEscape(_ offset: Int) throws(JSONError) -> Int {
        guard offset &+ 1 < end else { throw .malformed(offset: end) }
        switch bytes[offset &+ 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
            UInt8(ascii: "r"), UInt8(ascii: "t"):
            return offset &+ 2
        case UInt8(ascii: "u"):
            guard offset &+ 6 <= end else { throw .malformed(offset: end) }
            for index in 2..<6 where hexDigit(bytes[offset &+ index]) == nil { throw .malformed(offset: offset &+ index) }
            return offset &+ 6
        default: throw .malformed(offset: offset &+ 1)
        }
    }

    /// Passes over scalars beyond ASCII: no overlong form, no surrogate, nothing above U+10FFFF (RFC 3629).
    private func behindScalars(_ start: Int) throws(JSONError) -> Int {
        var offset = start
        while offset < end, bytes[offset] >= 0x80 {
            let lead = bytes[offset]
            let length: Int
            var second: ClosedRange<UInt8> = 0x80...0xBF
            switch lead {
            case 0xC2...0xDF: length = 2
            case 0xE0: (length, second) = (3, 0xA0...0xBF)
            case 0xED: (length, second) = (3, 0x80...0x9F)
            case 0xE1...0xEF: length = 3
            case 0xF0: (length, second) = (4, 0x90...0xBF)
            case 0xF1...0xF3: length = 4
            case 0xF4: (length, second) = (4, 0x80...0x8F)
            default: throw .malformed(offset: offset)
            }
            guard offset &+ length <= end, second.contains(bytes[offset &+ 1]) else { throw .malformed(offset: offset) }
            var index = 2
            while index < length {
                guard bytes[offset &+ index] & 0xC0 == 0x80 else { throw .malformed(offset: offset) }
                index &+= 1
            }
            offset &+= length
        }
        return offset
    }
}

/// The value of a hexadecimal digit in either case; nil for any other byte.
func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte &- 0x30
    case 0x41...0x46: byte &- 0x37
    case 0x61...0x66: byte &- 0x57
    default: nil
    }
}

/// What a checked string's bytes say once its escapes are undone.
private func unescaped(_ bytes: UnsafeRawBufferPointer) -> String {
    var plain: [UInt8] = []
    plain.reserveCapacity(bytes.count)
    var index = 0

    /// The code unit of a `\uXXXX` that stands at `position`.
    func unit(at position: Int) -> UInt32? {
        guard position + 6 <= bytes.count, bytes[position] == UInt8(ascii: "\\"), bytes[position + 1] == UInt8(ascii: "u") else { return nil }
        var value: UInt32 = 0
        for digit in 2..<6 {
            guard let nibble = hexDigit(bytes[position + digit]) else { return nil }
            value = value << 4 | UInt32(nibble)
        }
        return value
    }

    while index < bytes.count {
        let byte = bytes[index]
        guard byte == UInt8(ascii: "\\"), index + 1 < bytes.count else {
            plain.append(byte)
            index += 1
            continue
        }
        switch bytes[index + 1] {
        case UInt8(ascii: "b"): plain.append(0x08)
        case UInt8(ascii: "f"): plain.append(0x0C)
        case UInt8(ascii: "n"): plain.append(0x0A)
        case UInt8(ascii: "r"): plain.append(0x0D)
        case UInt8(ascii: "t"): plain.append(0x09)
        case UInt8(ascii: "u"):
            guard var value = unit(at: index) else { break }
            index += 4
            if value & 0xFC00 == 0xD800, let low = unit(at: index + 2), low & 0xFC00 == 0xDC00 {
                value = 0x10000 + (value & 0x3FF) << 10 + low & 0x3FF
                index += 6
            }
            plain.append(contentsOf: UTF8.encode(Unicode.Scalar(value) ?? "\u{FFFD}") ?? UTF8.encodedReplacementCharacter)
        case let other: plain.append(other)
        }
        index += 2
    }
    return String(decoding: plain, as: UTF8.self)
}
