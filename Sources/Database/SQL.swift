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
        var interpolation = StringInterpolation(literalCapacity: 64, interpolationCount: 16)
        for (index, value) in values.enumerated() {
            if index > 0 { interpolation.appendLiteral(", ") }
            interpolation.appendInterpolation(value)
        }
        return SQL(stringInterpolation: interpolation)
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
            guard !sql.values.isEmpty else {
                text += sql.text
                return
            }
            let offset = values.count
            var digits = false
            var number = 0
            for character in sql.text {
                if digits, let digit = character.wholeNumberValue, character.isASCII {
                    number = number * 10 + digit
                    continue
                }
                if digits {
                    text += "\(number + offset)"
                    digits = false
                    number = 0
                }
                text.append(character)
                if character == "$" { digits = true }
            }
            if digits { text += "\(number + offset)" }
            values += sql.values
        }
    }
}
