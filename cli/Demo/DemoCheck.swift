import Curl
import Fediverse
import HTTPTypes
import Privacy
import Store
import Upstream

/// The demo gone through once as a client would: a page with recommendations, one act on one of them, the report that tells of both.
struct DemoCheck {
    let visit: DemoVisit

    func run() async throws {
        let page = try await get("/api/v1/timelines/home?limit=40")
        let direct = try await get("/api/v1/timelines/home?limit=40", base: visit.installation.instance.base)
        let entries = try StatusReader.statuses(in: page)
        let shown = entries.filter { $0.status.account.acct.hasPrefix("sheltie-") }
        let upstream = try StatusReader.statuses(in: direct).count
        guard !shown.isEmpty else { throw Failure("home came without a recommendation", .software) }
        guard entries.count == upstream else { throw Failure("a page of \(upstream) came back with \(entries.count)", .software) }
        print("home: \(entries.count) posts, \(shown.count) of them recommended, each by \(shown[0].status.account.displayName.prefix(7)) with its reason")

        guard let recommended = shown[0].status.reblog?.status else { throw Failure("a recommendation wraps no post", .software) }
        _ = try await send("POST", "/api/v1/statuses/\(shown[0].status.id)/favourite")
        let report = try await visit.installation.rights.report(about: visit.alias)
        guard report.text.contains("recommendation_logs"), report.text.contains("user_interactions") else {
            throw Failure("the report does not tell what was shown and done", .software)
        }
        let kept = try await visit.installation.storage.personalData.everything(about: visit.alias, in: visit.installation.tenant)
        func rows(_ table: String) -> Int { kept.first { $0.name == table }?.rows.count ?? 0 }
        guard rows("recommendation_logs") == shown.count else {
            throw Failure("\(shown.count) recommendations were shown, \(rows("recommendation_logs")) are logged", .software)
        }
        let wanted = Pseudonymizer.postID(host: visit.installation.instance.domain, uri: recommended.uri)
        guard kept.first(where: { $0.name == "user_interactions" })?.rows.contains(where: { $0.contains(wanted) }) == true else {
            throw Failure("the favourite was not kept", .software)
        }
        print("favourite: kept; report: \(rows("user_interactions")) acts, \(rows("author_preferences")) authors, \(rows("recommendation_logs")) recommendations")
        guard String(decoding: try await get("/sheltie/"), as: UTF8.self).contains("What is stored about this reader") else {
            throw Failure("the demo's page is not there", .software)
        }
        print("page: \(visit.proxy)/sheltie/")
        print("READY \(visit.proxy)")
        print("4 passed, 0 failed")
    }

    private func get(_ path: String, base: String? = nil) async throws -> [UInt8] { try await send("GET", path, base: base) }

    private func send(_ method: String, _ path: String, base: String? = nil) async throws -> [UInt8] {
        let request = CurlRequest(
            url: (base ?? visit.proxy) + path, method: method,
            fields: [.authorization: "Bearer " + visit.token, .userAgent: "sheltie-demo"])
        let answer = try await visit.installation.client.fetch(request)
        guard answer.status == 200 else { throw Failure("\(method) \(path.prefix { $0 != "?" }) was answered \(answer.status)", .software) }
        return answer.body
    }
}
