import LoopbackClient
import Synchronization
import TestSupport

/// An instance that knows tokens, and forgets them when they are revoked.
final class TokenInstance: Sendable {
    let tokens = Mutex(["owner": "1", "other": "2", "third": "3"])
    let isAway = Mutex(false)
    private let held = Mutex<ScriptedServer?>(nil)

    var server: ScriptedServer {
        held.withLock { held in
            if let held { return held }
            let server = ScriptedServer { [unowned self] request, connection in
                if isAway.withLock({ $0 }) { return connection.answer(503, ScriptedInstance.json, "{}") }
                let token = request["Authorization"]?.split(separator: " ").last.map(String.init) ?? ""
                guard let id = tokens.withLock({ $0[token] }) else { return connection.answer(401, ScriptedInstance.json, #"{"error":"no"}"#) }
                let account = ScriptedInstance.account.replacing(#""id":"1""#, with: #""id":"\#(id)""#)
                connection.answer(200, ScriptedInstance.json, request.path == "/api/v1/accounts/verify_credentials" ? account : "[]")
            }
            held = server
            return server
        }
    }

    var questions: Int { server.requests.filter { $0.path == "/api/v1/accounts/verify_credentials" }.count }
}
