/// A first look at a profile's text, byte by byte: most need no second one.
///
/// It only ever says that a text cannot hold an opt-out tag, in whatever disguise; of everything that it does not know (other
/// elements than the few of a biography, other entities, percent signs, quotes in odd places) it says nothing.
struct ProfileGlance {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var index = 0
    /// How much of `#no` has just been read, tags between left out. Every tag begins with it.
    private var seen = 0

    private init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    /// - Returns: true when `ProfileTags.refuse` would find nothing in this text.
    static func showsNoTag(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            var glance = ProfileGlance(bytes)
            return glance.passText()
        }
    }

    private mutating func passText() -> Bool {
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "<"):
                guard passTag() else { return false }
                continue
            case UInt8(ascii: "&"):
                guard passEntity(Self.textEntities) else { return false }
                seen = 0
                continue
            case 0x80...:
                // Behind a sign it may be a letter in disguise, or nothing at all; and it may be the sign itself.
                if seen > 0 || isSign() { return false }
            default:
                guard pass(byte) else { return false }
            }
            index += 1
        }
        return true
    }

    /// Goes on with the tag that `seen` counts; false when it has gone too far to be chance.
    @inline(__always)
    private mutating func pass(_ byte: UInt8) -> Bool {
        if byte == UInt8(ascii: "#") {
            seen = 1
        } else if seen == 0 {
            return true
        } else if seen == 1, byte | 0x20 == UInt8(ascii: "n") {
            seen = 2
        } else if seen == 2, byte | 0x20 == UInt8(ascii: "o") {
            return false
        } else {
            seen = 0
        }
        return true
    }

    /// U+FF03 and U+FE5F, which fold to `#`.
    private func isSign() -> Bool {
        bytes[index] == 0xEF && index + 2 < bytes.count
            && (bytes[index + 1] == 0xBC && bytes[index + 2] == 0x83 || bytes[index + 1] == 0xB9 && bytes[index + 2] == 0x9F)
    }

    private static let textEntities: [StaticString] = ["&amp;", "&quot;", "&#39;", "&apos;", "&lt;", "&gt;"]
    private static let attributeEntities: [StaticString] = ["&amp;"]
    private static let words = ProfileTags.optOut.map { Array($0.utf8) }
    private static let names: [StaticString] = ["p", "br", "a", "span"]

    private mutating func passEntity(_ known: [StaticString]) -> Bool {
        for entity in known where stands(entity, at: index) {
            index += entity.utf8CodeUnitCount
            return true
        }
        return false
    }

    private func stands(_ text: StaticString, at start: Int) -> Bool {
        let count = text.utf8CodeUnitCount
        guard count <= bytes.count - start else { return false }
        for place in 0..<count where bytes[start + place] != text.utf8Start[place] { return false }
        return true
    }

    /// Passes over a tag whose end nobody could read differently.
    private mutating func passTag() -> Bool {
        var start = index + 1
        let isClosing = start < bytes.count && bytes[start] == UInt8(ascii: "/")
        if isClosing { start += 1 }
        guard let name = Self.names.first(where: { stands($0, at: start) && endsName(start + $0.utf8CodeUnitCount) }) else { return false }
        index = start + name.utf8CodeUnitCount
        let before = seen
        guard passAttributes() else { return false }
        // A link can be a tag by its class: then its text follows a sign.
        seen = !isClosing && name.utf8CodeUnitCount == 1 && name.utf8Start[0] == UInt8(ascii: "a") ? 1 : before
        return true
    }

    private func endsName(_ index: Int) -> Bool {
        index < bytes.count && (bytes[index] == UInt8(ascii: ">") || bytes[index] == 0x20 || bytes[index] == UInt8(ascii: "/"))
    }

    private mutating func passAttributes() -> Bool {
        seen = 0
        var isQuoted = false
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: ">") where !isQuoted:
                index += 1
                return true
            case UInt8(ascii: "\""):
                guard isQuoted || bytes[index - 1] == UInt8(ascii: "=") else { return false }
                isQuoted.toggle()
                seen = 0
            case UInt8(ascii: "'") where !isQuoted: return false
            case UInt8(ascii: "<"), UInt8(ascii: "%"), 0x80...: return false
            case UInt8(ascii: "&"):
                guard passEntity(Self.attributeEntities) else { return false }
                seen = 0
                continue
            case UInt8(ascii: "n"), UInt8(ascii: "N"):
                guard pass(byte), !startsWord() else { return false }
            default:
                guard pass(byte) else { return false }
            }
            index += 1
        }
        return false
    }

    /// Whether one of the words stands at `index`, in either case.
    private func startsWord() -> Bool {
        guard index + 2 < bytes.count, bytes[index + 1] | 0x20 == UInt8(ascii: "o") else { return false }
        for word in Self.words where word[2] == bytes[index + 2] | 0x20 && word.count <= bytes.count - index {
            var place = 3
            while place < word.count, word[place] == bytes[index + place] | 0x20 { place += 1 }
            if place == word.count { return true }
        }
        return false
    }
}
