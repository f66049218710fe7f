/// JSON in the one form that both engines' texts of a value come to: as PostgreSQL's `jsonb` orders and numbers it, without blanks.
///
/// Members stand by the length of their names and then by bytes, the last of one name wins; numbers are written out in decimal with the
/// digits that they came with; what is escaped needlessly is not. So `{"b":1e2,"a":"\u00e9"}` becomes `{"a":"é","b":100}`.
struct CanonicalJSON {
    /// Why a text is no JSON that `jsonb` can hold.
    enum Fault: Error { case notJSON, nulCharacter, tooDeep, numberTooLarge }

    /// PostgreSQL's own limit is the server's stack, some thousands.
    static let depthLimit = 512
    /// `numeric` has room for 131,072 digits before the point and 16,383 behind it; what is written out stays well below.
    private static let exponentLimit = 10_000

    private(set) var bytes: [UInt8] = []
    private var source = UnsafeRawBufferPointer(start: nil, count: 0)
    private var place = 0

    /// Reads a whole text; `bytes` holds its canonical form until the next call.
    mutating func read(_ text: UnsafeRawBufferPointer) throws(Fault) {
        bytes.removeAll(keepingCapacity: true)
        source = text
        place = 0
        try value(depth: 0)
        skipBlanks()
        guard place == source.count else { throw .notJSON }
    }

    private var next: UInt8? { place < source.count ? source[place] : nil }

    private mutating func skipBlanks() {
        while place < source.count, source[place] == 32 || source[place] == 10 || source[place] == 13 || source[place] == 9 { place += 1 }
    }

    private mutating func take(_ byte: UInt8) throws(Fault) {
        guard next == byte else { throw .notJSON }
        place += 1
        bytes.append(byte)
    }

    private mutating func value(depth: Int) throws(Fault) {
        guard depth < Self.depthLimit else { throw .tooDeep }
        skipBlanks()
        switch next {
        case UInt8(ascii: "{"): try object(depth: depth)
        case UInt8(ascii: "["): try array(depth: depth)
        case UInt8(ascii: "\""): try string()
        case UInt8(ascii: "t"): try word("true")
        case UInt8(ascii: "f"): try word("false")
        case UInt8(ascii: "n"): try word("null")
        default: try number()
        }
    }

    private mutating func word(_ word: StaticString) throws(Fault) {
        for index in 0..<word.utf8CodeUnitCount { try take(word.utf8Start[index]) }
    }

    private mutating func array(depth: Int) throws(Fault) {
        try take(UInt8(ascii: "["))
        skipBlanks()
        if next == UInt8(ascii: "]") { return try take(UInt8(ascii: "]")) }
        while true {
            try value(depth: depth + 1)
            skipBlanks()
            if next == UInt8(ascii: "]") { return try take(UInt8(ascii: "]")) }
            try take(UInt8(ascii: ","))
        }
    }

    /// Where a member stands in `bytes`.
    private struct Member {
        /// With its quotes.
        var name: Range<Int>
        /// Name, colon and value.
        var whole: Range<Int>
    }

    private mutating func object(depth: Int) throws(Fault) {
        try take(UInt8(ascii: "{"))
        let (start, sourceStart) = (bytes.count, place)
        var previous: Range<Int>?
        skipBlanks()
        if next == UInt8(ascii: "}") { return try take(UInt8(ascii: "}")) }
        while true {
            skipBlanks()
            let memberStart = bytes.count
            try string()
            let name = memberStart..<bytes.count
            skipBlanks()
            try take(UInt8(ascii: ":"))
            try value(depth: depth + 1)
            // Ours come in order; one that does not is read again with a list of its members.
            if let previous, !isBefore(previous, name) {
                bytes.removeSubrange(start...)
                place = sourceStart
                return try unorderedObject(from: start, depth: depth)
            }
            previous = name
            skipBlanks()
            if next == UInt8(ascii: "}") { return try take(UInt8(ascii: "}")) }
            try take(UInt8(ascii: ","))
        }
    }

