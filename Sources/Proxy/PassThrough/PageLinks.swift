import Fediverse

/// The `Link` header of an answer (RFC 8288) as our clients must see it.
struct PageLinks: Sendable {
    /// Host and port of the instance behind us.
    let upstream: String
    let links: OwnLinks

    init(upstream: String, links: OwnLinks) {
        self.upstream = upstream
        self.links = links
    }

    /// The value with the instance's scheme and host replaced by ours; every other byte stays.
    func rewritten(_ value: String) -> String {
        var result = ""
        var rest = value[...]
        while let opening = rest.firstIndex(of: "<"), let closing = rest[opening...].firstIndex(of: ">") {
            result += rest[...opening]
            result += ownAddress(rest[rest.index(after: opening)..<closing])
            rest = rest[closing...]
        }
        return result + rest
    }

    /// The header of a page whose last entries were taken off.
    ///
    /// - Parameters:
    ///   - value: upstream's header, several of them joined by commas; nil where it sent none.
    ///   - cursor: the last entry kept.
    ///   - path: what the client asked for, which the address is made of where upstream sent no `next`.
    ///   - query: as the client sent it.
    ///   - own: names of the parameters that only we understand (`label`): upstream did not see them, and they go on to both pages.
    /// - Returns: `next` first, since some clients read only the first; then upstream's other links in their order.
    func header(_ value: String?, next cursor: String, path: String, query: String?, own: [String] = []) -> String {
        let asked = QueryString(query ?? "")
        func withOwn(_ query: QueryString) -> QueryString {
            own.reduce(query) { kept, name in asked.value(of: name).map { kept.setting(name, to: $0) } ?? kept }
        }
        let upstreams = LinkHeader(parsing: value ?? "").links
        var next = LinkHeader.Link(url: "", rel: "next")
        if let given = upstreams.first(where: { $0.relations.contains("next") }) {
            next = given
            next.url = Self.changing(ownAddress(given.url[...])) { withOwn($0.setting("max_id", to: cursor)) }
        } else {
            let start = ["max_id", "min_id", "since_id"].reduce(asked) { $0.removing($1) }
            next.url = links.base + path + "?" + start.setting("max_id", to: cursor).raw
        }
        var others = upstreams.filter { !$0.relations.contains("next") }
        for index in others.indices {
            others[index].url = ownAddress(others[index].url[...])
            if others[index].relations.contains("prev") { others[index].url = Self.changing(others[index].url, withOwn) }
        }
        return LinkHeader([next] + others).description
    }

    private func ownAddress(_ address: Substring) -> String {
        let bytes = address.utf8
        for scheme in ["https://", "http://"] where Substring(bytes.prefix(scheme.utf8.count)).lowercased() == scheme {
            let rest = bytes.dropFirst(scheme.utf8.count)
            let authority = rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
            guard Substring(authority).lowercased() == upstream.lowercased() else { continue }
            return links.base + Substring(rest[authority.endIndex...])
        }
        return String(address)
    }

    private static func changing(_ address: String, _ change: (QueryString) -> QueryString) -> String {
        let mark = address.utf8.firstIndex(of: UInt8(ascii: "?"))
        let query = change(QueryString(mark.map { String(address[address.utf8.index(after: $0)...]) } ?? ""))
        return query.raw.isEmpty ? address : address[..<(mark ?? address.endIndex)] + "?" + query.raw
    }
}
