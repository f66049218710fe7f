/// A JSON document with its members in alphabetical order, so that the same facts are the same bytes.
enum JSONValue: Sendable, Equatable, ExpressibleByStringLiteral, ExpressibleByNilLiteral {
    case null, bool(Bool), number(Int), string(String), array([JSONValue]), object([String: JSONValue])

    init(stringLiteral value: String) { self = .string(value) }
    init(nilLiteral: ()) { self = .null }
    init(_ text: String?) { self = text.map(JSONValue.string) ?? .null }

    /// Without spaces.
    var compact: String { text(indent: nil, depth: 0) }

    /// Two spaces a level.
    var pretty: String { text(indent: "  ", depth: 0) + "\n" }

    private func text(indent: String?, depth: Int) -> String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .number(let value): String(value)
        case .string(let value): Self.quoted(value)
        case .array(let items):
            Self.wrapped("[", items.map { $0.text(indent: indent, depth: depth + 1) }, "]", indent: indent, depth: depth)
        case .object(let members):
            Self.wrapped(
                "{",
                members.sorted { $0.key < $1.key }.map {
                    Self.quoted($0.key) + (indent == nil ? ":" : ": ") + $0.value.text(indent: indent, depth: depth + 1)
                }, "}", indent: indent, depth: depth)
        }
    }

    private static func wrapped(_ open: String, _ parts: [String], _ close: String, indent: String?, depth: Int) -> String {
        guard !parts.isEmpty else { return open + close }
        guard let indent else { return open + parts.joined(separator: ",") + close }
        let (inner, outer) = (String(repeating: indent, count: depth + 1), String(repeating: indent, count: depth))
        return "\(open)\n\(inner)" + parts.joined(separator: ",\n" + inner) + "\n\(outer)\(close)"
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{8}": result += "\\b"
            case "\u{C}": result += "\\f"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
