import Fediverse
import HTTPService
import HTTPTypes
import Upstream

/// Signing in and out: the pages with passwords are the instance's own, and a token that is revoked through us is forgotten.
struct Sessions: Sendable {
    let instance: Instance
    let passThrough: PassThrough
    let tokens: TokenCache
    let streams: OpenStreams

    /// A redirect to the instance's own page, path and query byte for byte: no password ever comes through here.
    func authorize(_ request: ServerRequest) -> ServerResponse {
        guard request.method == "GET" || request.method == "HEAD" else {
            return Failures.sentence("Passwords go to the instance itself; open its page in a browser", status: 405)
        }
        let isForm = request.path == "/oauth/authorize" || request.path == "/oauth/authorize/"
        // Clients also send a slash before the question mark, which some instances do not take.
        let path = isForm ? "/oauth/authorize" : String(request.path)
        return ServerResponse(
            status: 302, fields: [.location: instance.base + path + (request.query.map { "?" + $0 } ?? ""), .cacheControl: "no-store"])
    }

    func revoke(_ request: ServerRequest, publicBase: String) async -> ServerResponse {
        guard let body = try? await request.body.collect(upTo: 64 * 1024) else {
            return Failures.sentence("The request is too large", status: 413)
        }
        let asked = ClientRequest(
            method: request.method, path: String(request.path), query: request.query.map(String.init), contentType: request.fields[.contentType],
            body: body)
        let named = RequestFields.all(of: asked).filter { $0.path == ["token"] }.map { tokens.digest(of: $0.value) }
        for token in named { tokens.forget(token) }
        let answer = await passThrough.respond(to: request.with(body: .of(body)), publicBase: publicBase)
        if (200...299).contains(answer.status) { for token in named { streams.cut(token) } }
        return answer
    }
}
