import Fediverse
import HTTPService
import HTTPTypes
import Privacy
import Recommender
import Upstream

/// What an author may ask of us without an account here: to be left alone, and to take that back.
///
/// They prove who they are by showing a code where only they can write: in a public status or on their profile. It is looked for at
/// the one instance of the settings, whatever the request names. Nothing is stored before the proof, and after it a keyed id.
struct AuthorRequests: Sendable {
    static let page = "/sheltie/authors"
    static let api = "/sheltie/api/v1/authors/"

    let mastodon: Mastodon
    let pseudonymizer: Pseudonymizer
    let statuses: any StatusRepository
    let tenant: TenantKey
    let limit = AskingLimit()
    let used = UsedCodes()
    let clock: @Sendable () -> Instant

    /// What came of a request.
    enum Outcome: Sendable, Equatable {
        /// The code to show, which counts until the end of the next day.
        case code(String, AuthorAction)
        /// They are left alone from now on.
        case leftAlone
        /// They may be recommended again; false where another reason stands.
        case takenBack(Bool)
        case refused(String, status: Int, retryAfter: Instant.Span? = nil)
    }

    func answers(_ path: Substring) -> Bool { path == Self.page || path.hasPrefix(Self.page + "/") || path.hasPrefix(Self.api) }

    func respond(to request: ServerRequest) async -> ServerResponse {
        let isAPI = request.path.hasPrefix(Self.api)
        guard request.method == "POST" else {
            if isAPI { return Failures.sentence("This address takes POST", status: 405) }
            guard request.method == "GET" || request.method == "HEAD" else { return Failures.sentence("This page takes GET and POST", status: 405) }
            return request.path == Self.page || request.path == Self.page + "/"
                ? OwnRoutes.page(AuthorPage.html()) : Failures.sentence("There is no such page", status: 404)
        }
        let outcome: Outcome
        switch await fields(of: request) {
        case .failure(let refusal): outcome = refusal.outcome
        case .success(let fields):
            let verb = isAPI ? String(request.path.dropFirst(Self.api.count)) : fields["do"] ?? ""
            outcome = await carryOut(verb, action: fields["action"] ?? "", account: fields["account"] ?? "")
        }
        return isAPI ? Self.json(outcome) : OwnRoutes.page(AuthorPage.html(outcome), status: outcome.status)
    }

    /// - Parameters:
    ///   - verb: `code`, `opt-out` or `opt-in`.
    ///   - action: what a code is wanted for.
    private func carryOut(_ verb: String, action: String, account: String) async -> Outcome {
        let action = verb == "code" ? AuthorAction(rawValue: action.isEmpty ? AuthorAction.optOut.rawValue : action) : AuthorAction(rawValue: verb)
        guard let action else { return .refused("There is no such request", status: 404) }
        guard let name = AuthorName(account, allowLoopback: mastodon.instance.base.hasPrefix("http://")), let acct = name.acct(at: mastodon.instance.domain)
        else { return .refused("account must be a handle, as @name@instance", status: 422) }
        let now = clock()
        if let wait = limit.take(acct, at: now) { return .refused("This was asked too often; wait a while", status: 429, retryAfter: wait) }
        do {
            guard let author = try await mastodon.account(name) else {
                return .refused("The instance here knows no such account, so nothing of it is shown here", status: 404)
            }
            let id = pseudonymizer.authorID(uri: author.uri)
            let since = action == .optIn ? try await statuses.optOut(of: id, in: tenant)?.requestedAt : nil
            let today = now.floored(to: .days(1)).microseconds / Instant.Span.days(1).microseconds
            let codes = [today, today - 1].map { pseudonymizer.authorCode(uri: author.uri, action: action, day: $0, since: since) }
            if verb == "code" { return .code(codes[0], action) }
            guard let shown = try await shown(codes, by: author) else {
                return .refused("No code for this was found in the account's profile or its 20 latest public posts", status: 403)
            }
            // Only who has proven to be the author is told: else anybody could ask, name by name, who is on the list.
            if action == .optIn, since == nil { return .refused("This account has not asked to be left alone", status: 409) }
            guard used.use(shown, until: now + .days(2), at: now) else { return .refused("This code was used; ask for another tomorrow", status: 403) }
            do {
                return try await carryOut(action, for: id, at: now)
            } catch {
                used.giveBack(shown)
                throw error
            }
        } catch let error as UpstreamError {
            return .refused("The instance does not answer what was asked of it", status: error == .notUnderstood ? 502 : 503)
        } catch {
            return .refused("This cannot be written down now; try again", status: 503)
        }
    }

