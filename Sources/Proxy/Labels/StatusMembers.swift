import Fediverse

/// The few members of a status that a wrapper repeats, as slices of its bytes: nothing is decoded that is only copied.
struct StatusMembers: Sendable, Equatable {
    /// The object from its brace to its brace.
    var whole: Range<Int>
    var isEmpty: Bool
    var visibility: Range<Int>?
    var sensitive: Range<Int>?
    var language: Range<Int>?
    var url: Range<Int>?
    /// The elements of `filtered`, without the brackets; nil where there are none.
    var filtered: Range<Int>?
    /// Whether the status passes another one on.
    var isReblog: Bool

    /// - Returns: nil unless the bytes are one JSON object.
    init?(_ bytes: [UInt8]) {
        guard let members = bytes.withUnsafeBytes({ buffer in try? StatusMembers(reading: buffer) }) else { return nil }
        self = members
    }

    private init(reading buffer: UnsafeRawBufferPointer) throws(JSONError) {
        var scanner = JSONScanner(buffer)
        whole = 0..<0
        isEmpty = true
        isReblog = false
        var object = try scanner.enterObject()
        let opening = scanner.offset - 1
        while let key = try scanner.nextKey(&object) {
            isEmpty = false
            var probe = scanner
            let value = try scanner.skip()
            switch key {
            case "visibility": visibility = buffer[value.lowerBound] == UInt8(ascii: "\"") ? value : nil
            case "sensitive": sensitive = buffer[value.lowerBound] == UInt8(ascii: "t") || buffer[value.lowerBound] == UInt8(ascii: "f") ? value : nil
            case "language": language = buffer[value.lowerBound] == UInt8(ascii: "\"") ? value : nil
            case "url": url = buffer[value.lowerBound] == UInt8(ascii: "\"") ? value : nil
            case "reblog": isReblog = buffer[value.lowerBound] != UInt8(ascii: "n")
            case "filtered": filtered = try Self.elements(&probe, of: buffer, in: value)
            default: break
            }
        }
        whole = opening..<scanner.offset
        try scanner.finish()
    }

    private static func elements(
        _ scanner: inout JSONScanner, of buffer: UnsafeRawBufferPointer, in value: Range<Int>
    ) throws(JSONError) -> Range<Int>? {
        guard buffer[value.lowerBound] == UInt8(ascii: "[") else { return nil }
        var array = try scanner.enterArray()
        var first: Int?
        var end = value.lowerBound
        while try scanner.nextElement(&array) {
            let element = try scanner.skip()
            first = first ?? element.lowerBound
            end = element.upperBound
        }
        return first.map { $0..<end }
    }
}
