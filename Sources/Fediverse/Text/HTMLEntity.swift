/// Character references of HTML: the numeric ones and the names that people and servers use in posts.
enum HTMLEntity {
    private static let names: [String: Unicode.Scalar] = [
        "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": "\u{A0}", "num": "#", "shy": "\u{AD}", "zwnj": "\u{200C}",
        "zwj": "\u{200D}", "lrm": "\u{200E}", "rlm": "\u{200F}", "ensp": "\u{2002}", "emsp": "\u{2003}", "thinsp": "\u{2009}",
        "hellip": "…", "mdash": "—", "ndash": "–", "lsquo": "‘", "rsquo": "’", "ldquo": "“", "rdquo": "”", "sbquo": "‚", "bdquo": "„",
        "laquo": "«", "raquo": "»", "bull": "•", "middot": "·", "deg": "°", "copy": "©", "reg": "®", "trade": "™", "euro": "€",
        "pound": "£", "times": "×", "sect": "§", "szlig": "ß", "auml": "ä", "ouml": "ö", "uuml": "ü", "Auml": "Ä", "Ouml": "Ö",
        "Uuml": "Ü", "eacute": "é", "egrave": "è", "ecirc": "ê", "agrave": "à", "aacute": "á", "ccedil": "ç", "ntilde": "ñ",
        "lowbar": "_", "sol": "/", "colon": ":", "Tab": "\t", "NewLine": "\n",
    ]

    /// UTF-8 with its references replaced once; what is no reference stays as it is.
    static func decoded(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard bytes.contains(UInt8(ascii: "&")) else { return bytes }
        var plain: [UInt8] = []
        plain.reserveCapacity(bytes.count)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            if bytes[index] == UInt8(ascii: "&"), let (scalar, length) = reference(bytes[(index + 1)...]) {
                plain.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
                index += 1 + length
            } else {
                plain.append(bytes[index])
                index += 1
            }
        }
        return plain[...]
    }

    /// The scalar named at the front, and how many bytes behind the ampersand its name takes.
    private static func reference(_ bytes: ArraySlice<UInt8>) -> (Unicode.Scalar, Int)? {
        if bytes.first == UInt8(ascii: "#") { return number(bytes) }
        let name = bytes.prefix(8).prefix { $0 != UInt8(ascii: ";") }
        guard bytes.dropFirst(name.count).first == UInt8(ascii: ";"), let scalar = names[String(decoding: name, as: UTF8.self)] else { return nil }
        return (scalar, name.count + 1)
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> (Unicode.Scalar, Int)? {
        var rest = bytes.dropFirst()
        let isHexadecimal = rest.first.map { $0 | 0x20 == UInt8(ascii: "x") } ?? false
        if isHexadecimal { rest = rest.dropFirst() }
        let digits = rest.prefix { isHexadecimal ? hexDigit($0) != nil : $0 &- 0x30 < 10 }
        guard !digits.isEmpty else { return nil }
        var value: UInt32 = 0
        for digit in digits where value < 0x11_0000 { value = value * (isHexadecimal ? 16 : 10) + UInt32(hexDigit(digit) ?? 0) }
        let behind = rest.dropFirst(digits.count)
        let length = behind.startIndex - bytes.startIndex + (behind.first == UInt8(ascii: ";") ? 1 : 0)
        return (value == 0 ? "\u{FFFD}" : Unicode.Scalar(value) ?? "\u{FFFD}", length)
    }
}
