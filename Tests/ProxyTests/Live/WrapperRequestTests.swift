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
/// A wrapper's id, wherever a client sends it (clients.md, rule 9), answered by the real instance behind.
struct WrapperRequestTests {
    private struct Shown {
        let live: LiveWorld
        let reader: LiveReader
        let page: LivePage
        let wrapper: String
        let inner: Status

        /// The entries beside the wrapper when it was shown.
        var above: String { page.ids[page.ids.firstIndex(of: wrapper)! - 1] }
    }

    private static func shown(_ body: @escaping @Sendable (Shown) async throws -> Void) async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.full, at: demo)
            let page = try await reader.home()
            let wrapper = try #require(page.wrappers.first).status
            try await body(
                Shown(live: live, reader: reader, page: page, wrapper: wrapper.id, inner: try #require(wrapper.reblog?.status)))
        }
    }

    @Test(arguments: ["context", "favourited_by", "reblogged_by", "history"])
    func `what is asked about a wrapper is answered about the status inside`(what: String) async throws {
        try await Self.shown { shown in
            let through = try await shown.reader.send("GET", "/api/v1/statuses/\(shown.wrapper)/\(what)")
            let direct = try await shown.reader.direct("GET", "/api/v1/statuses/\(shown.inner.id)/\(what)")
            #expect(through.status == 200 && through.body == direct.body)
        }
    }

    @Test func `a favourite of a wrapper is one of the status inside, with the reason beside it`() async throws {
        try await Self.shown { shown in
            let reply = try await shown.reader.form("POST", "/api/v1/statuses/\(shown.wrapper)/favourite")
            #expect(reply.status == 200)
            #expect(try StatusReader.status(in: reply.body).id == shown.inner.id)
            let rows = try await shown.live.rows(about: shown.reader)["user_interactions"] ?? []
            #expect(rows.count == 1)
            #expect(rows[0].contains(Pseudonymizer.postID(host: shown.live.instance.domain, uri: shown.inner.uri)))
            #expect(rows[0].contains { $0?.contains("recommendation") == true })
            let undone = try await shown.reader.form("POST", "/api/v1/statuses/\(shown.wrapper)/unfavourite")
            #expect(undone.status == 200)
            #expect(try await shown.live.rows(about: shown.reader)["user_interactions"]?.isEmpty ?? true)
        }
    }

    @Test(arguments: ["form", "JSON", "multipart"])
    func `a reply to a wrapper answers the status inside`(encoding: String) async throws {
        try await Self.shown { shown in
            let (type, body) = switch encoding {
            case "form": ("application/x-www-form-urlencoded", "status=Hm&in_reply_to_id=\(shown.wrapper)")
            case "JSON": ("application/json", #"{"status":"Hm","in_reply_to_id":"\#(shown.wrapper)"}"#)
            default:
                (
                    "multipart/form-data; boundary=b",
                    ["status": "Hm", "in_reply_to_id": shown.wrapper].map {
                        "--b\r\nContent-Disposition: form-data; name=\"\($0)\"\r\n\r\n\($1)\r\n"
                    }.joined() + "--b--\r\n"
                )
            }
            let reply = try await shown.reader.send("POST", "/api/v1/statuses", headers: [("Content-Type", type)], body: Array(body.utf8))
            #expect(reply.status == 200, "\(reply.text.prefix(200))")
            #expect(try StatusReader.status(in: reply.body).inReplyToID == shown.inner.id)
        }
    }

    @Test func `a list of statuses has wrappers and others in the order of the question`() async throws {
        try await Self.shown { shown in
            let own = shown.page.own[0].status.id
            let target = "/api/v1/statuses?id[]=\(shown.wrapper)&id[]=\(own)&id[]=1"
            let page = try LivePage(try await shown.reader.send("GET", target))
            #expect(page.ids == [shown.wrapper, own])
        }
    }

    @Test(arguments: ["form", "JSON"])
    func `a reading position at a wrapper is kept at the status above it`(encoding: String) async throws {
        try await Self.shown { shown in
            let (type, body) = encoding == "form"
                ? ("application/x-www-form-urlencoded", "home[last_read_id]=\(shown.wrapper)")
                : ("application/json", #"{"home":{"last_read_id":"\#(shown.wrapper)"}}"#)
            let reply = try await shown.reader.send("POST", "/api/v1/markers", headers: [("Content-Type", type)], body: Array(body.utf8))
            #expect(reply.status == 200)
            let stored = try await shown.reader.direct("GET", "/api/v1/markers?timeline[]=home")
            #expect(stored.text.contains(#""last_read_id":"\#(shown.above)""#), "\(stored.text)")
        }
    }

    @Test(arguments: ["PUT", "DELETE"])
    func `a wrapper cannot be edited or deleted`(method: String) async throws {
        try await Self.shown { shown in
            let reply = try await shown.reader.form(method, "/api/v1/statuses/\(shown.wrapper)", "status=x")
            #expect(reply.status == 404 && reply.text.contains("Record not found"))
        }
    }

    @Test func `a wrapper whose status is gone at the instance is gone`() async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.full, at: demo)
            let page = try await reader.home()
            let wrapper = try #require(page.wrappers.first).status
            demo.faults.set("/api/v1/statuses/:id") { $0.status = 404 }
            let reply = try await reader.send("GET", "/api/v1/statuses/\(wrapper.id)")
            #expect(reply.status == 404 && reply.text.hasPrefix(#"{"error":"#))
        }
    }

    @Test func `another person's wrapper is nobody else's`() async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.full, at: demo)
            let wrapper = try #require(try await reader.home().wrappers.first).status.id
            let other = try await live.reader(.full, named: demo.usernames[1], at: demo)
            #expect(try await other.send("GET", "/api/v1/statuses/\(wrapper)").status == 404)
            #expect(try await other.form("POST", "/api/v1/statuses/\(wrapper)/favourite").status == 404)
        }
    }
}
