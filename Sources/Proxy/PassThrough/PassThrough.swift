import Curl
import Fediverse
import HTTPService
import HTTPTypes
import Upstream

/// Every path that is not ours: sent on as it came, streamed both ways, only addressed anew.
struct PassThrough: Sendable {
    let instance: Instance
    let client: CurlClient
    let limits: CurlRequest.Limits

    /// The request for upstream, with `target` in place of the client's (the same, unless one of our own parameters was taken out).
    func outgoing(_ request: ServerRequest, target: String? = nil) -> CurlRequest {
        let fields = EndToEndFields.request(request.fields)
        let body: CurlRequest.Body =
            switch request.body.length {
            case 0: .none
            case let length: .stream(length: length) { try await request.body.next() }
            }
        return CurlRequest(
            url: instance.base + (target ?? request.target), method: request.method, fields: fields, body: body, limits: limits)
    }

    func respond(to request: ServerRequest, target: String? = nil, publicBase: String) async -> ServerResponse {
        do throws(CurlError) {
            return relay(try await client.send(outgoing(request, target: target)), publicBase: publicBase)
        } catch {
            return Failures.answer(error)
        }
    }

    /// Upstream's answer as it is: status, fields, body bytes; only `Link` names us.
    func relay(_ answer: CurlResponse, publicBase: String) -> ServerResponse {
        ServerResponse(
            status: answer.status, fields: fields(of: answer.fields, publicBase: publicBase),
            body: .stream(length: Self.length(of: answer)) { write in
                while let bytes = try await answer.body.next() { try await write(bytes) }
            })
    }

    /// Upstream's fields as the client gets them.
    func fields(of answer: HTTPFields, publicBase: String) -> HTTPFields {
        var fields = EndToEndFields.response(answer)
        if let link = fields[.link] {
            fields[.link] = PageLinks(upstream: instance.authority, links: OwnLinks(base: publicBase)).rewritten(link)
        }
        return fields
    }

    /// The body's length where upstream told it, so that the client sees the same framing.
    static func length(of answer: CurlResponse) -> Int? {
        answer.fields[.contentLength].flatMap { Int($0) }
    }
}

extension HTTPField.Name {
    static let link = HTTPField.Name("Link")!
}
