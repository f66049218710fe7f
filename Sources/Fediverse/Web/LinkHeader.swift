/// A `Link` header (RFC 8288): where the next page is, and the previous.
public struct LinkHeader: Sendable, Hashable, CustomStringConvertible {
    public struct Link: Sendable, Hashable {
        public var url: String
        /// In order; names in lower case, values without quotes.
        public var parameters: [Parameter]

        public struct Parameter: Sendable, Hashable {
            public var name: String
            public var value: String?
            public init(_ name: String, _ value: String?) {
                self.name = name
                self.value = value
            }
        }

        public init(url: String, parameters: [Parameter]) {
            self.url = url
            self.parameters = parameters
        }

        public init(url: String, rel: String) { self.init(url: url, parameters: [Parameter("rel", rel)]) }

        /// The relations, in lower case. Only the first `rel` counts.
        public var relations: [String] {
            parameters.first { $0.name == "rel" }?.value?.lowercased().split(separator: " ").map(String.init) ?? []
        }
    }

    public var links: [Link]

    public init(_ links: [Link]) { self.links = links }

    /// Reads a header's value; an element that is no link is left out. Several headers of the name are joined by a comma first.
    public init(parsing value: String) {
        links = []
        var rest = Substring(value).utf8
        while !rest.isEmpty {
            if let link = Self.link(&rest) {
                links.append(link)
            } else {
                // Not a link: on to the next comma outside quotes.
                _ = Self.passed(&rest, to: [UInt8(ascii: ",")])
            }
            if rest.first == UInt8(ascii: ",") { rest.removeFirst() }
        }
    }

    /// The first link with this relation.
    public func url(rel relation: String) -> String? {
        links.first { $0.relations.contains(relation.lowercased()) }?.url
    }

    public var description: String {
        links.map { link in
            link.parameters.reduce("<\(link.url)>") { text, parameter in
                guard let value = parameter.value else { return text + "; " + parameter.name }
                return text + "; " + parameter.name + "=\"" + Self.escaped(value) + "\""
            }
        }
        .joined(separator: ", ")
    }

    private static func escaped(_ value: String) -> String {
        guard value.utf8.contains(where: { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) else { return value }
        return String(value.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] })
    }

    /// One link up to the comma behind it; nil, with nothing taken but blanks, where none begins.
    private static func link(_ rest: inout Substring.UTF8View) -> Link? {
        skipBlanks(&rest)
        guard rest.first == UInt8(ascii: "<"), let close = rest.firstIndex(of: UInt8(ascii: ">")) else { return nil }
        var link = Link(url: String(Substring(rest.dropFirst().prefix(upTo: close))), parameters: [])
        rest = rest[rest.index(after: close)...]
        skipBlanks(&rest)
        while rest.first == UInt8(ascii: ";") {
            rest.removeFirst()
            skipBlanks(&rest)
            let name = passed(&rest, to: [UInt8(ascii: "="), UInt8(ascii: ";"), UInt8(ascii: ",")])
            var value: String?
            if rest.first == UInt8(ascii: "=") {
                rest.removeFirst()
                skipBlanks(&rest)
                value = rest.first == UInt8(ascii: "\"") ? quoted(&rest) : passed(&rest, to: [UInt8(ascii: ";"), UInt8(ascii: ",")])
                skipBlanks(&rest)
            }
            if !name.isEmpty { link.parameters.append(.init(name.lowercased(), value)) }
        }
        _ = passed(&rest, to: [UInt8(ascii: ",")])
        return link
    }

    /// What stands before the next of `stops` outside quotes, trimmed.
    private static func passed(_ rest: inout Substring.UTF8View, to stops: [UInt8]) -> String {
        let start = rest
        var inQuotes = false
        while let byte = rest.first, inQuotes || !stops.contains(byte) {
            if byte == UInt8(ascii: "\"") { inQuotes.toggle() }
            rest.removeFirst()
            if inQuotes, byte == UInt8(ascii: "\\"), !rest.isEmpty { rest.removeFirst() }
        }
        var part = start[..<rest.startIndex]
        while let last = part.last, last == 0x20 || last == 0x09 { part.removeLast() }
        return String(Substring(part))
    }

    private static func quoted(_ rest: inout Substring.UTF8View) -> String {
        rest.removeFirst()
        var bytes: [UInt8] = []
        while let byte = rest.popFirst(), byte != UInt8(ascii: "\"") {
            if byte == UInt8(ascii: "\\"), let next = rest.popFirst() { bytes.append(next) } else { bytes.append(byte) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func skipBlanks(_ rest: inout Substring.UTF8View) {
        while let byte = rest.first, byte == 0x20 || byte == 0x09 { rest.removeFirst() }
    }
}
