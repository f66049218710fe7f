/// Cuts HTML as instances send it into tags and text; nothing is ever run or fetched.
///
/// Lenient as browsers are: quotes inside tags are respected, comments and unfinished tags vanish, `<` before anything but a
/// letter is text. The contents of script, style and their like are left out.
struct HTMLTokenizer: Sequence, IteratorProtocol {
    enum Token: Equatable {
        /// As written: entities are still to be decoded.
        case text(ArraySlice<UInt8>)
        /// The name in lower case; the attributes as written.
        case tag(name: String, isClosing: Bool, attributes: ArraySlice<UInt8>)
    }

    private let bytes: [UInt8]
    private var offset = 0
    /// The element whose contents are being left out.
    private var hidden: String?

    init(_ html: String) { bytes = Array(html.utf8) }

    private static let hiddenElements: Set<String> = ["script", "style", "iframe", "template", "noembed", "noframes", "title"]

    mutating func next() -> Token? {
        while offset < bytes.count {
            if let name = hidden {
                passHidden(name)
                hidden = nil
            } else if startsMarkup(at: offset) {
                if let token = markup() { return token }
            } else {
                return text()
            }
        }
        return nil
    }

    private func startsMarkup(at index: Int) -> Bool {
        guard bytes[index] == UInt8(ascii: "<"), index + 1 < bytes.count else { return false }
        let next = bytes[index + 1]
        return isLetter(next) || next == UInt8(ascii: "/") || next == UInt8(ascii: "!") || next == UInt8(ascii: "?")
    }

    private mutating func text() -> Token {
        let start = offset
        repeat { offset += 1 } while offset < bytes.count && !startsMarkup(at: offset)
        return .text(bytes[start..<offset])
    }

    /// A tag; nil for a comment, a declaration, or what never ends.
    private mutating func markup() -> Token? {
        if bytes[offset + 1] == UInt8(ascii: "!"), bytes[offset...].starts(with: "<!--".utf8) {
            offset = end(of: "-->", from: offset + 4)
            return nil
        }
        let isClosing = bytes[offset + 1] == UInt8(ascii: "/")
        var index = offset + (isClosing ? 2 : 1)
        guard index < bytes.count, isLetter(bytes[index]) else {
            offset = end(of: ">", from: index)
            return nil
        }
        let nameStart = index
        while index < bytes.count, !isSpace(bytes[index]), bytes[index] != UInt8(ascii: "/"), bytes[index] != UInt8(ascii: ">") { index += 1 }
        let name = lowercased(bytes[nameStart..<index])
        let attributesStart = index
        var quote: UInt8?
        while index < bytes.count, quote != nil || bytes[index] != UInt8(ascii: ">") {
            let byte = bytes[index]
            if quote == byte {
                quote = nil
            } else if quote == nil, byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'"), followsEquals(index) {
                quote = byte
            }
            index += 1
        }
        guard index < bytes.count else {
            offset = bytes.count
            return nil
        }
        offset = index + 1
        if !isClosing, Self.hiddenElements.contains(name) { hidden = name }
        return .tag(name: name, isClosing: isClosing, attributes: bytes[attributesStart..<index])
    }

    private func lowercased(_ name: ArraySlice<UInt8>) -> String {
        String(unsafeUninitializedCapacity: name.count) { text in
            for (place, byte) in name.enumerated() { text[place] = byte &- 0x41 < 26 ? byte | 0x20 : byte }
            return name.count
        }
    }

    /// A quote opens a value only behind the equals sign; elsewhere it is part of a name, as in a tag cut off by its writer.
    private func followsEquals(_ index: Int) -> Bool {
        var before = index - 1
        while before >= 0, isSpace(bytes[before]) { before -= 1 }
        return before >= 0 && bytes[before] == UInt8(ascii: "=")
    }

    private mutating func passHidden(_ name: String) {
        let closing = Array("</\(name)".utf8)
        while offset < bytes.count {
            if bytes[offset] == UInt8(ascii: "<"), offset + closing.count <= bytes.count,
                zip(bytes[offset..<offset + closing.count], closing).allSatisfy({ ($0 &- 0x41 < 26 ? $0 | 0x20 : $0) == $1 })
            {
                return
            }
            offset += 1
        }
    }

    /// The offset behind the next `mark`, or the end.
    private func end(of mark: StaticString, from start: Int) -> Int {
        let pattern = Array(mark.description.utf8)
        var index = start
        while index + pattern.count <= bytes.count {
            if bytes[index..<index + pattern.count].elementsEqual(pattern) { return index + pattern.count }
            index += 1
        }
        return bytes.count
    }

    private func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }
    private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte &- 0x09 < 5 }

    /// The value of an attribute, its entities decoded; nil where it is not given.
    static func attribute(_ wanted: String, in attributes: ArraySlice<UInt8>) -> String? {
        var rest = attributes[...]
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte &- 0x09 < 5 || byte == UInt8(ascii: "/") }
        while true {
            rest = rest.drop(while: isSpace)
            guard !rest.isEmpty else { return nil }
            // An equals sign in front belongs to the name.
            let nameEnd = rest.dropFirst().firstIndex { isSpace($0) || $0 == UInt8(ascii: "=") } ?? rest.endIndex
            let isWanted = String(decoding: rest[..<nameEnd], as: UTF8.self).lowercased() == wanted
            rest = rest[nameEnd...]
            let afterName = rest.drop { $0 == 0x20 || $0 &- 0x09 < 5 }
            guard afterName.first == UInt8(ascii: "=") else {
                if isWanted { return "" }
                continue
            }
            rest = afterName.dropFirst().drop { $0 == 0x20 || $0 &- 0x09 < 5 }
            let value: ArraySlice<UInt8>
            if let quote = rest.first, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
                value = rest.dropFirst().prefix { $0 != quote }
                rest = rest.dropFirst(Swift.min(rest.count, value.count + 2))
            } else {
                value = rest.prefix { $0 != 0x20 && $0 &- 0x09 >= 5 }
                rest = rest.dropFirst(value.count)
            }
            if isWanted { return String(decoding: HTMLEntity.decoded(value), as: UTF8.self) }
        }
    }
}
