import Fediverse

/// Texts of a status as the schema of either engine takes them: an instance sends them at any length, and one that does not
/// fit must not cost the others of its page.
enum StoredForm {
    /// Of a status's id at its instance, in UTF-8.
    static let longestID = 255
    /// Of a text, in UTF-8.
    static let longestContent = 65_536
    /// Of a tag, in UTF-8: beside `tag-affinity:` it fits into a logged reason of 255.
    static let longestTag = 242
    /// Of all tags as a JSON array, in UTF-8: an entry of an index of PostgreSQL holds 2,704.
    static let longestTags = 2_000
    /// Of a language tag.
    static let longestLanguage = 10
    /// No counter is larger, so that sums of them stay numbers.
    static let largestCount = Int(Int32.max)

    /// - Returns: nil for an id that no instance gives: empty, too long, or with control characters.
    static func id(_ id: String) -> String? {
        (1...longestID).contains(id.utf8.count) && id.utf8.allSatisfy { $0 > 0x1F } ? id : nil
    }

    /// Without U+0000, which PostgreSQL refuses, and cut before the character that no longer fits.
    static func content(_ text: String) -> String {
        let text = text.utf8.contains(0) ? String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value != 0 })) : text
        guard text.utf8.count > longestContent else { return text }
        var room = longestContent
        return String(text.prefix { character in
            room -= character.utf8.count
            return room >= 0
        })
    }

    /// The tag as BCP 47 has it; one that is too long is cut to its first part, `ca` of `ca-ES-valencia`.
    /// - Returns: nil for what is no language tag.
    static func language(_ tag: String?) -> String? {
        guard let parts = tag?.split(separator: "-", omittingEmptySubsequences: false), let primary = parts.first,
            (2...3).contains(primary.utf8.count), primary.utf8.allSatisfy(isLetter),
            parts.allSatisfy({ (1...8).contains($0.utf8.count) && $0.utf8.allSatisfy { isLetter($0) || isDigit($0) } })
        else { return nil }
        let whole = parts.joined(separator: "-")
        return whole.utf8.count <= longestLanguage ? whole : String(primary)
    }

    /// Those that fit, in their order.
    static func tags(_ tags: [String]) -> [String] {
        var room = longestTags - 2
        return tags.filter { tag in
            guard (1...longestTag).contains(tag.utf8.count), tag.utf8.allSatisfy({ $0 > 0x1F }) else { return false }
            // With its quotes, the comma, and an escape for what needs one.
            let length = tag.utf8.count + 3 + tag.utf8.count { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }
            guard length <= room else { return false }
            room -= length
            return true
        }
    }

    static func count(_ count: Int) -> Int { min(max(0, count), largestCount) }

    private static func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) }
    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
