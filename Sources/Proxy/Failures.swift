import Curl
import Fediverse
import HTTPService
import HTTPTypes
import Upstream

/// The only place that knows which status code a failure of ours becomes. Upstream's own answers never come here.
enum Failures {
    static func answer(_ error: CurlError) -> ServerResponse {
        switch error {
        case .timedOut:
            sentence("the instance did not answer in time", status: 504)
        case .invalidURL, .invalidMethod, .invalidField:
            sentence("the request has a method, target or header that cannot be forwarded", status: 400)
        default:
            sentence("the instance cannot be reached", status: 502)
        }
    }

    static func answer(_ error: UpstreamError) -> ServerResponse {
        switch error {
        case .transport(let cause): answer(cause)
        case .status(401, _), .status(403, _): sentence("the instance does not accept this token", status: 401)
        case .status(429, _): sentence("the instance asks to wait", status: 429)
        case .status, .notUnderstood: sentence("the instance gave an answer that was not understood", status: 502)
        }
    }

    /// A JSON error in the manner of Mastodon's API, readable from any origin like the rest of it.
    static func sentence(_ text: String, status: Int) -> ServerResponse {
        var writer = JSONWriter()
        writer.object { $0.member("error", text) }
        return .ownJSON(writer.bytes, status: status)
    }
}
