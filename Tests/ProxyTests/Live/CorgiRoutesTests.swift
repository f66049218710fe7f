import DemoInstance
import Fediverse
import LoopbackClient
import Privacy
import Recommender
import Store
import TestSupport
import Testing

@testable import Proxy

/// The documented routes of Corgi, before an instance with posts.
struct CorgiRoutesTests {
    private static let json = [("Content-Type", "application/json")]

    private func act(_ reader: LiveReader, _ post: String, _ action: String) async throws -> Reply {
        let body = #"{"user_id":"someone else","post_id":"\#(post)","action_type":"\#(action)","context":{"source":"timeline","position":3,"ip":"203.0.113.1"}}"#
        return try await reader.send("POST", "/sheltie/api/v1/corgi/interactions", headers: Self.json, body: Array(body.utf8))
    }

    /// Another person of the same instance.
    private func newcomer(_ level: PrivacyLevel, _ live: LiveWorld, _ demo: DemoServer) async throws -> LiveReader {
        _ = try #require(demo.welcome(username: "newcomer", displayName: "Newcomer"))
        return try await live.reader(level, named: "newcomer", at: demo)
    }

    @Test func `an act is kept as the level keeps it, and taken back`() async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.full, at: demo)
            let posts = try await live.storage.recentPosts(limit: 3, in: live.tenant)
            #expect(try await act(reader, posts[0].postID, "favorite").text == #"{"status":"ok","kept":true}"#)
            #expect(try await act(reader, posts[1].postID, "view").text == #"{"status":"ok","kept":false}"#)
            let rows = try #require(try await live.rows(about: reader)["user_interactions"])
            #expect(rows.count == 1 && rows[0][0] == posts[0].postID && rows[0][6] == #"{"source":"timeline","position":3}"#)
            #expect(try await reader.send("GET", "/sheltie/api/v1/corgi/interactions/favourites").text.contains(posts[0].postID))
            #expect(try await reader.send("GET", "/sheltie/api/v1/corgi/interactions/\(posts[0].postID)").status == 200)
            #expect(try await reader.send("GET", "/sheltie/api/v1/corgi/interactions/\(posts[1].postID)").status == 404)
            #expect(try await act(reader, posts[0].postID, "unfavorite").text == #"{"status":"ok","kept":true}"#)
            #expect(try await live.rows(about: reader)["user_interactions"]?.isEmpty == true)
            for (post, action, status) in [(posts[0].postID, "like", 422), ("@alice@a.example", "favorite", 404), (String(repeating: "9", count: 64), "favorite", 404)] {
                #expect(try await act(reader, post, action).status == status, "\(action)")
            }
            let none = try await newcomer(.none, live, demo)
            #expect(try await act(none, posts[0].postID, "favorite").text == #"{"status":"ok","kept":false}"#)
            #expect(try await live.rows(about: none).isEmpty)
        }
    }

    @Test func `less of this holds the author back, and more of it lets them come again`() async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.limited, at: demo)
            let post = try #require(try await live.storage.recentPosts(limit: 1, in: live.tenant).first)
            for (action, count) in [("less_like_this", 1), ("less_like_this", 1), ("more_like_this", 0)] {
                #expect(try await act(reader, post.postID, action).status == 200)
                #expect(try await live.rows(about: reader)["suppressions"]?.count == count)
            }
            for (feedback, count) in [("less", 1), ("more", 0)] {
                let body = Array(#"{"post_id":"\#(post.postID)","feedback":"\#(feedback)"}"#.utf8)
                #expect(try await reader.send("POST", "/sheltie/api/v1/corgi/feedback", headers: Self.json, body: body).status == 202)
                #expect(try await live.rows(about: reader)["suppressions"]?.count == count)
            }
        }
    }

    @Test func `recommendations are those that the instance shows to the person, and are in the log`() async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.full, at: demo)
            let reply = try await reader.send("GET", "/sheltie/api/v1/corgi/recommendations?user_id=7&limit=5")
            #expect(reply.status == 200)
            let shown = reply.text.matches(of: #/"post_id":"([0-9a-f]{64})"/#).map { String($0.1) }
            #expect(!shown.isEmpty && shown.count <= 5)
            let logged = try #require(try await live.rows(about: reader)["recommendation_logs"]).compactMap { $0[1] }
            #expect(Set(logged) == Set(shown) && logged.count == shown.count)
            let timeline = try await reader.send("GET", "/sheltie/api/v1/corgi/recommendations/timelines/recommended?limit=3")
            #expect(try StatusReader.statuses(in: timeline.body).count <= 3)
            #expect(try await reader.send("GET", "/sheltie/api/v1/corgi/recommendations?limit=0").status == 422)
            let none = try await newcomer(.none, live, demo)
            #expect(try await none.send("GET", "/sheltie/api/v1/corgi/recommendations?limit=5").status == 200)
            #expect(try await live.rows(about: none).isEmpty)
        }
    }

    @Test func `what is told of a history follows the level, and nobody else's is told`() async throws {
        try await LiveWorld.withDemo { live, demo in
            let reader = try await live.reader(.full, at: demo)
            let post = try #require(try await live.storage.recentPosts(limit: 1, in: live.tenant).first)
            _ = try await act(reader, post.postID, "reblog")
            let other = try await newcomer(.full, live, demo)
            func history(_ id: String = "me") async throws -> Reply { try await reader.send("GET", "/sheltie/api/v1/corgi/interactions/user/\(id)") }
            for id in ["me", reader.viewer.alias.hex] { #expect(try await history(id).text.contains(post.postID)) }
            for id in [other.viewer.alias.hex, "1"] { #expect(try await history(id).status == 404) }
            _ = try await live.rights.setLevel(.limited, of: reader.viewer.alias)
            #expect(try await history().text == #"{"interaction_counts":{"boost":1}}"#)
            _ = try await live.rights.setLevel(.none, of: reader.viewer.alias)
            #expect(try await history().text == #"{"interactions":[],"message":"At level none nothing is kept."}"#)
            #expect(try await reader.send("GET", "/sheltie/api/v1/corgi/privacy").text == #"{"tracking_level":"none"}"#)
        }
    }
}
