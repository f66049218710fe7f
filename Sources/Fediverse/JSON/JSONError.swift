/// Why bytes were not taken. Offsets count bytes from the start of the input.
public enum JSONError: Error, Sendable, Hashable {
    /// Not JSON (RFC 8259), or not UTF-8.
    case malformed(offset: Int)
    case tooDeep(offset: Int)
    case stringTooLong(offset: Int)
    case arrayTooLong(offset: Int)
    /// JSON, but another kind of value than this place may hold.
    case unexpectedValue(offset: Int)
    /// JSON, but an object without a member that it must have.
    case missingMember(String, offset: Int)

    /// Whether the bytes are well-formed and within limits, and only their meaning is wrong.
    public var isAboutMeaning: Bool {
        switch self {
        case .malformed, .tooDeep, .stringTooLong, .arrayTooLong: false
        case .unexpectedValue, .missingMember: true
        }
    }
}

extension JSONError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .malformed(let offset): "not JSON at byte \(offset)"
        case .tooDeep(let offset): "JSON nested too deep at byte \(offset)"
        case .stringTooLong(let offset): "JSON string too long at byte \(offset)"
        case .arrayTooLong(let offset): "JSON array too long at byte \(offset)"
        case .unexpectedValue(let offset): "unexpected JSON value at byte \(offset)"
        case .missingMember(let name, let offset): "no member \"\(name)\" in the JSON object that ends at byte \(offset)"
        }
    }
}

/// How much JSON is taken before it counts as an attack.
public struct JSONLimits: Sendable, Hashable {
    /// Objects and arrays inside each other. Reading is recursive, so this also bounds the stack.
    public var depth: Int
    /// Bytes of one string as written, escapes included.
    public var stringBytes: Int
    public var arrayElements: Int

    public init(depth: Int = 64, stringBytes: Int = 1 << 20, arrayElements: Int = 1_000) {
        self.depth = min(depth, 64)
        self.stringBytes = stringBytes
        self.arrayElements = arrayElements
    }
}
