/// Instances of which nothing is kept or recommended. A name stands for its subdomains, too, as in Mastodon's own domain blocks.
public struct InstanceList: Sendable, Equatable {
    /// In the form of `InstanceHost`.
    public private(set) var names: Set<String>

    public init(_ names: some Sequence<String> = []) { self.names = Set(names) }

    public var isEmpty: Bool { names.isEmpty }

    public mutating func formUnion(_ other: InstanceList) { names.formUnion(other.names) }

    public func contains(_ host: String) -> Bool {
        !names.isEmpty && Self.levels(of: host).contains(where: names.contains)
    }

    /// Whether the account lives at one of them, by its handle or by its address: the two may differ, and either counts.
    public func holds(_ account: Account) -> Bool {
        !names.isEmpty && Self.hosts(of: account).contains(where: contains)
    }

    /// The host and every domain above it: `a.b.example`, `b.example`, `example`.
    public static func levels(of host: String) -> [String] {
        var levels = [host]
        var rest = host[...]
        while let dot = rest.firstIndex(of: ".") {
            rest = rest[rest.index(after: dot)...]
            if !rest.isEmpty { levels.append(String(rest)) }
        }
        return levels
    }

    /// Where an account says that it lives; somebody of the instance that is asked says it by the address alone.
    public static func hosts(of account: Account) -> Set<String> {
        var said: [Substring] = []
        if let at = account.acct.lastIndex(of: "@") { said.append(account.acct[account.acct.index(after: at)...]) }
        if let scheme = account.uri.firstRange(of: "://") { said.append(account.uri[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }) }
        return Set(said.filter { !$0.isEmpty }.map { host in
            (try? InstanceHost(String(host), allowLoopback: true).canonical) ?? host.lowercased()
        })
    }
}
