import HTTPTypes

/// Which header fields cross the proxy (RFC 9110, 7.6.1). Framing is made anew on both sides, so it never crosses.
enum EndToEndFields {
    private static let hopByHop: Set<String> = [
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
        "transfer-encoding", "upgrade", "content-length",
    ]

    /// What a client says about its way to us is ours to know, not upstream's: these are dropped.
    private static let clientSide: Set<String> = [
        "host", "cookie", "expect", "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port", "x-forwarded-server", "x-real-ip", "x-client-ip", "true-client-ip",
        "cf-connecting-ip",
    ]

    /// The fields to send upstream.
    static func request(_ fields: HTTPFields) -> HTTPFields { filtered(fields, besides: clientSide) }

    /// The fields to send to the client.
    static func response(_ fields: HTTPFields) -> HTTPFields { filtered(fields, besides: ["set-cookie"]) }

    private static func filtered(_ fields: HTTPFields, besides others: Set<String>) -> HTTPFields {
        let named = named(in: fields)
        var kept = HTTPFields()
        kept.reserveCapacity(fields.count)
        for field in fields {
            let name = field.name.canonicalName
            if hopByHop.contains(name) || others.contains(name) || named.contains(name) { continue }
            kept.append(field)
        }
        return kept
    }

    /// The fields that Connection names as hop-by-hop for this message.
    private static func named(in fields: HTTPFields) -> Set<String> {
        let values = fields[values: .connection]
        guard !values.isEmpty else { return [] }
        var names: Set<String> = []
        for value in values {
            for part in value.split(separator: ",") {
                names.insert(part.lowercased().filter { $0 != " " && $0 != "\t" })
            }
        }
        return names
    }
}
