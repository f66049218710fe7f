import HTTPService
import HTTPTypes

/// OAuth 2 as Mastodon speaks it: apps, a page to log in, codes with PKCE, tokens.
extension Routes {
    mutating func addLogin() {
        post("/api/v1/apps", .anyone) { state, call in try state.registerApp(call) }
        get("/api/v1/apps/verify_credentials") { state, call in
            guard let token = call.token, let id = state.tokens[token]?.app, let app = state.apps[id] else { throw APIFailure.unauthorized }
            return Answer(state.json(app: app))
        }
        get("/oauth/authorize") { state, call in try state.loginPage(call) }
        post("/oauth/authorize", .anyone) { state, call in try state.approve(call) }
        post("/oauth/token", .anyone) { state, call in try state.exchange(call) }
        post("/oauth/revoke", .anyone) { state, call in
            let app = try state.client(call)
            guard let token = call["token"] else { throw APIFailure.oauth("invalid_request", "A token is missing") }
            if state.tokens[token]?.app == app.clientID { state.tokens[token] = nil }
            return Answer([:])
        }
        get("/.well-known/oauth-authorization-server") { _, call in
            Answer([
                "issuer": .string(call.base + "/"), "service_documentation": "https://docs.joinmastodon.org/",
                "authorization_endpoint": .string("\(call.base)/oauth/authorize"), "token_endpoint": .string("\(call.base)/oauth/token"),
                "app_registration_endpoint": .string("\(call.base)/api/v1/apps"),
                "revocation_endpoint": .string("\(call.base)/oauth/revoke"),
                "scopes_supported": ["read", "write", "follow", "push", "profile"], "response_types_supported": ["code"],
                "response_modes_supported": ["query"], "grant_types_supported": ["authorization_code", "client_credentials"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                "code_challenge_methods_supported": ["S256"],
            ])
        }
    }
}

extension DemoState {
    static let outOfBand = "urn:ietf:wg:oauth:2.0:oob"

    mutating func registerApp(_ call: Call) throws -> Answer {
        guard let name = call["client_name"], !name.isEmpty else { throw APIFailure.invalid("Application name can't be blank") }
        let redirects = call.fields.list("redirect_uris").flatMap { $0.split(whereSeparator: \.isWhitespace).map(String.init) }
        guard !redirects.isEmpty, redirects.allSatisfy({ $0.contains(":") && !$0.contains("#") }) else {
            throw APIFailure.invalid("Redirect URI must be an absolute URI.")
        }
        let app = App(
            id: nextID(), name: name, website: call["website"], clientID: secretWord(), secret: secretWord(), redirects: redirects,
            scopes: scopes(call["scopes"]) ?? ["read"])
        apps[app.clientID] = app
        return Answer(
            json(app: app).joined([
                "client_id": .string(app.clientID), "client_secret": .string(app.secret), "client_secret_expires_at": 0,
            ]))
    }

    func json(app: App) -> JSON {
        [
            "id": JSON(id: app.id), "name": .string(app.name), "website": JSON(app.website), "scopes": .array(app.scopes.map { .string($0) }),
            "redirect_uris": .array(app.redirects.map { .string($0) }), "vapid_key": "",
            "redirect_uri": .string(app.redirects.joined(separator: "\n")),
        ]
    }

    /// The request to log in, checked; nothing is ever sent to an address that the app did not register.
    private func authorization(_ call: Call) throws -> (app: App, grant: Grant) {
        guard let app = call["client_id"].flatMap({ apps[$0] }) else {
            throw APIFailure.oauth("invalid_client", "Client authentication failed due to unknown client.", status: 401)
        }
        guard let redirect = call["redirect_uri"], app.redirects.contains(redirect) else {
            throw APIFailure.oauth("invalid_grant", "The redirect URI included is not valid.")
        }
        guard call["response_type"] == "code" else {
            throw APIFailure.oauth("unsupported_response_type", "The authorization server does not support this response type.")
        }
        let asked = scopes(call["scope"]) ?? ["read"]
        guard asked.allSatisfy({ app.allows($0) }) else {
            throw APIFailure.oauth("invalid_scope", "The requested scope is invalid, unknown, or malformed.")
        }
        let challenge = call["code_challenge"].flatMap { $0.isEmpty ? nil : $0 }
        guard challenge == nil || call["code_challenge_method"] == "S256" else {
            throw APIFailure.oauth("invalid_code_challenge_method", "The code_challenge_method must be S256.")
        }
        let grant = Grant(
            clientID: app.clientID, account: 0, redirect: redirect, scopes: asked, challenge: challenge, expiresAt: call.now + 600_000)
        return (app, grant)
    }

