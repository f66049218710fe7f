/// Names and values of a query or of an `application/x-www-form-urlencoded` body, decoded, in their order, repeated names kept.
public struct FormFields: Sendable, Equatable {
    public private(set) var all: [(name: String, value: String)] = []

    public init() {}

    /// - Parameter text: what follows the question mark. Malformed escapes stay as they are; bytes that are not UTF-8 are repaired.
    public init(_ text: some StringProtocol) {
        for pair in text.utf8.split(separator: UInt8(ascii: "&")) {
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            append(Self.decoded(parts[0]), parts.count > 1 ? Self.decoded(parts[1]) : "")
        }
    }

    public mutating func append(_ name: String, _ value: String) { all.append((name, value)) }

    /// The first value of this name.
    public subscript(name: String) -> String? { all.first { $0.name == name }?.value }

    /// All values of `name` and `name[]`: both spellings of a list are in use.
    public func list(_ name: String) -> [String] { all.filter { $0.name == name || $0.name == name + "[]" }.map(\.value) }

    /// Percent escapes and plus signs resolved.
    static func decoded(_ text: some Collection<UInt8>) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var index = text.startIndex
        while index != text.endIndex {
            let byte = text[index]
            text.formIndex(after: &index)
            if byte == UInt8(ascii: "+") {
                bytes.append(UInt8(ascii: " "))
            } else if byte == UInt8(ascii: "%"), let high = hex(text, index),
                let low = hex(text, text.index(after: index))
            {
                bytes.append(high << 4 | low)
                index = text.index(index, offsetBy: 2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    public static func == (left: FormFields, right: FormFields) -> Bool {
        left.all.elementsEqual(right.all) { $0 == $1 }
    }

    private static func hex<Bytes: Collection<UInt8>>(_ text: Bytes, _ index: Bytes.Index) -> UInt8? {
        guard index < text.endIndex else { return nil }
        switch text[index] {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return text[index] - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): return text[index] - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): return text[index] - UInt8(ascii: "A") + 10
        default: return nil
        }
    }
}
