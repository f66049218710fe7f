import Fediverse

/// The members of one JSON object; those that hold others are passed over, but for one level of them.
struct FlatJSON: Sendable {
    enum Value: Sendable, Equatable {
        case null, bool(Bool), integer(Int), string(String)
        /// A number with a fraction, or a list.
        case other
        case object([String: Value])
    }

    private var members: [String: Value] = [:]

    init() {}

    /// - Parameter bytes: nothing is an empty object.
    /// - Throws: `PersonRefusal` for what is no object.
    init(_ bytes: [UInt8]) throws(PersonRefusal) {
        if bytes.isEmpty { return }
        let read = bytes.withUnsafeBytes { bytes in
            Result { () throws(JSONError) in
                var scanner = JSONScanner(bytes)
                let members = try Self.members(&scanner, depth: 1)
                try scanner.finish()
                return members
            }
        }
        guard case .success(let members) = read else { throw PersonRefusal(400, "the body must be one JSON object") }
        self.members = members
    }

    subscript(name: String) -> Value? { members[name] }

    private static func members(_ scanner: inout JSONScanner, depth: Int) throws(JSONError) -> [String: Value] {
        var members: [String: Value] = [:]
        var object = try scanner.enterObject()
        while let name = try scanner.nextKey(&object)?.string {
            var inside = scanner
            try scanner.skip()
            members[name] = value(&inside, depth: depth)
        }
        return members
    }

    /// What stands there is well-formed: only its kind is to be found.
    private static func value(_ scanner: inout JSONScanner, depth: Int) -> Value {
        var (text, number, truth, object) = (scanner, scanner, scanner, scanner)
        if (try? scanner.takeNull()) == true { return .null }
        if let text = try? text.string() { return .string(text) }
        if let number = try? number.integer() { return .integer(number) }
        if let truth = try? truth.bool() { return .bool(truth) }
        if depth > 0, let members = try? members(&object, depth: depth - 1) { return .object(members) }
        return .other
    }
}