    func loginPage(_ call: Call) throws -> Answer {
        let (app, grant) = try authorization(call)
        let names = ["client_id", "redirect_uri", "response_type", "scope", "state", "code_challenge", "code_challenge_method"]
        let hidden = names.compactMap { name in
            call[name].map { #"<input type="hidden" name="\#(name)" value="\#(escaped($0))">"# }
        }.joined()
        let options = world.localUsernames.map { "<option>\(escaped($0))</option>" }.joined()
        let body = """
            <p>\(escaped(app.name)) asks for: \(escaped(grant.scopes.joined(separator: ", "))).</p>
            <p>Choose whom you want to be; nobody here has a password.</p>
            <form method="post" action="/oauth/authorize">\(hidden)<label>Account <select name="username">\(options)</select></label>
            <button name="decision" value="allow">Authorize</button> <button name="decision" value="deny">Deny</button></form>
            """
        return Answer(body: Array(Page.html("Log in", body).utf8), type: "text/html; charset=utf-8")
    }

    mutating func approve(_ call: Call) throws -> Answer {
        var (_, grant) = try authorization(call)
        let state = call["state"].map { "&state=" + percentEncoded($0) } ?? ""
        let joint = grant.redirect.contains("?") ? "&" : "?"
        if call["decision"] == "deny" {
            return Answer(body: [], type: "text/html; charset=utf-8", status: 302)
                .with(.location, grant.redirect + joint + "error=access_denied" + state)
        }
        guard let name = call["username"], let account = world.find(acct: name), world.people[Int(account)].isLocal else {
            throw APIFailure.oauth("invalid_request", "There is no such account here.", status: 422)
        }
        grant.account = account
        let code = secretWord()
        grants[code] = grant
        if grant.redirect == Self.outOfBand {
            let page = Page.html("Authorization code", "<p>Copy this code to the application:</p><p><code>\(code)</code></p>")
            return Answer(body: Array(page.utf8), type: "text/html; charset=utf-8")
        }
        return Answer(body: [], type: "text/html; charset=utf-8", status: 302).with(.location, grant.redirect + joint + "code=\(code)" + state)
    }

    mutating func exchange(_ call: Call) throws -> Answer {
        let app = try client(call)
        switch call["grant_type"] {
        case "client_credentials":
            let asked = scopes(call["scope"]) ?? ["read"]
            guard asked.allSatisfy({ app.allows($0) }) else {
                throw APIFailure.oauth("invalid_scope", "The requested scope is invalid, unknown, or malformed.")
            }
            return tokenAnswer(nil, app, asked, call)
        case "authorization_code":
            // A code is good for one try, whatever comes of it.
            guard let code = call["code"], let grant = grants.removeValue(forKey: code), grant.clientID == app.clientID,
                grant.redirect == call["redirect_uri"], grant.expiresAt > call.now, isProven(grant, call["code_verifier"])
            else {
                throw APIFailure.oauth(
                    "invalid_grant",
                    "The provided authorization grant is invalid, expired, revoked, or does not match the redirection URI used in the request.")
            }
            return tokenAnswer(grant.account, app, grant.scopes, call)
        default: throw APIFailure.oauth("unsupported_grant_type", "The authorization grant type is not supported by the server.")
        }
    }

    private mutating func tokenAnswer(_ account: Int32?, _ app: App, _ scopes: [String], _ call: Call) -> Answer {
        let token = issueToken(for: account, app: app.clientID, scopes: scopes, at: call.now)
        return Answer([
            "access_token": .string(token), "token_type": "Bearer", "scope": .string(scopes.joined(separator: " ")),
            "created_at": JSON(call.now / 1_000),
        ]).with(.cacheControl, "no-store")
    }

    private func isProven(_ grant: Grant, _ verifier: String?) -> Bool {
        guard let challenge = grant.challenge else { return true }
        guard let verifier else { return false }
        return Base64.urlEncoded(SHA256.digest(Array(verifier.utf8))) == challenge
    }

    /// The app that asks, by the body or by HTTP's Basic.
    func client(_ call: Call) throws -> App {
        var (id, secret) = (call["client_id"], call["client_secret"])
        if let header = call.headers[.authorization], header.hasPrefix("Basic "), let bytes = Base64.decoded(header.dropFirst(6)) {
            let pair = String(decoding: bytes, as: UTF8.self).split(separator: ":", maxSplits: 1)
            if pair.count == 2 { (id, secret) = (String(pair[0]), String(pair[1])) }
        }
        guard let app = id.flatMap({ apps[$0] }), app.secret == secret else {
            throw APIFailure.oauth("invalid_client", "Client authentication failed.", status: 401)
        }
        return app
    }

    private func scopes(_ text: String?) -> [String]? {
        guard let text else { return nil }
        let all = text.split { $0 == " " || $0 == "+" }.map(String.init)
        return all.isEmpty ? nil : all
    }

    private func percentEncoded(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "~"):
                String(UnicodeScalar(byte))
            default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }.joined()
    }
}

extension DemoState.App {
    /// Whether the app registered this scope or one that contains it.
    func allows(_ scope: String) -> Bool { DemoState.Token.covers(scopes, scope) }
}

extension DemoState.Token {
    /// `read` covers `read:statuses`; `follow` is the old word for three others.
    static func covers(_ scopes: [String], _ scope: String) -> Bool {
        if scopes.contains(scope) { return true }
        let parts = scope.split(separator: ":")
        if let first = parts.first, scopes.contains(String(first)) { return true }
        if scope == "read:accounts", scopes.contains("profile") { return true }
        return scopes.contains("follow") && parts.count == 2 && ["follows", "blocks", "mutes"].contains(parts[1])
    }
}
