import Fediverse
import LoopbackClient
import Privacy
import Recommender
import Store
import Testing
import Upstream

/// A person with a client: what they send, through the proxy and beside it.
struct LiveReader: Sendable {
    let live: LiveWorld
    let token: String
    let viewer: Viewer
    let accountID: String

    func send(
        _ method: String = "GET", _ target: String, headers: [(String, String)] = [], body: [UInt8]? = nil, agent: String = "Mozilla/5.0"
    ) async throws -> Reply {
        try await LoopbackClient.send(method, port: live.port, target, headers: all(headers, agent), body: body)
    }

    /// The same request at the instance itself.
    func direct(
        _ method: String = "GET", _ target: String, headers: [(String, String)] = [], body: [UInt8]? = nil, agent: String = "Mozilla/5.0"
    ) async throws -> Reply {
        let port = try #require(Int(live.instance.authority.split(separator: ":")[1]))
        return try await LoopbackClient.send(method, port: port, target, headers: all(headers, agent), body: body)
    }

    func form(_ method: String = "POST", _ target: String, _ form: String = "") async throws -> Reply {
        try await send(method, target, headers: [("Content-Type", "application/x-www-form-urlencoded")], body: Array(form.utf8))
    }

    func home(_ query: String = "limit=20") async throws -> LivePage { try LivePage(try await send("GET", "/api/v1/timelines/home?" + query)) }

    func history() async throws -> ReaderHistory { try await live.storage.recommender.history(of: viewer, at: live.clock.now) }

    private func all(_ headers: [(String, String)], _ agent: String) -> [(String, String)] {
        [("Authorization", "Bearer " + token), ("User-Agent", agent)] + headers
    }
}

/// A page of statuses as a client has it.
struct LivePage: Sendable {
    let reply: Reply
    let entries: [ReadStatus]

    init(_ reply: Reply) throws {
        try #require(reply.status == 200, "the page was answered \(reply.status): \(reply.text.prefix(200))")
        self.reply = reply
        entries = try StatusReader.statuses(in: reply.body)
    }

    var ids: [String] { entries.map(\.status.id) }
    var wrappers: [ReadStatus] { entries.filter { Self.isWrapper($0) } }
    var own: [ReadStatus] { entries.filter { !Self.isWrapper($0) } }

    func bytes(of entry: ReadStatus) -> [UInt8] { Array(reply.body[entry.range]) }

    static func isWrapper(_ entry: ReadStatus) -> Bool { entry.status.account.acct.hasPrefix("sheltie-") }

    /// Path and query of a relation in the Link header.
    func link(_ relation: String) -> String? {
        guard let url = reply["Link"].flatMap({ LinkHeader(parsing: $0).url(rel: relation) }), let scheme = url.firstRange(of: "://"),
            let slash = url[scheme.upperBound...].firstIndex(of: "/")
        else { return nil }
        return String(url[slash...])
    }
}
