public import Fediverse

/// One instance that we stand before or read from: its domain and the address at which it is reached.
public struct Instance: Sendable, Hashable {
    /// The canonical domain: part of every alias and post id.
    public let domain: String
    /// Scheme and authority, without a slash at the end: `https://social.example`.
    public let base: String

    public init(domain: String, base: String) {
        self.domain = domain
        self.base = base
    }
}

extension Instance {
    /// Host and port of the address, as they stand in its Link headers.
    public var authority: String { String(base.drop { $0 != ":" }.dropFirst(3)) }
}

extension Instance {
    /// Whether the account lives here: its handle has no other host.
    public func isHome(of account: Account) -> Bool { !account.acct.contains("@") || account.acct.hasSuffix("@" + domain) }
}
