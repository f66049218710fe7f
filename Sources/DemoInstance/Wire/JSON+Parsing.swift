/// A request's body is not JSON.
struct JSONSyntaxError: Error {}

extension JSON {
    /// Reads RFC 8259 text of at most 32 levels.
    init(parsing bytes: [UInt8]) throws(JSONSyntaxError) {
        var reader = JSONReader(bytes: bytes)
        self = try reader.value(depth: 0)
        reader.skipSpace()
        guard reader.isAtEnd else { throw JSONSyntaxError() }
    }
}

private struct JSONReader {
    private let bytes: [UInt8]
    private var index = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { index == bytes.count }

    mutating func skipSpace() {
        while index < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[index]) { index += 1 }
    }

    mutating func value(depth: Int) throws(JSONSyntaxError) -> JSON {
        skipSpace()
        guard depth < 32, index < bytes.count else { throw JSONSyntaxError() }
        switch bytes[index] {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func object(depth: Int) throws(JSONSyntaxError) -> JSON {
        index += 1
        var members: [JSON.Member] = []
        skipSpace()
        if take("}") { return .object([]) }
        repeat {
            skipSpace()
            guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else { throw JSONSyntaxError() }
            let name = try string()
            skipSpace()
            guard take(":") else { throw JSONSyntaxError() }
            members.append(JSON.Member(name: name, value: try value(depth: depth + 1)))
            skipSpace()
        } while take(",")
        guard take("}") else { throw JSONSyntaxError() }
        return .object(members)
    }

    private mutating func array(depth: Int) throws(JSONSyntaxError) -> JSON {
        index += 1
        var values: [JSON] = []
        skipSpace()
        if take("]") { return .array([]) }
        repeat {
            values.append(try value(depth: depth + 1))
            skipSpace()
        } while take(",")
        guard take("]") else { throw JSONSyntaxError() }
        return .array(values)
    }

    private mutating func string() throws(JSONSyntaxError) -> String {
        index += 1
        var out: [UInt8] = []
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == UInt8(ascii: "\"") { return String(decoding: out, as: UTF8.self) }
            guard byte >= 0x20 else { throw JSONSyntaxError() }
            if byte == UInt8(ascii: "\\") { out += try escape().utf8 } else { out.append(byte) }
        }
        throw JSONSyntaxError()
    }

    private mutating func escape() throws(JSONSyntaxError) -> String {
        guard index < bytes.count else { throw JSONSyntaxError() }
        index += 1
        switch bytes[index - 1] {
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "u"):
            var units = [try hex()]
            if (0xd800..<0xdc00).contains(units[0]), take("\\"), take("u") { units.append(try hex()) }
            return String(decoding: units, as: UTF16.self)
        default: throw JSONSyntaxError()
        }
    }

    private mutating func hex() throws(JSONSyntaxError) -> UInt16 {
        guard index + 4 <= bytes.count, let value = UInt16(String(decoding: bytes[index..<index + 4], as: UTF8.self), radix: 16)
        else { throw JSONSyntaxError() }
        index += 4
        return value
    }

    private mutating func number() throws(JSONSyntaxError) -> JSON {
        let start = index
        while index < bytes.count, "+-.eE0123456789".utf8.contains(bytes[index]) { index += 1 }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if let whole = Int64(text) { return .int(whole) }
        guard let number = Double(text) else { throw JSONSyntaxError() }
        return .double(number)
    }

    private mutating func word(_ text: String, _ value: JSON) throws(JSONSyntaxError) -> JSON {
        guard bytes[index...].starts(with: text.utf8) else { throw JSONSyntaxError() }
        index += text.utf8.count
        return value
    }

    private mutating func take(_ sign: Unicode.Scalar) -> Bool {
        guard index < bytes.count, bytes[index] == UInt8(ascii: sign) else { return false }
        index += 1
        return true
    }
}
