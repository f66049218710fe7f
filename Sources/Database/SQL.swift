/// A statement and its values: what is interpolated becomes a bound parameter (`$1`, `$2`), never text.
///
/// Text that must go in as it is (a dialect's fragment) asks for it by the label `raw`, and never comes from outside;
/// another statement is woven in with the label `sql`, its parameters renumbered.
public struct SQL: Sendable, ExpressibleByStringInterpolation {
    public let text: String
    public let values: [SQLValue]

    public init(stringLiteral value: String) {
        text = value
        values = []
    }

    public init(stringInterpolation: StringInterpolation) {
        text = stringInterpolation.text
        values = stringInterpolation.values
    }

    /// A statement whose text is known to be ours (a migration, a dialect's fragment).
    public init(raw text: String, values: [SQLValue] = []) {
        self.text = text
        self.values = values
    }

    /// The values as a list for `IN (…)`. At least one is needed: an empty list is an error in SQL.
    public static func list(_ values: some Sequence<some SQLConvertible>) -> SQL {
        let values = values.map { $0.sqlValue }
        return SQL(raw: values.indices.map { "$\($0 + 1)" }.joined(separator: ", "), values: values)
    }

    public struct StringInterpolation: StringInterpolationProtocol {
        var text = ""
        var values: [SQLValue] = []

        public init(literalCapacity: Int, interpolationCount: Int) {
            text.reserveCapacity(literalCapacity + interpolationCount * 3)
            values.reserveCapacity(interpolationCount)
        }

        public mutating func appendLiteral(_ literal: String) { text += literal }

        public mutating func appendInterpolation(_ value: some SQLConvertible) {
            values.append(value.sqlValue)
            text += "$\(values.count)"
        }

        public mutating func appendInterpolation(raw fragment: String) { text += fragment }

        public mutating func appendInterpolation(sql: SQL) {
            text += values.isEmpty || sql.values.isEmpty ? sql.text : sql.text(numberedFrom: values.count)
            values += sql.values
        }
    }

    /// The text with each parameter's number raised by `offset`.
    private func text(numberedFrom offset: Int) -> String {
        var renumbered: [UInt8] = []
        renumbered.reserveCapacity(text.utf8.count + values.count)
        var rest = text.utf8[...]
        while let sign = rest.firstIndex(of: UInt8(ascii: "$")) {
            let digits = rest[rest.index(after: sign)...].prefix { $0 &- 0x30 < 10 }
            renumbered += rest[...sign]
            if let number = Int(Substring(digits)) { renumbered += String(number + offset).utf8 }
            rest = rest[digits.endIndex...]
        }
        return String(decoding: renumbered + rest, as: UTF8.self)
    }
}
