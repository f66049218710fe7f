import OpenSSL

/// Looks for words in bytes, in every form in which a program may have written them down.
public struct ByteSearch: Sendable {
    public struct Needle: Sendable, Hashable {
        public let word: String
        /// Which of the words it is, from 1.
        public let number: Int
        /// The encoding, in words.
        public let form: String
        public let bytes: [UInt8]
    }

    /// The shortest word that is not met by chance, in bytes.
    public static let shortestWord = 8

    public let needles: [Needle]
    /// Bytes of the longest needle: what two neighbouring pieces must share.
    public let longest: Int
    /// By their first 8 bytes, so that one pass looks for all.
    private let byBeginning: [UInt64: [Needle]]
    /// One byte for each value of the first two, 1 where a needle begins so: most places are passed by with one look.
    private let begins: [UInt8]

    /// - Parameter words: each of ``shortestWord`` bytes or more.
    public init(_ words: [String]) {
        precondition(words.allSatisfy { $0.utf8.count >= Self.shortestWord }, "a word of fewer than 8 bytes is found by chance")
        needles = words.enumerated().flatMap { number, word in Self.forms(of: word, number: number + 1) }
        longest = needles.map(\.bytes.count).max() ?? 0
        byBeginning = Dictionary(grouping: needles) { needle in needle.bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) } }
        var begins = [UInt8](repeating: 0, count: 1 << 16)
        for beginning in byBeginning.keys { begins[Int(beginning & 0xFFFF)] = 1 }
        self.begins = begins
    }

    /// The forms that occur in these bytes.
    public func found(in bytes: [UInt8]) -> Set<Needle> {
        var found: Set<Needle> = []
        bytes.withUnsafeBytes { look(in: $0) { needle, _ in found.insert(needle) } }
        return found
    }

    /// Calls `hit` with each needle and the place where it begins.
    public func look(in haystack: UnsafeRawBufferPointer, _ hit: (Needle, Int) throws -> Void) rethrows {
        if needles.isEmpty { return }
        try begins.withUnsafeBufferPointer { begins in
            var place = 0
            while place &+ 8 <= haystack.count {
                let beginning = haystack.loadUnaligned(fromByteOffset: place, as: UInt64.self)
                if begins[Int(truncatingIfNeeded: beginning & 0xFFFF)] == 1, let candidates = byBeginning[beginning] {
                    let rest = haystack[place...]
                    for needle in candidates where rest.starts(with: needle.bytes) { try hit(needle, place) }
                }
                place &+= 1
            }
        }
    }

    private static func forms(of word: String, number: Int) -> [Needle] {
        let raw = Array(word.utf8)
        var forms: [(String, [UInt8])] = [
            ("raw", raw), ("lower case", Array(word.lowercased().utf8)), ("reversed", raw.reversed()),
            ("reversed text", Array(String(word.reversed()).utf8)),
            ("hex", Array(Hex.encode(raw).utf8)), ("upper hex", Array(Hex.encode(raw).uppercased().utf8)),
            ("URL-encoded", percentEncoded(raw, keeping: isUnreserved)), ("URL-encoded whole", percentEncoded(raw) { _ in false }),
            ("as a form", percentEncoded(raw, keeping: isUnreserved).split(separator: Array("%20".utf8)).joined(separator: [0x2B]).map { $0 }),
            ("JSON-escaped", jsonEscaped(word) { $0.value < 0x7F }), ("JSON-escaped whole", jsonEscaped(word) { _ in false }),
            ("UTF-16", word.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }),
            // Not keyed, so whoever guesses the word finds the row.
            ("SHA-256", SHA256.digest(of: raw).bytes), ("SHA-256 in hex", Array(SHA256.digest(of: raw).hex.utf8)),
        ]
        // As a part of something longer, base64 has one of three looks.
        for shift in 0..<3 {
            let text = base64(inside: raw, shift: shift)
            forms.append(("base64", text))
            forms.append(("base64url", text.map { $0 == 0x2B ? 0x2D : $0 == 0x2F ? 0x5F : $0 }))
        }
        if let number = Int64(word) {
            forms.append(("integer", withUnsafeBytes(of: number.bigEndian) { Array($0) }))
            forms.append(("integer, small end first", withUnsafeBytes(of: number.littleEndian) { Array($0) }))
        }
        // The same bytes may be two forms, as of a word in lower case: the first name is the plainer.
        var known: Set<[UInt8]> = []
        return forms.filter { known.insert($0.1).inserted }.map { Needle(word: word, number: number, form: $0.0, bytes: $0.1) }
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "-._~".utf8.contains(byte)
        }
    }

    private static func percentEncoded(_ bytes: [UInt8], keeping isKept: (UInt8) -> Bool) -> [UInt8] {
        bytes.flatMap { isKept($0) ? [$0] : [UInt8(ascii: "%")] + Array(Hex.encode([$0]).uppercased().utf8) }
    }

    private static func jsonEscaped(_ word: String, keeping isKept: (Unicode.Scalar) -> Bool) -> [UInt8] {
        Array(
            word.unicodeScalars.map { scalar in
                isKept(scalar) ? String(scalar) : String(scalar).utf16.map { "\\u" + Hex.encode([UInt8($0 >> 8), UInt8($0 & 0xFF)]) }.joined()
            }.joined().utf8)
    }

    /// The characters of base64 that hold nothing but these bytes, when `shift` bytes come before them.
    private static func base64(inside bytes: [UInt8], shift: Int) -> [UInt8] {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        let padded = [UInt8](repeating: 0, count: shift) + bytes
        var text: [UInt8] = []
        for start in stride(from: 0, to: padded.count - 2, by: 3) {
            let group = UInt32(padded[start]) << 16 | UInt32(padded[start + 1]) << 8 | UInt32(padded[start + 2])
            for bits in [18, 12, 6, 0] { text.append(alphabet[Int(group >> UInt32(bits)) & 63]) }
        }
        // The first characters hold bits of what comes before.
        return Array(text.dropFirst(shift == 0 ? 0 : shift + 1))
    }
}
