import Curl
import Fediverse
import HTTPService
import HTTPTypes
import Upstream

/// The instance's own description: its address for streams becomes ours, every other byte stays.
struct InstanceDocument: Sendable {
    let passThrough: PassThrough
    private static let largest = 1 << 20

    func respond(to request: ServerRequest, publicBase: String) async -> ServerResponse {
        guard request.method == "GET" else { return await passThrough.respond(to: request, publicBase: publicBase) }
        var outgoing = passThrough.outgoing(request)
        // A few kilobytes, which need not be unpacked and packed for.
        outgoing.fields[.acceptEncoding] = "identity"
        outgoing.limits.bodyBytes = Self.largest
        do throws(CurlError) {
            let answer = try await passThrough.client.fetch(outgoing)
            var body = answer.body
            if answer.status == 200, answer.fields[.contentEncoding] == nil {
                body = Self.rewritten(body, upstream: passThrough.instance.authority, links: OwnLinks(base: publicBase))
            }
            return ServerResponse(
                status: answer.status, fields: passThrough.fields(of: answer.fields, publicBase: publicBase), body: .bytes(body))
        } catch {
            return Failures.answer(error)
        }
    }

    /// An address at another host than `upstream` stays: that instance has its streams there, and we have no way to them.
    static func rewritten(_ body: [UInt8], upstream: String, links: OwnLinks) -> [UInt8] {
        let found = body.withUnsafeBytes { bytes in
            Result { () throws(JSONError) -> Range<Int>? in
                var scanner = JSONScanner(bytes)
                return try address(&scanner)
            }
        }
        guard case .success(let range?) = found else { return body }
        let text = String(decoding: body[range], as: UTF8.self).replacing("\\/", with: "/").dropFirst().dropLast()
        guard let scheme = ["wss://", "ws://"].first(where: { text.lowercased().hasPrefix($0) }) else { return body }
        let rest = text.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }.lowercased()
        guard [authority, authority + ":443", authority + ":80"].contains(upstream.lowercased())
            || [":443", ":80"].contains(where: { authority == upstream.lowercased() + $0 })
        else { return body }
        return body[..<range.lowerBound] + Array("\"\(links.streaming)\(rest.dropFirst(authority.count))\"".utf8) + body[range.upperBound...]
    }

    /// Where the value stands: `urls.streaming_api` in the first version, `configuration.urls.streaming` in the second.
    private static func address(_ scanner: inout JSONScanner) throws(JSONError) -> Range<Int>? {
        var found: Range<Int>?
        var object = try scanner.enterObject()
        while let key = try scanner.nextKey(&object) {
            switch key {
            case "urls", "configuration": found = try address(&scanner) ?? found
            case "streaming_api", "streaming": found = try scanner.skip()
            default: try scanner.skip()
            }
        }
        return found
    }
}