    private func carryOut(_ action: AuthorAction, for author: String, at now: Instant) async throws -> Outcome {
        switch action {
        case .optOut:
            // How much went is nobody's business: it would tell what people here did.
            _ = try await statuses.optOut(authorID: author, source: .request, in: tenant, at: now)
            return .leftAlone
        case .optIn: return .takenBack(try await statuses.optIn(authorID: author, source: .request, in: tenant, at: now))
        }
    }

    /// The one of the codes that stands where only the author can write.
    private func shown(_ codes: [String], by author: Account) async throws -> String? {
        func one(in texts: [String]) -> String? {
            codes.first { code in texts.contains { $0.contains(code) || HTMLText.plain($0).contains(code) } }
        }
        if let found = one(in: [author.displayName, author.note] + author.fields) { return found }
        let theirs = try await mastodon.recentStatuses(ofAccount: author.id).filter { status in
            status.account.uri == author.uri && status.reblog == nil && (status.visibility == .public || status.visibility == .unlisted)
        }
        return one(in: theirs.map(\.content))
    }

    private struct Refusal: Error { let outcome: Outcome }

    /// Of a form or a JSON object of strings.
    private func fields(of request: ServerRequest) async -> Result<[String: String], Refusal> {
        let body: [UInt8]
        do {
            body = try await request.body.collect(upTo: 8_192)
        } catch is BodyTooLarge {
            return .failure(Refusal(outcome: .refused("The request is too long", status: 413)))
        } catch {
            return .failure(Refusal(outcome: .refused("The request broke off", status: 400)))
        }
        let type = (request.fields[.contentType] ?? "").prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
        if type == "application/x-www-form-urlencoded" {
            return .success(Dictionary(QueryString(String(decoding: body, as: UTF8.self)).pairs.map { ($0.key, $0.value) }) { $1 })
        }
        guard type == "application/json", let read = Self.members(of: body) else {
            return .failure(Refusal(outcome: .refused("The request must be a form or a JSON object with the member account", status: 400)))
        }
        return .success(read)
    }

    private static func members(of body: [UInt8]) -> [String: String]? {
        body.withUnsafeBytes { bytes in
            try? Result { () throws(JSONError) -> [String: String] in
                var scanner = JSONScanner(bytes)
                var members: [String: String] = [:]
                var object = try scanner.enterObject()
                while let key = try scanner.nextKey(&object) {
                    switch key {
                    case "account": members["account"] = try scanner.stringOrNull()
                    case "action": members["action"] = try scanner.stringOrNull()
                    default: try scanner.skip()
                    }
                }
                try scanner.finish()
                return members
            }.get()
        }
    }

    private static func json(_ outcome: Outcome) -> ServerResponse {
        var writer = JSONWriter()
        switch outcome {
        case .refused(let sentence, let status, let wait):
            var answer = Failures.sentence(sentence, status: status)
            if let wait { answer.fields[.retryAfter] = String(max(1, Int(wait.seconds))) }
            return answer
        case .code(let code, let action):
            writer.object {
                $0.member("code", code)
                $0.member("action", action.rawValue)
            }
        case .leftAlone: writer.object { $0.member("opted_out", true) }
        case .takenBack(let isFree):
            writer.object {
                $0.member("request_taken_back", true)
                $0.member("opted_out", !isFree)
            }
        }
        var answer = ServerResponse.ownJSON(writer.bytes)
        answer.fields[.cacheControl] = "no-store"
        return answer
    }
}

extension AuthorRequests.Outcome {
    var status: Int { if case .refused(_, let status, _) = self { status } else { 200 } }
}

extension HTTPField.Name {
    fileprivate static let retryAfter = HTTPField.Name("Retry-After")!
}
