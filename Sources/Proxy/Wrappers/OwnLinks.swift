/// Our own addresses as clients see them.
struct OwnLinks: Sendable, Hashable {
    /// Scheme and host (and port) that clients reach us at, without a slash at the end: `https://proxy.example`.
    let base: String

    init(base: String) {
        self.base = base.hasSuffix("/") ? String(base.dropLast()) : base
    }

    /// Host and port without the scheme: what stands after the @ of our handles.
    var authority: String {
        guard let scheme = base.firstRange(of: "://") else { return base }
        return String(base[scheme.upperBound...].prefix { $0 != "/" })
    }

    var avatar: String { base + "/sheltie/avatar.png" }
    var header: String { base + "/sheltie/header.png" }

    /// The page that tells why the entry with this position id is there.
    func why(_ shownAs: String) -> String { base + "/sheltie/why/" + shownAs }

    /// The page of one reason: also the virtual account's address, so it differs for each (clients compare accounts by it).
    func reason(_ short: String) -> String { base + "/sheltie/reasons/" + short }

    /// A wrapper's canonical address: unique by reason, place and status.
    func wrapper(_ shownAs: String, of innerID: String, by short: String) -> String {
        reason(short) + "/" + shownAs + "/" + innerID
    }
}
