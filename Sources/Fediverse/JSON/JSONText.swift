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

    /// Whether the text is `other`, compared where it stands.
    /// - Parameter bytes: those that the text was read from.
    public func equals(_ other: String, in bytes: UnsafeRawBufferPointer) -> Bool {
        escaped ? string(in: bytes) == other : bytes[range.clamped(to: 0..<bytes.count)].elementsEqual(other.utf8)
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

/// What a checked string's bytes say once its escapes are undone: never more bytes than before.
private func unescaped(_ bytes: UnsafeRawBufferPointer) -> String {
    String(unsafeUninitializedCapacity: bytes.count) { text in
        let plain = UnsafeMutableRawBufferPointer(text)
        let end = bytes.count
        var (index, count) = (0, 0)
        while index < end {
            // Eight bytes at a time where no escape is among them.
            while index &+ 8 <= end {
                let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                let slashes = word ^ 0x5C5C_5C5C_5C5C_5C5C
                if (slashes &- 0x0101_0101_0101_0101) & ~slashes & 0x8080_8080_8080_8080 != 0 { break }
                plain.storeBytes(of: word, toByteOffset: count, as: UInt64.self)
                index &+= 8
                count &+= 8
            }
            while index < end, bytes[index] != UInt8(ascii: "\\") {
                plain[count] = bytes[index]
                index &+= 1
                count &+= 1
            }
            guard index &+ 1 < end else { break }
            if bytes[index &+ 1] == UInt8(ascii: "u"), let (scalar, length) = scalar(of: bytes, at: index) {
                for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter {
                    plain[count] = byte
                    count &+= 1
                }
                index &+= length
            } else {
                plain[count] = control(bytes[index &+ 1])
                index &+= 2
                count &+= 1
            }
        }
        return count
    }
}

/// The byte that stands for the letter behind a backslash.
private func control(_ letter: UInt8) -> UInt8 {
    switch letter {
    case UInt8(ascii: "b"): 0x08
    case UInt8(ascii: "f"): 0x0C
    case UInt8(ascii: "n"): 0x0A
    case UInt8(ascii: "r"): 0x0D
    case UInt8(ascii: "t"): 0x09
    default: letter
    }
}

/// The scalar of a `\uXXXX`, or of two that belong together, and how many bytes they take.
private func scalar(of bytes: UnsafeRawBufferPointer, at index: Int) -> (Unicode.Scalar, Int)? {
    guard let value = unit(of: bytes, at: index) else { return nil }
    if value & 0xFC00 == 0xD800, let low = unit(of: bytes, at: index &+ 6), low & 0xFC00 == 0xDC00 {
        return (Unicode.Scalar(0x10000 + (value & 0x3FF) << 10 + low & 0x3FF) ?? "\u{FFFD}", 12)
    }
    return (Unicode.Scalar(value) ?? "\u{FFFD}", 6)
}

/// The code unit of a `\uXXXX` that stands at `index`.
private func unit(of bytes: UnsafeRawBufferPointer, at index: Int) -> UInt32? {
    guard index &+ 6 <= bytes.count, bytes[index] == UInt8(ascii: "\\"), bytes[index &+ 1] == UInt8(ascii: "u") else { return nil }
    var value: UInt32 = 0
    for place in 2..<6 {
        guard let digit = hexDigit(bytes[index &+ place]) else { return nil }
        value = value << 4 | UInt32(digit)
    }
    return value
}
