@testable import DemoInstance
import Fediverse
import Testing

struct LoginTests {
    private let demo = Demo()

    private func app(_ redirect: String = "https://client.example/back") async throws -> (id: String, secret: String) {
        let reply = try await demo.nobody.post("/api/v1/apps", "client_name=Test&redirect_uris=\(redirect)&scopes=read+write:favourites")
        return (reply.json["client_id"].string ?? "", reply.json["client_secret"].string ?? "")
    }

    private let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    /// RFC 7636, appendix B.
    private let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

    private func challenged() -> String { Base64.urlEncoded(SHA256.digest(Array(verifier.utf8))) }

    @Test func `SHA-256 and the code challenge agree with their standards`() {
        let empty = SHA256.digest([]).map { String($0, radix: 16) }.prefix(4).joined()
        #expect(empty == "e3b0c442")
        let million = SHA256.digest([UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000))
        #expect(million.prefix(4) == [0xcd, 0xc7, 0x6e, 0x5c])
        #expect(challenged() == challenge)
        #expect(Base64.decoded("dXNlcjpwYXNz") == Array("user:pass".utf8) && Base64.decoded("!") == nil)
    }

    @Test func `a browser logs in with PKCE and gets a token for the chosen person`() async throws {
        let app = try await app()
        let query = "client_id=\(app.id)&redirect_uri=https://client.example/back&response_type=code&scope=read&state=a%26b"
            + "&code_challenge=\(challenged())&code_challenge_method=S256"
        let page = try await demo.nobody.get("/oauth/authorize/?" + query)
        #expect(page.status == 200 && page.text.contains("<option>reader</option>") && page.text.contains(#"value="a&amp;b""#))

        let back = try await demo.nobody.post("/oauth/authorize", query + "&username=reader&decision=allow")
        let location = try #require(back.header("Location"))
        #expect(back.status == 302 && location.hasPrefix("https://client.example/back?code=") && location.hasSuffix("&state=a%26b"))
        let code = location.dropFirst("https://client.example/back?code=".count).prefix { $0 != "&" }
        let form = "grant_type=authorization_code&client_id=\(app.id)&client_secret=\(app.secret)&code=\(code)"
            + "&redirect_uri=https://client.example/back&code_verifier="

        let token = try await demo.nobody.post("/oauth/token", form + verifier)
        #expect(token.json["token_type"].string == "Bearer" && token.json["scope"].string == "read")
        let visitor = Visitor(demo: demo, token: token.json["access_token"].string)
        #expect(try await visitor.get("/api/v1/accounts/verify_credentials").json["username"].string == "reader")
        #expect(try await visitor.post("/api/v1/statuses", "status=no").status == 403)
        #expect(try await demo.nobody.post("/oauth/token", form + verifier).json["error"].string == "invalid_grant")

        let revoke = "client_id=\(app.id)&client_secret=\(app.secret)&token=\(token.json["access_token"].string ?? "")"
        #expect(try await demo.nobody.post("/oauth/revoke", revoke).status == 200)
        #expect(try await visitor.get("/api/v1/timelines/home").status == 401)
    }

    @Test(arguments: ["", "wrong"]) func `a code without its verifier is worth nothing`(verifier: String) async throws {
        let app = try await app()
        let query = "client_id=\(app.id)&redirect_uri=https://client.example/back&response_type=code&scope=read"
            + "&code_challenge=\(challenged())&code_challenge_method=S256"
        let back = try await demo.nobody.post("/oauth/authorize", query + "&username=reader&decision=allow")
        let code = try #require(back.header("Location")?.split(separator: "code=").last)
        let reply = try await demo.nobody.post(
            "/oauth/token",
            "grant_type=authorization_code&client_id=\(app.id)&client_secret=\(app.secret)&code=\(code)"
                + "&redirect_uri=https://client.example/back&code_verifier=\(verifier)")
        #expect(reply.status == 400 && reply.json["error"].string == "invalid_grant")
    }

    @Test func `a console program reads its code from the page and sends JSON`() async throws {
        let out = "urn:ietf:wg:oauth:2.0:oob"
        let app = try await app(out)
        let page = try await demo.nobody.post(
            "/oauth/authorize", "client_id=\(app.id)&redirect_uri=\(out)&response_type=code&scope=read&username=reader&decision=allow")
        let code = try #require(page.text.split(separator: "<code>").last?.prefix { $0 != "<" })
        let body = #"{"grant_type":"authorization_code","client_id":"\#(app.id)","client_secret":"\#(app.secret)","code":"\#(code)","redirect_uri":"\#(out)"}"#
        let reply = try await demo.nobody.send("POST", "/oauth/token", type: "application/json", body)
        #expect(reply.json["access_token"].string?.count == 43)
    }

    @Test(arguments: [
        "redirect_uri=https://thief.example/&response_type=code&scope=read",
        "redirect_uri=https://client.example/back&response_type=token&scope=read",
        "redirect_uri=https://client.example/back&response_type=code&scope=write",
        "redirect_uri=https://client.example/back&response_type=code&scope=read&code_challenge=x&code_challenge_method=plain",
    ])
    func `a log-in that the app did not register is refused without a redirect`(query: String) async throws {
        let app = try await app()
        for method in ["GET", "POST"] {
            let reply = try await demo.nobody.send(method, "/oauth/authorize?client_id=\(app.id)&\(query)&username=reader&decision=allow")
            #expect(reply.status == 400 && reply.header("Location") == nil)
        }
    }

    @Test func `an app's own token reads what is public and not a home`() async throws {
        let app = try await app()
        let reply = try await demo.nobody.post("/oauth/token", "grant_type=client_credentials&client_id=\(app.id)&client_secret=\(app.secret)&scope=read")
        let visitor = Visitor(demo: demo, token: reply.json["access_token"].string)
        #expect(try await visitor.get("/api/v1/timelines/public").status == 200)
        #expect(try await visitor.get("/api/v1/timelines/home").status == 422)
        #expect(try await visitor.get("/api/v1/apps/verify_credentials").json["name"].string == "Test")
        #expect(try await demo.nobody.get("/api/v1/timelines/home").json["error"].string == "The access token is invalid")
        let wrong = Visitor(demo: demo, token: "nonsense")
        #expect(try await wrong.get("/api/v1/timelines/public").status == 401)
    }

    @Test func `past the limit a token is told to wait, and others are not`() async throws {
        var settings = DemoSettings()
        settings.requestsPerWindow = 3
        let demo = Demo(settings)
        let (reader, other) = (try demo.person(), try demo.person(demo.server.usernames[1]))
        var left: [String?] = []
        for _ in 0..<3 { left.append(try await reader.get("/api/v1/timelines/home?limit=1").header("X-RateLimit-Remaining")) }
        #expect(left == ["2", "1", "0"])
        #expect(try await reader.get("/api/v1/timelines/home").status == 429)
        #expect(try await other.get("/api/v1/timelines/home?limit=1").status == 200)
        demo.pass(.minutes(5))
        #expect(try await reader.get("/api/v1/timelines/home?limit=1").status == 200)
    }
}
