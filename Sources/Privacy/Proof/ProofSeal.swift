import OpenSSL

/// Signs what `sheltie privacy prove` says, with a key of its own that the master key gives (HMAC-SHA256).
///
/// It shows whoever has the master key that a report was not changed after it was made. It does not show that the program, or the
/// machine that it ran on, told the truth.
public struct ProofSeal: Sendable {
    public enum Verdict: Sendable, Equatable {
        case genuine
        /// A byte of it is another than when it was signed.
        case altered
        /// Signed with a key that is not in the key file.
        case unknownKey(id: String)
        case notAReport
    }

    private let keyID: String
    private let keys: [String: HMACKey]

    public init(_ ring: KeyRing) {
        keyID = ring.active.keyID
        keys = Dictionary(([ring.active] + ring.accepting).map { ($0.keyID, $0.key(for: .proof)) }, uniquingKeysWith: { first, _ in first })
    }

    /// The text with a last line that signs it.
    public func sign(text: String) -> String {
        let text = text.hasSuffix("\n") ? text : text + "\n"
        return text + "Signature: \(keyID) \(code(of: text.utf8, by: keyID) ?? "")\n"
    }

    /// The report as a member of an object that signs it.
    public func sign(json: String) -> String {
        Self.opening + json + Self.keyMember + keyID + Self.signatureMember + (code(of: json.utf8, by: keyID) ?? "") + Self.closing
    }

    /// - Parameter bytes: what the command printed, in either form.
    public func check(_ bytes: [UInt8]) -> Verdict {
        let text = String(decoding: bytes, as: UTF8.self)
        // Bytes that are no text would be signed as what replaces them.
        guard Array(text.utf8) == bytes, let (signed, keyID, signature) = Self.parts(of: text) else { return .notAReport }
        guard keys[keyID] != nil else { return .unknownKey(id: keyID) }
        let expected = code(of: signed.utf8, by: keyID)
        return expected == signature ? .genuine : .altered
    }

    private static let opening = "{\"report\":"
    private static let keyMember = ",\"key_id\":\""
    private static let signatureMember = "\",\"signature\":\""
    private static let closing = "\"}\n"

    private func code(of bytes: some Sequence<UInt8>, by keyID: String) -> String? { keys[keyID]?.code(of: Array(bytes)).hex }

    private static func parts(of text: String) -> (signed: Substring, keyID: String, signature: String)? {
        if text.hasPrefix(opening) {
            guard text.hasSuffix(closing), let key = text.ranges(of: keyMember).last, let mark = text[key.upperBound...].firstRange(of: signatureMember)
            else { return nil }
            let signature = text[mark.upperBound...].dropLast(closing.count)
            return (text[text.index(text.startIndex, offsetBy: opening.count)..<key.lowerBound], String(text[key.upperBound..<mark.lowerBound]), String(signature))
        }
        guard text.hasSuffix("\n"), let start = text.dropLast().lastIndex(of: "\n").map(text.index(after:)) else { return nil }
        let words = text[start...].dropLast().split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, words[0] == "Signature:" else { return nil }
        return (text[..<start], String(words[1]), String(words[2]))
    }
}
