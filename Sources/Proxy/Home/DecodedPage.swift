import Curl
import HTTPTypes
import Zlib

/// A page's JSON, taken out of the encoding in which upstream sent it.
struct DecodedPage {
    /// Decoded bytes that are looked at, at most.
    static let limit = 16 << 20

    /// Fast rather than small: a page is read once.
    static let compression = 4

    let bytes: [UInt8]
    let wasCompressed: Bool

    init(_ answer: CurlAnswer) throws {
        guard let type = answer.fields[.contentType], type.lowercased().hasPrefix("application/json") else { throw PageError.notDecodable }
        switch answer.fields[.contentEncoding]?.lowercased() {
        case nil, "identity": (bytes, wasCompressed) = (answer.body, false)
        case "gzip", "x-gzip": (bytes, wasCompressed) = (try gunzip(answer.body, limit: Self.limit), true)
        default: throw PageError.notDecodable
        }
    }

    /// The client's Accept-Encoding, cut to what we can decode.
    static func acceptable(_ asked: String?) -> String? {
        guard let asked else { return nil }
        let gzip = asked.split(separator: ",").contains { part in
            let pieces = part.split(separator: ";")
            let name = pieces.first?.filter { $0 != " " }.lowercased()
            let refused = pieces.dropFirst().contains { ["q=0", "q=0.0", "q=0.00", "q=0.000"].contains($0.filter { $0 != " " }) }
            return (name == "gzip" || name == "*") && !refused
        }
        return gzip ? "gzip" : "identity"
    }
}
