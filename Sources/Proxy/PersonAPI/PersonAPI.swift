import Fediverse
import HTTPService
import HTTPTypes
import Privacy

/// What people ask and do about themselves over HTTP, with their own token. Whose it is, the instance is asked with every request: a token that
/// was revoked a moment ago reads, changes and erases nothing.
struct PersonAPI: Sendable {
    let rights: PersonRights
    let signedIn: SignedIn
    /// Requests of a person in 5 minutes, beside what their client asks: each costs one question to the instance.
    let budget: Budget
    /// What authors may ask, who need no account here.
    let authors: AuthorRequests?
    let interactions: CorgiInteractions
    let recommendations: CorgiRecommendations
    private let table: RouteTable<PersonRoute>

    static let requestsPerWindow = 120
    private static let largestBody = 64 * 1024

    init(
        rights: PersonRights, signedIn: SignedIn, authors: AuthorRequests?, interactions: CorgiInteractions, recommendations: CorgiRecommendations
    ) {
        self.rights = rights
        self.signedIn = signedIn
        self.authors = authors
        self.interactions = interactions
        self.recommendations = recommendations
        budget = Budget(requestsPerWindow: Self.requestsPerWindow)
        var table = RouteTable<PersonRoute>()
        for route in PersonSurface.routes { table.add(route.method, PersonSurface.prefix + route.template, route) }
        self.table = table
    }

    static func isAsked(_ request: ServerRequest) -> Bool { request.path == "/sheltie/api" || request.path.hasPrefix("/sheltie/api/") }

    func respond(to request: ServerRequest) async -> ServerResponse {
        if let query = request.query, QueryString(String(query)).value(of: "access_token") != nil {
            return .refusal(400, "a token in an address ends up in logs; send it in the Authorization header")
        }
        guard let match = table.match(request.method, request.path) else {
            let methods = table.methods(of: request.path)
            if methods.isEmpty { return .refusal(404, "there is no such address") }
            var answer = ServerResponse.refusal(405, "this address takes \(methods.joined(separator: ", "))")
            answer.fields[.allow] = methods.joined(separator: ", ")
            return answer
        }
        do {
            var call = PersonCall(api: self, request: request, parameters: match.parameters.mapValues { QueryString.decodedPath($0) })
            if match.handler.isPersonal {
                switch await signedIn.verified(authorization: request.fields[.authorization], within: budget) {
                case .person(let person): call.signedIn = person
                case .refused: return .unauthorized
                case .tooMany: return .refusal(429, "this is asked too often; try again in 5 minutes")
                case .unreachable: return .refusal(503, "the instance cannot be asked whose token this is; try again later")
                }
            }
            if match.handler.isPersonal, ["POST", "PUT"].contains(request.method) {
                let limit = match.handler.takesDocument ? BroughtPreferences.mostBytes : Self.largestBody
                let body = try await request.body.collect(upTo: limit)
                if match.handler.takesDocument { call.document = body } else { call.body = try FlatJSON(body) }
            }
            return try await match.handler.handler(call)
        } catch {
            return Self.refusal(error)
        }
    }

    /// No text of an error that was not made for everybody goes out.
    private static func refusal(_ error: any Error) -> ServerResponse {
        switch error {
        case let refused as PersonRefusal: .refusal(refused.status, refused.sentence)
        case RightsError.nothingIsKept: .refusal(409, "at level NONE nothing is kept, settings neither; choose a level first")
        case RightsError.changedMeanwhile: .refusal(409, "\(RightsError.changedMeanwhile)")
        case let error as RightsError: .refusal(422, "\(error)")
        case BroughtError.tooLarge, is BodyTooLarge: .refusal(413, "the body is too large")
        case let error as BroughtError: .refusal(422, "\(error)")
        default: .refusal(503, "this cannot be done just now; try again")
        }
    }
}

/// Why a request is not carried out, in words for its sender.
struct PersonRefusal: Error {
    let status: Int
    let sentence: String

