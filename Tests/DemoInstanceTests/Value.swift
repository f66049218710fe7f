import FoundationEssentials

/// A JSON value, read by another parser than the one that is tested.
enum Value: Decodable, Equatable {
    case null, bool(Bool), number(Double), string(String), array([Value]), object([String: Value])

    init(_ bytes: [UInt8]) throws { self = try JSONDecoder().decode(Value.self, from: Data(bytes)) }

    init(from decoder: any Decoder) throws {
        let box = try decoder.singleValueContainer()
        if box.decodeNil() {
            self = .null
        } else if let value = try? box.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? box.decode(Double.self) {
            self = .number(value)
        } else if let value = try? box.decode(String.self) {
            self = .string(value)
        } else if let value = try? box.decode([Value].self) {
            self = .array(value)
        } else {
            self = .object(try box.decode([String: Value].self))
        }
    }

    subscript(name: String) -> Value {
        if case .object(let members) = self { members[name] ?? .null } else { .null }
    }

    subscript(index: Int) -> Value {
        if case .array(let values) = self, values.indices.contains(index) { values[index] } else { .null }
    }

    var all: [Value] { if case .array(let values) = self { values } else { [] } }
    var members: [String: Value] { if case .object(let members) = self { members } else { [:] } }
    var string: String? { if case .string(let text) = self { text } else { nil } }
    var number: Int? { if case .number(let value) = self { Int(value) } else { nil } }
    var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    var ids: [String] { all.compactMap { $0["id"].string } }

    /// The word for the kind of value.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "bool"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}
