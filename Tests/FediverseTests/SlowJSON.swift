/// Whether bytes are one JSON value, by RFC 8259's grammar and nothing else: written apart from the product's scanner, over
/// scalars, by trying productions.
struct SlowJSON {
    private let text: [Unicode.Scalar]

    static func accepts(_ bytes: some Sequence<UInt8>) -> Bool {
        guard let string = String(validating: Array(bytes), as: UTF8.self) else { return false }
        let json = SlowJSON(text: Array(string.unicodeScalars))
        return json.element(0, depth: 0) == json.text.count
    }

    private func element(_ start: Int, depth: Int) -> Int? {
        value(space(start), depth: depth).map(space)
    }

    private func value(_ start: Int, depth: Int) -> Int? {
        guard start < text.count else { return nil }
        switch text[start] {
        case "{": return depth == 64 ? nil : list(start + 1, closing: "}", of: { member($0, depth: depth + 1) })
        case "[": return depth == 64 ? nil : list(start + 1, closing: "]", of: { element($0, depth: depth + 1) })
        case "\"": return string(start)
        default: return literal("true", start) ?? literal("false", start) ?? literal("null", start) ?? number(start)
        }
    }

    private func list(_ start: Int, closing: Unicode.Scalar, of item: (Int) -> Int?) -> Int? {
        if one(closing, space(start)) { return space(start) + 1 }
        var at = start
        var count = 0
        while let end = item(at) {
            count += 1
            if closing == "]", count > 1_000 { return nil }
            if one(closing, end) { return end + 1 }
            guard one(",", end) else { return nil }
            at = end + 1
        }
        return nil
    }

    private func member(_ start: Int, depth: Int) -> Int? {
        guard let name = string(space(start)), one(":", space(name)) else { return nil }
        return element(space(name) + 1, depth: depth)
    }

    private func string(_ start: Int) -> Int? {
        guard one("\"", start) else { return nil }
        var at = start + 1
        while at < text.count {
            switch text[at] {
            case "\"": return at + 1
            case "\\":
                guard at + 1 < text.count else { return nil }
                if text[at + 1] == "u" {
                    let digits = text.dropFirst(at + 2).prefix(4)
                    guard digits.count == 4, digits.allSatisfy(\.properties.isASCIIHexDigit) else { return nil }
                    at += 6
                } else {
                    guard Array("\"\\/bfnrt".unicodeScalars).contains(text[at + 1]) else { return nil }
                    at += 2
                }
            case "\u{0}"..."\u{1F}": return nil
            default: at += 1
            }
        }
        return nil
    }

    private func number(_ start: Int) -> Int? {
        let whole = one("-", start) ? start + 1 : start
        guard var at = one("0", whole) ? whole + 1 : digits(whole) else { return nil }
        if one(".", at) {
            guard let end = digits(at + 1) else { return nil }
            at = end
        }
        if one("e", at) || one("E", at) {
            guard let end = digits(one("+", at + 1) || one("-", at + 1) ? at + 2 : at + 1) else { return nil }
            at = end
        }
        return at
    }

    private func digits(_ start: Int) -> Int? {
        let count = text.dropFirst(start).prefix { ("0"..."9").contains($0) }.count
        return count == 0 ? nil : start + count
    }

    private func literal(_ word: String, _ start: Int) -> Int? {
        text.dropFirst(start).starts(with: word.unicodeScalars) ? start + word.unicodeScalars.count : nil
    }

    private func space(_ start: Int) -> Int {
        start + text.dropFirst(start).prefix { $0 == " " || $0 == "\n" || $0 == "\r" || $0 == "\t" }.count
    }

    private func one(_ scalar: Unicode.Scalar, _ index: Int) -> Bool { index < text.count && text[index] == scalar }
}
