import Fediverse
import HTTPService
import HTTPTypes

/// What lives under `/sheltie/`, where no path of an instance is shadowed.
struct OwnRoutes: Sendable {
    let authors: AuthorRequests?
    let trouble: @Sendable () async -> String?
    let pages: @Sendable (ServerRequest) async -> ServerResponse?

    func respond(to request: ServerRequest) async -> ServerResponse {
        if let authors, authors.answers(request.path) { return await authors.respond(to: request) }
        guard request.method == "GET" || request.method == "HEAD" else {
            return await pages(request) ?? Failures.sentence("This page can only be read", status: 405)
        }
        switch request.path {
        case "/sheltie/health/live": return Self.health(trouble: nil)
        case "/sheltie/health/ready": return Self.health(trouble: await trouble())
        case "/sheltie/avatar.png": return Self.image(OwnImages.avatar)
        case "/sheltie/header.png": return Self.image(OwnImages.header)
        default: break
        }
        if let page = await pages(request) { return page }
        if request.path.hasPrefix("/sheltie/why/") || request.path.hasPrefix("/sheltie/reasons/") { return Self.page(WhyPage.html) }
        return Failures.sentence("There is no such page", status: 404)
    }

    /// A page of ours: no script, no other host, never kept by anybody.
    static func page(_ html: String, status: Int = 200) -> ServerResponse {
        ServerResponse(
            status: status,
            fields: [
                .contentType: "text/html; charset=utf-8", .cacheControl: "no-store", .contentSecurityPolicy: pagePolicy,
                .xContentTypeOptions: "nosniff", .referrerPolicy: "no-referrer",
            ], body: .bytes(Array(html.utf8)))
    }

    static let pagePolicy =
        "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

    private static func health(trouble: String?) -> ServerResponse {
        if let trouble { return Failures.sentence(trouble, status: 503) }
        var json = JSONWriter()
        json.object { $0.member("status", "ok") }
        return .json(json.bytes, status: 200)
    }

    private static func image(_ bytes: [UInt8]) -> ServerResponse {
        ServerResponse(
            status: 200, fields: [.contentType: "image/png", .cacheControl: "public, max-age=86400", .accessControlAllowOrigin: "*"],
            body: .bytes(bytes))
    }
}

extension HTTPField.Name {
    static let referrerPolicy = HTTPField.Name("Referrer-Policy")!
}
