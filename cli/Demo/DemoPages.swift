import Curl
import Fediverse
import HTTPService
import HTTPTypes
import Mustache
import Privacy
import Store
import Synchronization
import Upstream

/// The demo's start page: home with us and without us side by side, the reasons, and all that is stored about the reader.
struct DemoPages: Sendable {
    private let installation: Installation
    private let token: String
    private let alias: AliasID
    private let proxy = Announced()
    private let template: MustacheTemplate

    init(installation: Installation, token: String, alias: AliasID) throws {
        self.installation = installation
        self.token = token
        self.alias = alias
        template = try MustacheTemplate(string: DemoPageTemplate.html)
    }

    func opened(at address: String) { proxy.address.withLock { $0 = address } }

    func answer(_ request: ServerRequest) async -> ServerResponse? {
        guard request.path == "/sheltie/" || request.path == "/sheltie", let address = proxy.address.withLock({ $0 }) else { return nil }
        do {
            return Self.page(template.render(try await contents(address)))
        } catch {
            return Self.page("<!doctype html><title>Sheltie</title><p>The demo's instance does not answer just now; load the page again.</p>", status: 502)
        }
    }

    private func contents(_ address: String) async throws -> [String: Any] {
        async let with = home(at: address)
        async let without = home(at: installation.instance.base)
        async let viewer = installation.storage.people.viewer(alias, in: installation.tenant)
        let (ours, theirs) = try await (with, without)
        let here = Set(ours.compactMap { $0["id"] as? String })
        let marked = theirs.map { entry in here.contains(entry["id"] as? String ?? "") ? entry : entry.merging(["later": true]) { $1 } }
        // After home, so that what it has just shown is told, too.
        let tables = try await installation.storage.personalData.everything(about: alias, in: installation.tenant)
        let filled = tables.filter { !$0.rows.isEmpty }
        var contents: [String: Any] = ["with": ours, "without": marked, "tables": filled.map(Self.table)]
        contents["level"] = try await viewer.level.rawValue
        contents["alias"] = String(alias.hex.prefix(12))
        contents["count"] = ours.filter { $0["reason"] != nil }.count
        contents["curl"] = "curl -H 'Authorization: Bearer \(token)' '\(address)/api/v1/timelines/home'"
        return contents
    }

    private static func table(_ table: PersonalTable) -> [String: Any] {
        let rows = table.rows.count == 1 ? "1 row" : "\(table.rows.count) rows"
        var contents: [String: Any] = ["name": table.name, "rows": rows, "columns": table.columns]
        contents["first"] = table.rows.prefix(5).map { row in ["cells": row.map { short($0 ?? "–") }] }
        if table.rows.count > 5 { contents["more"] = table.rows.count - 5 }
        return contents
    }

    private func home(at base: String) async throws -> [[String: Any]] {
        let request = CurlRequest(
            url: base + "/api/v1/timelines/home?limit=20", fields: [.authorization: "Bearer " + token, .userAgent: "Mozilla/5.0 (demo)"])
        let body = try await installation.client.fetch(request).body
        return try StatusReader.statuses(in: body).map { read in
            let status = read.status.reblog?.status ?? read.status
            var entry: [String: Any] = [
                "id": read.status.id,
                "author": status.account.displayName.isEmpty ? status.account.acct : status.account.displayName, "acct": status.account.acct,
                "text": status.spoilerText.isEmpty ? HTMLText.plain(status.content) : "CW: " + status.spoilerText,
                "when": String(status.createdAt.iso8601.dropLast(8)).split(separator: "T").joined(separator: " "),
                "counts": Self.counted(status.favourites, "favourite") + ", " + Self.counted(status.reblogs, "boost"),
            ]
            if let language = status.language { entry["language"] = language }
            if read.status.account.acct.hasPrefix("sheltie-") {
                entry["reason"] = ["name": read.status.account.displayName, "why": "/sheltie/why/" + read.status.id]
            } else if read.status.reblog != nil {
                entry["booster"] = read.status.account.displayName
            }
            return entry
        }
    }

    private static func counted(_ count: Int, _ what: String) -> String { "\(count) \(what)\(count == 1 ? "" : "s")" }

    /// A cell as it fits: codes by their first digits, times to the second, numbers to four places.
    private static func short(_ text: String) -> String {
        if text.utf8.count > 19, text.hasSuffix("Z"), text.dropFirst(10).first == "T" { return text.prefix(10) + " " + text.dropFirst(11).prefix(8) }
        if text.utf8.count == 64 { return text.prefix(12) + "…" }
        if text.utf8.count > 7, !text.contains("e"), let number = Double(text), number < 1_000 { return String(text.prefix(6)) }
        return text.count > 36 ? text.prefix(35) + "…" : text
    }

    private static func page(_ html: String, status: Int = 200) -> ServerResponse {
        ServerResponse(
            status: status,
            fields: [
                .contentType: "text/html; charset=utf-8", .cacheControl: "no-store", .xContentTypeOptions: "nosniff",
                .contentSecurityPolicy: "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
            ], body: .bytes(Array(html.utf8)))
    }

    /// Known only once the server listens.
    private final class Announced: Sendable {
        let address = Mutex<String?>(nil)
    }
}