    private mutating func unorderedObject(from start: Int, depth: Int) throws(Fault) {
        var members: [Member] = []
        while true {
            skipBlanks()
            let memberStart = bytes.count
            try string()
            let name = memberStart..<bytes.count
            skipBlanks()
            try take(UInt8(ascii: ":"))
            try value(depth: depth + 1)
            members.append(Member(name: name, whole: memberStart..<bytes.count))
            skipBlanks()
            if next == UInt8(ascii: "}") { break }
            try take(UInt8(ascii: ","))
        }
        order(members, from: start)
        try take(UInt8(ascii: "}"))
    }

    /// Whether the first name stands before the second: shorter, or of the same length and smaller. `jsonb` compares names unescaped.
    private func isBefore(_ first: Range<Int>, _ second: Range<Int>) -> Bool {
        let (one, other) = (unescaped(first), unescaped(second))
        return one.count != other.count ? one.count < other.count : one.lexicographicallyPrecedes(other)
    }

    /// The bytes of a name of ours: between the quotes, with what `string` escaped read back.
    private func unescaped(_ name: Range<Int>) -> ArraySlice<UInt8> {
        let inner = bytes[(name.lowerBound + 1)..<(name.upperBound - 1)]
        guard inner.contains(UInt8(ascii: "\\")) else { return inner }
        var plain: [UInt8] = []
        var index = inner.startIndex
        while index < inner.endIndex {
            if inner[index] != UInt8(ascii: "\\") {
                plain.append(inner[index])
                index += 1
            } else if inner[index + 1] == UInt8(ascii: "u") {
                plain.append(Self.digit(inner[index + 4]) << 4 | Self.digit(inner[index + 5]))
                index += 6
            } else {
                plain.append(inner[index + 1])
                index += 2
            }
        }
        return plain[...]
    }

    private mutating func order(_ members: [Member], from start: Int) {
        var last: [[UInt8]: Int] = [:]
        for (index, member) in members.enumerated() { last[Array(unescaped(member.name))] = index }
        let kept = last.values.sorted { isBefore(members[$0].name, members[$1].name) }
        let ordered = Array(kept.map { bytes[members[$0].whole] }.joined(separator: [UInt8(ascii: ",")]))
        bytes.removeSubrange(start...)
        bytes += ordered
    }

