/// What somebody wrote to name an author: a handle in one of its spellings, the address of a profile page, or the canonical uri.
///
/// Only its form is judged here: who that is, the instance says.
public enum AuthorName: Sendable, Equatable {
    /// `@name@instance`, `acct:name@instance`, `https://instance/@name`; without an instance, somebody of the one that is asked.
    case handle(name: String, instance: InstanceHost?)
    /// Any other address, which is taken for the canonical one.
    case uri(String)

    /// In UTF-8.
    public static let longest = 2_048

    /// - Parameter allowLoopback: takes instances of the own machine, for tests and demos.
    /// - Returns: nil for what names nobody.
    public init?(_ text: String, allowLoopback: Bool = false) {
        let text = Self.trimmed(text)
        guard (1...Self.longest).contains(text.utf8.count), text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else { return nil }
        if text.hasPrefix("https://") || text.hasPrefix("http://") {
            self.init(address: text, allowLoopback)
        } else {
            self.init(handle: text.hasPrefix("acct:") ? text.dropFirst(5) : text[...], allowLoopback)
        }
    }

    /// As `GET /api/v1/accounts/lookup` takes it; nil for a uri.
    /// - Parameter home: the instance that is asked, whose own people it knows by their name alone.
    public func acct(at home: String) -> String? {
        guard case .handle(let name, let instance) = self else { return nil }
        guard let instance, instance.canonical != home else { return name }
        return name + "@" + instance.canonical
    }

    private init?(address: String, _ allowLoopback: Bool) {
        let rest = address.dropFirst(address.hasPrefix("https://") ? 8 : 7)
        let authority = rest.prefix { $0 != "/" }
        let path = rest.dropFirst(authority.count)
        guard path.utf8.count > 1, (try? InstanceHost(String(authority), allowLoopback: allowLoopback)) != nil else { return nil }
        guard path.hasPrefix("/@") else {
            self = .uri(address)
            return
        }
        let profile = path.dropFirst(2).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        self.init(handle: profile.contains("@") ? profile : profile + "@" + authority, allowLoopback)
    }

    private init?(handle: Substring, _ allowLoopback: Bool) {
        let parts = (handle.first == "@" ? handle.dropFirst() : handle).split(separator: "@", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let name = parts.first, (1...64).contains(name.utf8.count), name.utf8.allSatisfy(Self.isOfName) else {
            return nil
        }
        var instance: InstanceHost?
        if parts.count == 2 {
            guard let host = try? InstanceHost(String(parts[1]), allowLoopback: allowLoopback) else { return nil }
            instance = host
        }
        self = .handle(name: String(name), instance: instance)
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
    }

    private static func trimmed(_ text: String) -> String {
        var text = text[...]
        while let first = text.first, first.isWhitespace { text = text.dropFirst() }
        while let last = text.last, last.isWhitespace { text = text.dropLast() }
        return String(text)
    }
}
