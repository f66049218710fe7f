import DemoInstance
import Fediverse
import LoopbackClient
import Privacy

/// A person with a client that talks to one port.
struct Visitor: Sendable {
    let accountID: String
    let token: String
    let username: String
    let displayName: String
    var port: Int
    /// Long and unlike anything else, so that it is found wherever it went.
    static let agent = "Mozilla/5.0 (Zwickelpinguin 8.41; Quastenbrett)"
    static let address = "203.0.113.177"

    init(_ username: String, named displayName: String, at upstream: Upstream) throws {
        guard let welcomed = upstream.server.welcome(username: username, displayName: displayName) else {
            throw Program.Failure(description: "the name \(username) is taken")
        }
        (accountID, token) = welcomed
        self.username = username
        self.displayName = displayName
        port = upstream.port
    }

    func at(_ port: Int) -> Visitor {
        var other = self
        other.port = port
        return other
    }

    func alias(at place: Place) throws -> String {
        try place.pseudonymizer().alias(domain: place.domain, accountID: accountID).hex
    }

    /// - Parameter form: sent as a form where there is one.
    func send(_ method: String = "GET", _ target: String, form: String? = nil, token other: String? = nil) async throws -> Reply {
        var headers = [
            ("Authorization", "Bearer \(other ?? token)"), ("User-Agent", Self.agent), ("X-Forwarded-For", Self.address), ("Accept", "*/*"),
        ]
        if form != nil { headers.append(("Content-Type", "application/x-www-form-urlencoded")) }
        let body = form.map { Array($0.utf8) } ?? (method == "POST" || method == "PATCH" ? [] : nil)
        return try await LoopbackClient.send(method, port: port, target, headers: headers, body: body)
    }

    /// Sends and wants a yes.
    @discardableResult
    func accepted(_ method: String = "GET", _ target: String, form: String? = nil) async throws -> Reply {
        let reply = try await send(method, target, form: form)
        guard (200...299).contains(reply.status) else {
            throw Program.Failure(description: "\(method) \(target) was answered \(reply.status): \(reply.text.prefix(200))")
        }
        return reply
    }

    func statuses(_ target: String) async throws -> [Status] {
        try StatusReader.statuses(in: try await accepted("GET", target).body).map(\.status)
    }

    /// Follows the authors of what is newest, so that home has something in it.
    func settle(following count: Int = 25) async throws {
        var followed: Set<String> = []
        for status in try await statuses("/api/v1/timelines/public?limit=40") where followed.count < count {
            guard status.account.id != accountID, followed.insert(status.account.id).inserted else { continue }
            try await accepted("POST", "/api/v1/accounts/\(status.account.id)/follow")
        }
    }

    /// Public statuses by others, newest first.
    func publicStatuses(pages: Int) async throws -> [Status] {
        var found: [Status] = []
        var before = ""
        for _ in 0..<pages {
            let page = try await statuses("/api/v1/timelines/public?limit=40" + before)
            guard let last = page.last else { break }
            found += page.filter { $0.visibility == .public && $0.reblog == nil && $0.account.id != accountID }
            before = "&max_id=\(last.id)"
        }
        return found
    }
}

/// Whether an entry of home is one of ours: its author is no account of any instance.
extension Status {
    var isRecommendation: Bool { account.acct.hasPrefix("sheltie-") }
}
