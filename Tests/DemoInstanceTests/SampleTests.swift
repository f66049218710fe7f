import DemoInstance
import Fediverse
import FoundationEssentials
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// Recorded answers of a Mastodon 4.6 server, in the folder that this variable names.
private let samples = getenv("SHELTIE_SAMPLES").map { String(cString: $0) }

/// Where the demo and a real server differ, the real server decides.
@Suite(.enabled(if: samples != nil, "SHELTIE_SAMPLES names no folder of recorded answers"))
struct SampleTests {
    private let demo = Demo()

    /// The body of the first recorded exchange whose request begins so.
    private func sample(_ file: String, _ request: String) throws -> Value {
        let path = "\(samples ?? "")/mastodon-4.6-cassettes-mit/\(file).json"
        let exchanges = try Value(Array(try Data(contentsOf: URL(filePath: path)))).all
        let found = exchanges.first { exchange in
            exchange["request"].string?.hasPrefix(request) == true && exchange["status"].number == 200
                && exchange["body"] != .array([]) && exchange["body"] != .object([:])
        }
        return try #require(found)["body"]
    }

    /// Members and kinds that one has and the other has not; a null fits every kind.
    private func differences(_ ours: Value, _ theirs: Value, _ path: String, deep: Bool) -> [String] {
        if ours == .null || theirs == .null { return [] }
        guard ours.kind == theirs.kind else { return ["\(path): \(ours.kind), not \(theirs.kind)"] }
        if case .array(let values) = ours, let first = values.first, let other = theirs.all.first, deep {
            return differences(first, other, path + "[]", deep: deep)
        }
        var found: [String] = []
        for name in Set(ours.members.keys).union(theirs.members.keys) {
            switch (ours.members[name], theirs.members[name]) {
            case (let mine?, let other?): found += differences(mine, other, "\(path).\(name)", deep: deep)
            case (nil, _): found.append("\(path).\(name) is missing")
            case (_, nil): found.append("\(path).\(name) is ours only")
            }
        }
        return found.sorted()
    }

    @Test func `a status, its account and its tags are as recorded`() async throws {
        let theirs = try sample("test_status_post_with_quote", "POST /api/v1/statuses")
        let ours = try await demo.person().post("/api/v1/statuses", "status=hello+%23moss").json
        #expect(differences(ours, theirs, "status", deep: true).filter { $0 != "status.application" } == [])
    }

    @Test func `a boost is as recorded`() async throws {
        let theirs = try sample("test_follow_with_notify_reblog", "POST /api/v1/statuses/117020569685834492/reblog")
        let reader = try demo.person()
        let id = try await reader.post("/api/v1/statuses", "status=hello").json["id"].string ?? ""
        let ours = try await reader.post("/api/v1/statuses/\(id)/reblog").json
        let known = ["status.pinned is ours only", "status.reblog.pinned is ours only"]
        #expect(differences(ours, theirs, "status", deep: true).filter { !known.contains($0) } == [])
    }

    @Test(arguments: [
        ("test_account", "GET /api/v1/accounts/verify_credentials", "/api/v1/accounts/verify_credentials"),
        ("test_instance", "GET /api/v2/instance", "/api/v2/instance"), ("test_instance_v1", "GET /api/v1/instance", "/api/v1/instance"),
        ("test_preferences", "GET /api/v1/preferences", "/api/v1/preferences"),
    ])
    func `what a client asks first is as recorded`(file: String, request: String, target: String) async throws {
        let theirs = try sample(file, request)
        let ours = try await demo.person().get(target).json
        #expect(differences(ours, theirs, "", deep: true) == [])
    }

    @Test func `relationship, filter, list, marker, notification and media are as recorded`() async throws {
        let reader = try demo.person()
        let other = try await reader.get("/api/v1/accounts/lookup?acct=\(demo.server.usernames[1])").json["id"].string ?? ""
        let filter = #"{"title":"t","context":["home"],"keywords_attributes":[{"keyword":"spam","whole_word":true}]}"#
        let upload = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\nContent-Type: image/png\r\n\r\nx\r\n--b--\r\n"
        let pairs: [(String, Value, Value)] = [
            (
                "relationship", try await reader.get("/api/v1/accounts/relationships?id[]=\(other)").json,
                try sample("test_account_relationships", "GET /api/v1/accounts/relationships")
            ),
            (
                "filter", try await reader.send("POST", "/api/v2/filters", type: "application/json", filter).json,
                try sample("test_v2_filters_keywords", "POST /api/v2/filters")
            ),
            ("list", try await reader.post("/api/v1/lists", "title=t").json, try sample("test_list_update", "POST /api/v1/lists")),
            (
                "marker", try await reader.post("/api/v1/markers", "home[last_read_id]=12").json,
                try sample("test_markers", "POST /api/v1/markers")
            ),
            (
                "notification", try await reader.get("/api/v1/notifications?types[]=reblog&limit=1").json,
                try sample("test_notifications", "GET /api/v1/notifications")
            ),
            (
                "media", try await reader.send("POST", "/api/v2/media", type: "multipart/form-data; boundary=b", upload).json,
                try sample("test_media_post_file", "POST /api/v2/media")
            ),
        ]
        for (name, ours, theirs) in pairs {
            // Which status a notification shows, and whose, differs; the status has a test of its own.
            let found = differences(ours, theirs, name, deep: true).filter { !$0.hasPrefix("notification[].status") }
            #expect(found == [])
        }
    }
}
