/// Our own addresses as clients see them.
struct OwnLinks: Sendable, Hashable {
    /// Scheme and host (and port) that clients reach us at, without a slash at the end: `https://proxy.example`.
    let base: String
    /// Host and port without the scheme: what stands after the @ of our handles.
    let authority: String

    init(base: String) {
        self.base = base.hasSuffix("/") ? String(base.dropLast()) : base
        let slash = UInt8(ascii: "/")
        let parts = self.base.utf8.split(separator: slash, maxSplits: 3, omittingEmptySubsequences: false)
        // `https:`, nothing, the authority, and a path where there is one.
        let hasScheme = parts.count > 2 && parts[0].last == UInt8(ascii: ":") && parts[1].isEmpty
        authority = hasScheme ? String(Substring(parts[2])) : self.base
    }

    var avatar: String { base + "/sheltie/avatar.png" }
    var header: String { base + "/sheltie/header.png" }

    /// What paths of streams are put behind.
    var streaming: String { base.hasPrefix("http") ? "ws" + base.dropFirst(4) : base }

    /// The page that tells why the entry with this position id is there.
    func why(_ shownAs: String) -> String { base + "/sheltie/why/" + shownAs }

    /// The page of one reason: also the virtual account's address, so it differs for each (clients compare accounts by it).
    func reason(_ short: String) -> String { base + "/sheltie/reasons/" + short }

    /// A wrapper's canonical address: unique by reason, place and status.
    func wrapper(_ shownAs: String, of innerID: String, by short: String) -> String {
        reason(short) + "/" + shownAs + "/" + innerID
    }
}
