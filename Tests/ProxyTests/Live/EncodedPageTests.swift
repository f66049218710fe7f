import Curl
import DemoInstance
import Dispatch
import Fediverse
import HTTPService
import HTTPTypes
import LoopbackClient
import Privacy
import Proxy
import Recommender
import Store
import Synchronization
import TestSupport
import Testing
import Upstream
import Zlib
/// A page that the instance compressed.
struct EncodedPageTests {
    private static let home = "/api/v1/timelines/home?limit=20"

    /// Compresses home for whoever takes it, as front servers do.
    private static func compressing() -> WatchedDemo {
        WatchedDemo { request, answer in
            guard request.path == "/api/v1/timelines/home", request["Accept-Encoding"]?.contains("gzip") == true else { return }
            answer.headers += [("Content-Encoding", "gzip"), ("ETag", #"W/"1""#), ("Vary", "Accept-Encoding")]
            answer.body = gzip(answer.body)
        }
    }

    @Test func `an edited page goes out as gzip where it came as gzip`() async throws {
        let demo = Self.compressing()
        try await demo.live { live, reader in
            let reply = try await reader.send("GET", Self.home, headers: [("Accept-Encoding", "br, gzip;q=0.8")])
            #expect(reply.status == 200 && reply["Content-Encoding"] == "gzip" && reply["ETag"] == nil)
            let entries = try StatusReader.statuses(in: try gunzip(reply.body, limit: 8 << 20))
            #expect(entries.count == 20 && entries.contains { LivePage.isWrapper($0) })
            let request = try #require(demo.server.requests.last { $0.path == "/api/v1/timelines/home" })
            #expect(request["Accept-Encoding"] == "gzip", "asked for what cannot be decoded here")
        }
    }

    @Test(arguments: ["identity", "gzip;q=0", "br"])
    func `a client that takes no gzip gets none`(accepted: String) async throws {
        let demo = Self.compressing()
        try await demo.live { live, reader in
            let reply = try await reader.send("GET", Self.home, headers: [("Accept-Encoding", accepted)])
            let page = try LivePage(reply)
            #expect(reply["Content-Encoding"] == nil && !page.wrappers.isEmpty)
        }
    }

    @Test func `a compressed page that is not edited keeps its bytes`() async throws {
        let demo = Self.compressing()
        try await demo.live { live, reader in
            let headers = [("Accept-Encoding", "gzip")]
            let target = Self.home + "&inject=false"
            let (through, direct) = (try await reader.send("GET", target, headers: headers), try await reader.direct("GET", Self.home, headers: headers))
            #expect(through.body == direct.body && through["Content-Encoding"] == "gzip" && through["ETag"] == #"W/"1""#)
        }
    }

    @Test func `our own parameters are not sent on with an edited page, and stand in its links`() async throws {
        let demo = Self.compressing()
        try await demo.live { live, reader in
            let page = try LivePage(try await reader.send("GET", Self.home + "&strategy=corgi-v1"))
            #expect(!page.wrappers.isEmpty)
            #expect(demo.server.requests.allSatisfy { !$0.target.contains("strategy") })
            #expect(page.link("next")?.contains("strategy=corgi-v1") == true)
        }
    }
}