    private mutating func string() throws(Fault) {
        try take(UInt8(ascii: "\""))
        while true {
            // What stands for itself is taken in one go.
            let start = place
            while place < source.count, source[place] >= 0x20, source[place] != UInt8(ascii: "\""), source[place] != UInt8(ascii: "\\") { place += 1 }
            bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: source[start..<place]))
            switch next {
            case UInt8(ascii: "\""): return try take(UInt8(ascii: "\""))
            case UInt8(ascii: "\\"): try escape()
            default: throw .notJSON
            }
        }
    }

    private mutating func escape() throws(Fault) {
        guard place + 1 < source.count else { throw .notJSON }
        let letter = source[place + 1]
        place += 2
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): append(scalar: Unicode.Scalar(letter))
        case UInt8(ascii: "b"): append(scalar: "\u{8}")
        case UInt8(ascii: "f"): append(scalar: "\u{C}")
        case UInt8(ascii: "n"): append(scalar: "\n")
        case UInt8(ascii: "r"): append(scalar: "\r")
        case UInt8(ascii: "t"): append(scalar: "\t")
        case UInt8(ascii: "u"):
            let first = try fourDigits()
            guard first != 0 else { throw .nulCharacter }
            if let scalar = Unicode.Scalar(first) { return append(scalar: scalar) }
            guard first < 0xDC00, place + 1 < source.count, source[place] == UInt8(ascii: "\\"), source[place + 1] == UInt8(ascii: "u") else {
                throw .notJSON
            }
            place += 2
            let second = try fourDigits()
            guard (0xDC00..<0xE000).contains(second),
                let scalar = Unicode.Scalar(0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00))
            else { throw .notJSON }
            append(scalar: scalar)
        default: throw .notJSON
        }
    }

    private mutating func fourDigits() throws(Fault) -> UInt16 {
        guard place + 4 <= source.count else { throw .notJSON }
        var number: UInt16 = 0
        for byte in source[place..<(place + 4)] {
            let digit = Self.digit(byte)
            guard digit < 16 else { throw .notJSON }
            number = number << 4 | UInt16(digit)
        }
        place += 4
        return number
    }

    /// 255 for what is no hexadecimal digit.
    private static func digit(_ byte: UInt8) -> UInt8 {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: 255
        }
    }

    private mutating func append(scalar: Unicode.Scalar) {
        switch scalar {
        case "\"", "\\": bytes += [UInt8(ascii: "\\"), UInt8(scalar.value)]
        case _ where scalar.value < 0x20:
            let hexadecimal: [UInt8] = Array("0123456789abcdef".utf8)
            bytes += [UInt8(ascii: "\\"), UInt8(ascii: "u"), 0x30, 0x30, hexadecimal[Int(scalar.value >> 4)], hexadecimal[Int(scalar.value & 15)]]
        default: bytes += UTF8.encode(scalar).map { Array($0) } ?? []
        }
    }

    private mutating func digits() -> Range<Int> {
        let start = place
        while let byte = next, (0x30...0x39).contains(byte) { place += 1 }
        return start..<place
    }

    private mutating func number() throws(Fault) {
        let start = place
        if next == UInt8(ascii: "-") { place += 1 }
        let whole = digits()
        guard !whole.isEmpty, whole.count == 1 || source[whole.lowerBound] != 0x30 else { throw .notJSON }
        var fraction = 0..<0
        if next == UInt8(ascii: ".") {
            place += 1
            fraction = digits()
            guard !fraction.isEmpty else { throw .notJSON }
        }
        let isNegative = source[start] == UInt8(ascii: "-")
        guard next == UInt8(ascii: "e") || next == UInt8(ascii: "E") else {
            // `numeric` knows no negative zero.
            let isZero = source[whole].allSatisfy { $0 == 0x30 } && source[fraction].allSatisfy { $0 == 0x30 }
            bytes += source[(isNegative && isZero ? start + 1 : start)..<place]
            return
        }
        place += 1
        let isSmall = next == UInt8(ascii: "-")
        if isSmall || next == UInt8(ascii: "+") { place += 1 }
        let power = digits()
        guard !power.isEmpty else { throw .notJSON }
        guard let exponent = Int(String(decoding: source[power], as: UTF8.self)), exponent <= Self.exponentLimit else { throw .numberTooLarge }
        writeOut(isNegative: isNegative, whole: Array(source[whole]), fraction: Array(source[fraction]), exponent: isSmall ? -exponent : exponent)
    }

    /// A number with an exponent, as `numeric` keeps it: 1.50e1 has one digit behind the point, 1e-3 has three.
    private mutating func writeOut(isNegative: Bool, whole: [UInt8], fraction: [UInt8], exponent: Int) {
        var digits = whole + fraction
        let scale = max(0, fraction.count - exponent)
        var point = whole.count + exponent
        if point < 1 {
            digits = Array(repeating: 0x30, count: 1 - point) + digits
            point = 1
        }
        if digits.count < point { digits += Array(repeating: 0x30, count: point - digits.count) }
        let integer = digits[..<point].drop { $0 == 0x30 }
        let rest = digits[point...].prefix(scale)
        if isNegative, !(integer.isEmpty && rest.allSatisfy { $0 == 0x30 }) { bytes.append(UInt8(ascii: "-")) }
        bytes += integer.isEmpty ? [0x30] : Array(integer)
        if scale > 0 {
            bytes.append(UInt8(ascii: "."))
            bytes += rest
        }
    }
}
