/// The query of a URL, kept byte for byte: what is not touched goes on as it came.
public struct QueryString: Sendable, Hashable {
    /// Without the question mark.
    public private(set) var raw: String

    public init(_ raw: String) { self.raw = raw }

    /// The decoded values of exactly this key, in order. Bracketed keys are keys of their own: `id[]`.
    public func values(of key: String) -> [String] {
        guard holds(key) else { return [] }
        return parts.compactMap { part in
            let (name, value) = Self.halves(part)
            return Self.decodes(name, to: key) ? value.map(Self.decoded) ?? "" : nil
        }
    }

    /// The decoded values of this key in all its forms: `id`, `id[]`, `id[0]`.
    public func list(of key: String) -> [String] {
        pairs.filter { $0.key == key || $0.key.hasPrefix(key + "[") && $0.key.hasSuffix("]") }.map(\.value)
    }

    /// The last value of this key, which is the one that servers take.
    public func value(of key: String) -> String? { values(of: key).last }

    /// Every pair, decoded, in order.
    public var pairs: [(key: String, value: String)] {
        parts.map { part in
            let (key, value) = Self.halves(part)
            return (Self.decoded(key), value.map(Self.decoded) ?? "")
        }
    }

    /// Without this key.
    public func removing(_ key: String) -> QueryString { replacing(key) { _ in nil } }

    /// With this value for the key: in place where the key stands (once, however often it stood), at the end where it does not.
    public func setting(_ key: String, to value: String) -> QueryString {
        var isFirst = true
        var changed = replacing(key) { _ in
            defer { isFirst = false }
            return isFirst ? value : nil
        }
        if isFirst {
            changed.raw += (changed.raw.isEmpty ? "" : "&") + Self.encoded(key) + "=" + Self.encoded(value)
        }
        return changed
    }

    /// Each value of the key as `change` makes it; nil takes the pair out. An unchanged pair keeps its bytes.
    public func replacing(_ key: String, with change: (String) -> String?) -> QueryString {
        guard holds(key) else { return self }
        var kept: [Substring] = []
        for part in parts {
            let (name, value) = Self.halves(part)
            guard Self.decodes(name, to: key) else {
                kept.append(part)
                continue
            }
            let old = value.map(Self.decoded) ?? ""
            guard let new = change(old) else { continue }
            kept.append(new == old ? part : Substring(name + "=" + Self.encoded(new)))
        }
        return QueryString(kept.joined(separator: "&"))
    }

    /// Whether the key may stand here: asked of every request for keys that hardly any has.
    private func holds(_ key: String) -> Bool {
        let name = key.utf8
        var rest = raw.utf8[...]
        while !rest.isEmpty {
            let part = rest.prefix { $0 != UInt8(ascii: "&") }
            if part.starts(with: name) || part.contains(UInt8(ascii: "%")) || part.contains(UInt8(ascii: "+")) { return true }
            rest = rest[part.endIndex...].dropFirst()
        }
        return false
    }

    private var parts: [Substring] {
        raw.isEmpty ? [] : raw.utf8.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false).map { Substring($0) }
    }

    private static func halves(_ part: Substring) -> (Substring, Substring?) {
        guard let sign = part.utf8.firstIndex(of: UInt8(ascii: "=")) else { return (part, nil) }
        return (part[..<sign], part[part.utf8.index(after: sign)...])
    }

    /// Names seldom hold anything encoded: then nothing is decoded to compare them.
    private static func decodes(_ name: Substring, to key: String) -> Bool {
        name.utf8.contains { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") } ? decoded(name) == key : name == key
    }

    /// Percent-decoded, `+` as a blank; a percent sign without two digits stays, bytes that are no UTF-8 become U+FFFD.
    public static func decoded(_ text: some StringProtocol) -> String {
        var bytes: [UInt8] = []
        var rest = Substring(text).utf8
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let high = rest.first.flatMap(hexDigit), let low = rest.dropFirst().first.flatMap(hexDigit) {
                bytes.append(high << 4 | low)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A part of a path: percent-decoded, a plus stays one.
    public static func decodedPath(_ text: some StringProtocol) -> String { decoded(String(text).replacing("+", with: "%2B")) }

    /// Everything but unreserved characters (RFC 3986) percent-encoded.
    public static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            let isUnreserved = byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || byte == 0x2D || byte == 0x2E || byte == 0x5F || byte == 0x7E
            if isUnreserved {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
