import LoopbackClient
import TestSupport
import Testing

@testable import Proxy

/// Page, document and routes come from one table.
struct PersonSurfaceTests {
    @Test func `the page has the table that routes`() {
        let page = String(decoding: bytes(of: top + "/docs/http.md"), as: UTF8.self)
        #expect(page.contains(PersonSurface.markdown), "\(PersonSurface.markdown)")
    }

    @Test func `the OpenAPI document has every route with its parameters, and no other`() async throws {
        let folder = try temporaryFolder()
        defer { removeTree(folder) }
        let instance = TokenInstance()
        try await LiveWorld.withUpstream(instance.server.authority) { live in
            let reply = try await send("GET", port: live.port, "/sheltie/api/v1/openapi.json")
            #expect(reply.status == 200)
            try write(reply.body, to: folder + "/openapi.json")
        }
        let listed = PersonSurface.all.map { route in
            let path = route.template.replacing(PersonSurface.prefix, with: "").split(separator: "/").map { $0.first == ":" ? "/{\($0.dropFirst())}" : "/" + $0 }.joined()
            return "\(route.method) \(path) \(route.isPersonal)\n"
        }.sorted().joined()
        try runToEnd(["sh", "-c", "python3 '\(top)/Tests/Reference/openapi.py' '\(folder)/openapi.json' | LC_ALL=C sort > '\(folder)/out'"])
        #expect(String(decoding: bytes(of: folder + "/out"), as: UTF8.self) == listed)
    }

    private let top = #filePath.split(separator: "/").dropLast(4).reduce("") { $0 + "/" + $1 }
}