    init(_ status: Int, _ sentence: String) {
        self.status = status
        self.sentence = sentence
    }

    /// The same for what was never there, for another's, and at NONE.
    static let notFound = PersonRefusal(404, "there is nothing of this kind")
}

/// A request that found its route.
struct PersonCall: Sendable {
    let api: PersonAPI
    let request: ServerRequest
    let parameters: [String: String]
    var signedIn: SignedIn.Person?
    var body = FlatJSON()
    var document: [UInt8] = []

    /// Whoever the token belongs to, as the instance has just said.
    var person: SignedIn.Person {
        get throws {
            guard let signedIn else { throw PersonRefusal(401, "a token is needed") }
            return signedIn
        }
    }

    var alias: AliasID { get throws { try person.viewer.alias } }

    func parameter(_ name: String) -> String { parameters[name] ?? "" }

    func query(_ name: String) -> String? { request.query.flatMap { QueryString(String($0)).value(of: name) } }

    /// - Returns: the query's `limit`, or the usual one.
    func limit(_ usual: Int, most: Int) throws -> Int {
        guard let text = query("limit") else { return usual }
        guard let number = Int(text), (1...most).contains(number) else { throw PersonRefusal(422, "limit must be a number from 1 to \(most)") }
        return number
    }

    func text(_ name: String) throws -> String {
        guard case .string(let text) = body[name] else { throw PersonRefusal(422, "the body must be a JSON object with \"\(name)\", a string") }
        return text
    }

    func optionalText(_ name: String) throws -> String? { body[name] == nil || body[name] == .null ? nil : try text(name) }

    /// A person at a level above NONE has a row from here on, also where the operator's default made the level.
    func arrived() async throws -> Viewer { try await api.signedIn.arrived(person) }

    /// What was removed, by table; nothing is a 404 that does not tell why.
    func removed(_ removed: [String: Int]) async throws -> ServerResponse {
        if removed.isEmpty { throw PersonRefusal.notFound }
        // Where another process still reads the old bytes, the service's own scrub takes them out within a minute of its end.
        let scrubbed = await api.rights.scrubbed()
        return .personal { $0.object { $0.member("removed") { $0.counts(removed) }; $0.members(scrubbed) } }
    }
}

extension JSONWriter {
    mutating func members(_ scrubbed: PersonRights.Scrubbed) {
        member("scrubbed", scrubbed.isDone)
        if let date = scrubbed.bytesLeaveBy { member("bytes_leave_by", date.iso8601) }
    }

    mutating func counts(_ counts: [String: Int]) { object { for name in counts.keys.sorted() { $0.member(name, counts[name] ?? 0) } } }
}

extension ServerResponse {
    /// An answer of the person API: kept by nobody on the way, and for no page of another origin.
    static func personal(_ bytes: [UInt8], type: String = "application/json; charset=utf-8", status: Int = 200) -> ServerResponse {
        ServerResponse(
            status: status,
            fields: [
                .contentType: type, .cacheControl: "no-store", .xContentTypeOptions: "nosniff", .referrerPolicy: "no-referrer",
                .contentSecurityPolicy: "default-src 'none'; frame-ancestors 'none'",
            ], body: .bytes(bytes))
    }

    static func personal(status: Int = 200, _ write: (inout JSONWriter) throws -> Void) rethrows -> ServerResponse {
        var writer = JSONWriter()
        try write(&writer)
        return .personal(writer.bytes, status: status)
    }

    static func refusal(_ status: Int, _ sentence: String) -> ServerResponse {
        .personal(status: status) { $0.object { $0.member("error", sentence) } }
    }

    static var unauthorized: ServerResponse {
        var answer = refusal(401, "the instance does not accept this token")
        answer.fields[.wwwAuthenticate] = "Bearer"
        return answer
    }

    func named(_ file: String) -> ServerResponse {
        var answer = self
        answer.fields[.contentDisposition] = "attachment; filename=\"\(file)\""
        return answer
    }
}
