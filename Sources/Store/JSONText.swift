import Privacy

/// The two small JSON texts of the schema: a post's tags and an interaction's context.
enum JSONText {
    /// `["dogs","swift"]`, nil for none.
    static func tags(_ tags: [String]) -> String? {
        tags.isEmpty ? nil : "[" + tags.map(quoted).joined(separator: ",") + "]"
    }

    /// The strings of an array as `tags` writes it; anything else gives none.
    static func tags(_ text: String) -> [String] {
        var found: [String] = []
        var bytes = text.utf8.makeIterator()
        guard bytes.next() == UInt8(ascii: "[") else { return [] }
        while let byte = bytes.next() {
            if byte == UInt8(ascii: "\"") {
                guard let string = string(&bytes) else { return [] }
                found.append(string)
            }
        }
        return found
    }

    /// `{"source":"timeline","position":3}`, nil when there is nothing to say. Members stand as PostgreSQL's `jsonb` orders
    /// them, by length and then by name: so the text is the same from both engines.
    static func context(_ context: Interaction.Context?) -> String? {
        guard let context else { return nil }
        var members: [String] = []
        if let reason = context.reason { members.append("\"reason\":" + quoted(reason)) }
        if let source = context.source { members.append("\"source\":" + quoted(source)) }
        if let position = context.position { members.append("\"position\":\(position)") }
        return members.isEmpty ? nil : "{" + members.joined(separator: ",") + "}"
    }

    /// `{"done":3,"failed":0}`, in the same order.
    static func counts(_ counts: [String: Int]) -> String {
        "{" + counts.sorted { ($0.key.utf8.count, $0.key) < ($1.key.utf8.count, $1.key) }.map { "\(quoted($0.key)):\($0.value)" }.joined(separator: ",") + "}"
    }

    /// The numbers of an object as `counts` writes it; anything else gives none.
    static func counts(_ text: String) -> [String: Int] {
        var counts: [String: Int] = [:]
        for member in text.filter({ !"{} \"".contains($0) }).split(separator: ",") {
            let parts = member.split(separator: ":")
            if parts.count == 2, let number = Int(parts[1]) { counts[String(parts[0])] = number }
        }
        return counts
    }

    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    /// The control characters that have a letter: `quoted` writes none, `jsonb` does.
    private static let control = [UInt8(ascii: "b"): 8, UInt8(ascii: "t"): 9, UInt8(ascii: "n"): 10, UInt8(ascii: "f"): 12, UInt8(ascii: "r"): 13]
        as [UInt8: UInt8]

    /// Reads up to the closing quote.
    private static func string(_ bytes: inout String.UTF8View.Iterator) -> String? {
        var read: [UInt8] = []
        while let byte = bytes.next() {
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: read, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let escaped = bytes.next() else { return nil }
                guard escaped == UInt8(ascii: "u") else {
                    read.append(Self.control[escaped] ?? escaped)
                    continue
                }
                let digits = (0..<4).compactMap { _ in bytes.next() }
                guard let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16) else { return nil }
                read.append(value)
            default: read.append(byte)
            }
        }
        return nil
    }
}
