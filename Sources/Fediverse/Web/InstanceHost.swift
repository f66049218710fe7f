/// Why a text is no instance's host name.
public enum InstanceHostError: Error, Sendable, Hashable {
    case empty
    /// More than 253 bytes, or a label of more than 63.
    case tooLong
    /// An address where a name belongs, or the own machine without leave.
    case address
    case badLabel
    case badPort
}

/// An instance's host in the one form that it has everywhere: lower case, A-labels, no trailing dot, the port only if not 443.
///
/// Comes from the operator's settings, never from a client: aliases depend on it.
public struct InstanceHost: Sendable, Hashable, CustomStringConvertible {
    /// Without the port.
    public let name: String
    /// nil for 443.
    public let port: Int?

    public var canonical: String { port.map { "\(name):\($0)" } ?? name }
    public var description: String { canonical }

    /// Whether the name is the own machine: `localhost`, 127.0.0.0/8, `[::1]`.
    public var isLoopback: Bool { Self.isLoopback(name) }

    /// - Parameters:
    ///   - text: `host` or `host:port`. Letters beyond ASCII are lower-cased and encoded (UTS 46 non-transitional for letters,
    ///     digits and marks; symbols are refused).
    ///   - allowLoopback: takes the own machine, by name or address, for tests and demos.
    public init(_ text: String, allowLoopback: Bool = false) throws(InstanceHostError) {
        guard !text.isEmpty else { throw .empty }
        let (host, port) = try Self.split(text)
        self.port = port == 443 ? nil : port
        if host.hasPrefix("[") {
            guard host == "[::1]", allowLoopback else { throw .address }
            name = host
            return
        }
        var labels = Self.mapped(host).split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        if labels.count > 1, labels.last == "" { labels.removeLast() }
        let name = try labels.map { (label) throws(InstanceHostError) in try Self.aLabel(label) }.joined(separator: ".")
        guard name.utf8.count <= 253 else { throw .tooLong }
        if Self.isLoopback(name) {
            guard allowLoopback else { throw .address }
        } else if let last = labels.last, Self.isNumber(last) {
            // A name whose last label is a number is an IPv4 address in one of its many spellings.
            throw .address
        }
        self.name = name
    }

    private static func split(_ text: String) throws(InstanceHostError) -> (host: String, port: Int?) {
        let hostEnd = text.hasPrefix("[") ? text.firstIndex(of: "]").map(text.index(after:)) : text.firstIndex { $0 == ":" || $0 == "：" }
        guard let hostEnd, hostEnd < text.endIndex else { return (text, nil) }
        let digits = text[hostEnd...].dropFirst().utf8
        guard text[hostEnd] == ":" else { throw .badPort }
        guard (1...5).contains(digits.count), digits.allSatisfy({ $0 &- 0x30 < 10 }), let port = Int(Substring(digits)), (1...65_535).contains(port)
        else { throw text[hostEnd...].dropFirst().contains(":") ? .address : .badPort }
        return (String(text[..<hostEnd]), port)
    }

    /// Lower case, full-width and other compatibility forms as plain letters, invisible characters gone, every kind of dot a dot.
    private static func mapped(_ host: String) -> String {
        var mapped = ""
        for scalar in Folding.composed(host).unicodeScalars {
            switch scalar {
            // The deviations of UTS 46, kept in non-transitional processing; the joiners are refused later.
            case "ß", "ς", "\u{200C}", "\u{200D}": mapped.unicodeScalars.append(scalar)
            case "。", "．", "｡": mapped.append(".")
            case _ where Folding.isInvisible(scalar): break
            default: Folding.append(scalar, to: &mapped)
            }
        }
        return Folding.composed(mapped)
    }

    private static func aLabel(_ label: String) throws(InstanceHostError) -> String {
        guard !label.isEmpty else { throw .badLabel }
        var encoded = label
        if !label.utf8.allSatisfy({ $0 < 0x80 }) {
            let scalars = Array(label.unicodeScalars)
            guard scalars.allSatisfy({ $0.isASCII || Folding.isWord($0) && !Folding.isInvisible($0) }), let first = scalars.first,
                !Folding.isMark(first), let code = Punycode.encoded(scalars)
            else { throw .badLabel }
            encoded = "xn--" + code
        } else if label.hasPrefix("xn--") {
            let code = String(label.dropFirst(4))
            guard let scalars = Punycode.decoded(code), scalars.contains(where: { !$0.isASCII }), Punycode.encoded(scalars) == code else { throw .badLabel }
            // Whatever the mapping would have changed is a second spelling of another host.
            let plain = String(String.UnicodeScalarView(scalars))
            guard mapped(plain).unicodeScalars.elementsEqual(scalars), try aLabel(plain) == label else { throw .badLabel }
        } else if label.utf8.dropFirst(2).starts(with: "--".utf8) {
            throw .badLabel
        }
        guard encoded.utf8.count <= 63 else { throw .tooLong }
        let isPlain = encoded.utf8.allSatisfy { $0 &- 0x30 < 10 || $0 &- 0x61 < 26 || $0 == UInt8(ascii: "-") }
        guard isPlain, encoded.utf8.first != UInt8(ascii: "-"), encoded.utf8.last != UInt8(ascii: "-") else { throw .badLabel }
        return encoded
    }

    private static func isNumber(_ label: String) -> Bool {
        if label.utf8.allSatisfy({ $0 &- 0x30 < 10 }) { return true }
        return label.hasPrefix("0x") && label.utf8.dropFirst(2).allSatisfy { hexDigit($0) != nil }
    }

    private static func isLoopback(_ name: String) -> Bool {
        if name == "localhost" || name.hasSuffix(".localhost") || name == "[::1]" { return true }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { part in UInt8(part).map { String($0) == part } ?? false }
    }
}
