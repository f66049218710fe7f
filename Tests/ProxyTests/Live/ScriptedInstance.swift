import LoopbackClient
import Proxy

/// An instance whose answers a test writes byte for byte. It knows one person: id 1 behind `a-token`.
struct ScriptedInstance: Sendable {
    let server: ScriptedServer

    /// - Parameter script: answers everything but `verify_credentials`.
    init(_ script: @escaping @Sendable (ScriptedRequest, ScriptedConnection) -> Void) {
        server = ScriptedServer { request, connection in
            guard request.path == "/api/v1/accounts/verify_credentials" else { return script(request, connection) }
            if request["Authorization"] == "Bearer a-token" {
                connection.answer(200, Self.json, Self.account)
            } else {
                connection.answer(401, Self.json, #"{"error":"The access token is invalid"}"#)
            }
        }
    }

    static let json = [("Content-Type", "application/json; charset=utf-8")]
    static let account = """
        {"id":"1","username":"me","acct":"me","display_name":"Me","uri":"https://social.example/users/me","url":"https://social.example/@me"}
        """

    /// What came but for the question who somebody is.
    var requests: [ScriptedRequest] { server.requests.filter { $0.path != "/api/v1/accounts/verify_credentials" } }

    /// The proxy before it.
    func live(_ changes: LiveWorld.Changes = LiveWorld.Changes(), _ body: @escaping @Sendable (LiveWorld) async throws -> Void) async throws {
        try await LiveWorld.withUpstream(server.authority, changes, body)
    }
}
