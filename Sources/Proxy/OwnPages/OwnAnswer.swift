import HTTPService
import HTTPTypes

extension ServerResponse {
    /// An answer of ours on a path of Mastodon's API: like the instance's own, readable by clients of every origin.
    static func ownJSON(_ bytes: [UInt8], status: Int = 200, link: String? = nil) -> ServerResponse {
        var response = ServerResponse.json(bytes, status: status)
        response.fields[.accessControlAllowOrigin] = "*"
        response.fields[.accessControlExposeHeaders] = "Link, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset"
        response.fields[.link] = link
        return response
    }

    /// Upstream's answer with another JSON body: its fields stay, but for those that describe the old body.
    static func merged(_ bytes: [UInt8], fields: HTTPFields) -> ServerResponse {
        var fields = fields
        for name in [HTTPField.Name.contentEncoding, .eTag, .contentMD5] { fields[name] = nil }
        return ServerResponse(status: 200, fields: fields, body: .bytes(bytes))
    }
}

extension HTTPField.Name {
    static let contentMD5 = HTTPField.Name("Content-MD5")!
}
