import Fediverse
import Privacy
import Recommender
import TestSupport
import Testing

@testable import Proxy

struct WrapperIDsTests {
    private let placement = Placement(
        shownAs: "199", above: "200", below: "100", post: PostKey(1), localID: "77", reason: "fresh", at: Instant(seconds: 1))

    private func answer(_ request: ClientRequest) -> WrapperIDs.Answer {
        let ids = WrapperIDs.candidateIDs(in: request)
        return WrapperIDs.answer(request, with: ids.contains("199") ? ["199": placement] : [:])
    }

    private func forwarded(_ request: ClientRequest) -> ClientRequest? {
        if case .forward(let request) = answer(request) { request } else { nil }
    }

    @Test(arguments: [
        ("GET", "context"), ("GET", "favourited_by"), ("GET", "reblogged_by"), ("GET", "history"), ("GET", "source"), ("GET", "card"),
        ("GET", "quotes"), ("POST", "translate"), ("POST", "favourite"), ("POST", "unfavourite"), ("POST", "reblog"), ("POST", "unreblog"),
        ("POST", "bookmark"), ("POST", "unbookmark"), ("POST", "pin"), ("POST", "unpin"), ("POST", "mute"), ("POST", "unmute"),
    ])
    func `what is asked of a wrapper is asked of the status inside`(method: String, action: String) {
        let request = ClientRequest(method: method, path: "/api/v1/statuses/199/\(action)", query: "limit=3")
        #expect(forwarded(request)?.path == "/api/v1/statuses/77/\(action)")
        #expect(forwarded(request)?.query == "limit=3")
    }

    @Test func `a wrapper can be read, not edited or deleted`() {
        #expect(answer(ClientRequest(method: "GET", path: "/api/v1/statuses/199")) == .wrapper(placement))
        for method in ["PUT", "DELETE", "PATCH"] { #expect(answer(ClientRequest(method: method, path: "/api/v1/statuses/199")) == .notFound) }
    }

    @Test func `a wrapper whose status is gone is gone`() {
        var gone = placement
        gone.localID = nil
        for path in ["/api/v1/statuses/199", "/api/v1/statuses/199/context"] {
            #expect(WrapperIDs.answer(ClientRequest(method: "GET", path: path), with: ["199": gone]) == .notFound)
        }
        let cursor = ClientRequest(method: "GET", path: "/api/v1/timelines/home", query: "max_id=199")
        #expect(WrapperIDs.answer(cursor, with: ["199": gone]) == .forward(ClientRequest(method: "GET", path: "/api/v1/timelines/home", query: "max_id=200")))
    }

    @Test(arguments: [
        ("limit=20&max_id=199", "limit=20&max_id=200"), ("min_id=199&x=%5b+", "min_id=100&x=%5b+"), ("since_id=199", "since_id=100"),
        ("max_id=%3199", "max_id=200"), ("max_id=198", "max_id=198"), ("a&&max_id=199&", "a&&max_id=200&"),
    ])
    func `cursors of home move to the neighbour, and every other byte stays`(query: String, expected: String) {
        #expect(forwarded(ClientRequest(method: "GET", path: "/api/v1/timelines/home", query: query))?.query == expected)
    }

    @Test func `other timelines and other routes are left alone and looked up for nothing`() {
        for (method, path) in [("GET", "/api/v1/timelines/public"), ("POST", "/api/v1/media"), ("GET", "/"), ("GET", "/api/v1/notifications"), ("PUT", "/api/v1/markers")] {
            let request = ClientRequest(method: method, path: path, query: "max_id=199", contentType: "application/json", body: Array(#"{"in_reply_to_id":"199"}"#.utf8))
            #expect(WrapperIDs.candidateIDs(in: request).isEmpty)
            #expect(forwarded(request) == request)
            #expect(!WrapperIDs.readsBody(method: method, path: path))
        }
    }

    @Test func `a list of statuses is split`() {
        let some = ClientRequest(method: "GET", path: "/api/v1/statuses", query: "id[]=5&id%5B%5D=199&id[]=6")
        #expect(answer(some) == .statuses(asked: ["5", "199", "6"], wrappers: ["199": placement], forward: ClientRequest(method: "GET", path: "/api/v1/statuses", query: "id[]=5&id[]=6")))
        let all = ClientRequest(method: "GET", path: "/api/v1/statuses", query: "id[]=199")
        #expect(answer(all) == .statuses(asked: ["199"], wrappers: ["199": placement], forward: nil))
        let none = ClientRequest(method: "GET", path: "/api/v1/statuses", query: "id[]=5")
        #expect(forwarded(none) == none)
    }

    @Test(arguments: [
        ("/api/v1/statuses", "status=h%C3%A9+199&in_reply_to_id=199&media_ids[]=199", "status=h%C3%A9+199&in_reply_to_id=77&media_ids[]=199"),
        ("/api/v1/statuses", "quoted_status_id=199", "quoted_status_id=77"),
        ("/api/v1/reports", "account_id=199&status_ids[]=199&status_ids%5B%5D=5&status_ids[1]=199", "account_id=199&status_ids[]=77&status_ids%5B%5D=5&status_ids[1]=77"),
        ("/api/v1/markers", "home[last_read_id]=199&notifications[last_read_id]=199", "home[last_read_id]=200&notifications[last_read_id]=199"),
        ("/api/v1/markers", "home%5Blast_read_id%5D=199", "home%5Blast_read_id%5D=200"),
        ("/api/v2/filters/4/statuses", "status_id=199", "status_id=77"),
    ])
    func `forms are mapped field by field`(path: String, body: String, expected: String) {
        let request = ClientRequest(method: "POST", path: path, contentType: "application/x-www-form-urlencoded; charset=utf-8", body: Array(body.utf8))
        #expect(WrapperIDs.readsBody(method: "POST", path: path))
        #expect(forwarded(request).map { String(decoding: $0.body, as: UTF8.self) } == expected)
    }

    @Test(arguments: [
        ("/api/v1/statuses", #"{ "status" : "in_reply_to_id: 199 \u0022", "in_reply_to_id" : "199" , "poll":{"options":["199"]}}"#, #"{ "status" : "in_reply_to_id: 199 \u0022", "in_reply_to_id" : "77" , "poll":{"options":["199"]}}"#),
        ("/api/v1/statuses", #"{"in_reply_to_id":199,"quoted_status_id":"\u0031\u0039\u0039"}"#, #"{"in_reply_to_id":77,"quoted_status_id":"77"}"#),
        ("/api/v1/statuses", #"{"in_reply_to_id":null}"#, #"{"in_reply_to_id":null}"#),
        ("/api/v1/reports", #"{"status_ids":["199","5",199]}"#, #"{"status_ids":["77","5",77]}"#),
        ("/api/v1/markers", #"{"home":{"last_read_id":"199"},"notifications":{"last_read_id":"199"}}"#, #"{"home":{"last_read_id":"200"},"notifications":{"last_read_id":"199"}}"#),
        ("/api/v1/statuses", #"{"in_reply_to_id":"199""#, #"{"in_reply_to_id":"199""#),
    ])
    func `JSON bodies are mapped value by value`(path: String, body: String, expected: String) {
        let request = ClientRequest(method: "POST", path: path, contentType: "application/json", body: Array(body.utf8))
        #expect(forwarded(request).map { String(decoding: $0.body, as: UTF8.self) } == expected)
    }

    @Test(arguments: ["xyz", "\"xyz\""])
    func `multipart bodies are mapped part by part, lengths included`(boundary: String) {
        func body(_ id: String) -> [UInt8] {
            var bytes = Array("preamble\r\n--xyz\r\nContent-Disposition: form-data; name=\"status\"\r\n\r\n199 \r\n--xy\r\n--xyz\r\n".utf8)
            bytes += Array("Content-Disposition: form-data; name=\"in_reply_to_id\"\r\nContent-Type: text/plain\r\nContent-Length: \(id.count)\r\n\r\n\(id)\r\n--xyz\r\n".utf8)
            bytes += Array("content-disposition: form-data; name=\"quoted_status_id\"\r\n\r\n\(id)\r\n--xyz\r\n".utf8)
            bytes += Array("Content-Disposition: form-data; name=\"in_reply_to_id\"; filename=\"a\"\r\n\r\n".utf8) + [0xFF, 0x00, 0x31]
            return bytes + Array("\r\n--xyz--\r\nepilogue".utf8)
        }
        let request = ClientRequest(method: "POST", path: "/api/v1/statuses", contentType: "multipart/form-data; boundary=\(boundary)", body: body("199"))
        #expect(forwarded(request)?.body == body("77"))
        var other = request
        other.body = body("198")
        #expect(forwarded(other) == other)
    }

    @Test(arguments: 0..<200)
    func `broken bodies are left alone`(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        var body = Array("--xyz\r\nContent-Disposition: form-data; name=\"in_reply_to_id\"\r\n\r\n198\r\n--xyz--\r\n{\"in_reply_to_id\":\"198\"}&in_reply_to_id=198".utf8)
        for _ in 0..<Int.random(in: 1...20, using: &generator) {
            let index = Int.random(in: 0..<body.count, using: &generator)
            if Bool.random(using: &generator) { body.remove(at: index) } else { body[index] = UInt8.random(in: 0...255, using: &generator) }
        }
        for type in ["multipart/form-data; boundary=xyz", "multipart/form-data", "application/json", "application/x-www-form-urlencoded"] {
            let request = ClientRequest(method: "POST", path: "/api/v1/statuses", contentType: type, body: body)
            #expect(WrapperIDs.answer(request, with: ["199": placement]) == .forward(request))
        }
    }

    @Test func `ids looked up for one request are bounded`() {
        let query = (0..<1_000).map { "id[]=\($0)" }.joined(separator: "&")
        #expect(WrapperIDs.candidateIDs(in: ClientRequest(method: "GET", path: "/api/v1/statuses", query: query)).count == 100)
    }
}

struct VirtualAccountRouteTests {
    private static let id = "sheltieabcdefghij2345672345"
    private static let short = "abcdefghij"

    private func route(_ method: String, _ path: String, _ query: String? = nil, body: String = "") -> VirtualAccountRoute? {
        VirtualAccountRoute(
            ClientRequest(method: method, path: "/api/" + path, query: query, contentType: "application/x-www-form-urlencoded", body: Array(body.utf8)),
            authority: "proxy.example")
    }

    @Test func `reads are told apart`() {
        let base = "v1/accounts/" + Self.id
        #expect(route("GET", base) == .account(id: Self.id))
        #expect(route("GET", base + "/statuses", "limit=20&pinned=false") == .statuses(id: Self.id, nothing: false))
        #expect(route("GET", base + "/statuses", "pinned=true") == .statuses(id: Self.id, nothing: true))
        #expect(route("GET", base + "/statuses", "only_media=1") == .statuses(id: Self.id, nothing: true))
        for list in ["followers", "following", "lists", "featured_tags", "endorsements", "identity_proofs", "collections"] {
            #expect(route("GET", base + "/" + list) == .empty)
        }
        #expect(route("GET", base + "/unheard") == .notFound)
        #expect(route("GET", "v1/lists/" + Self.id) == .notFound)
    }

    @Test func `its handle and address are found however they are written`() {
        for acct in ["sheltie-abcdefghij@proxy.example", "%40sheltie-abcdefghij%40Proxy.example", "@sheltie-abcdefghij@proxy.example"] {
            #expect(route("GET", "v1/accounts/lookup", "acct=" + acct) == .handle(short: Self.short))
            #expect(route("GET", "v2/search", "resolve=true&q=" + acct) == .search(short: Self.short, version: 2))
            #expect(route("GET", "v1/accounts/search", "q=" + acct) == .search(short: Self.short, version: nil))
        }
        #expect(route("GET", "v1/search", "q=https://proxy.example/sheltie/reasons/abcdefghij") == .search(short: Self.short, version: 1))
        for acct in ["alice", "sheltie-abcdefghij@far.example", "sheltie-abc@proxy.example", "sheltie-abcdefghij"] {
            #expect(route("GET", "v1/accounts/lookup", "acct=" + acct) == nil)
        }
    }

    @Test func `lists of ids are split`() {
        let query = "id[]=5&id[]=\(Self.id)&with_suspended=true"
        let rest = { (path: String) in
            ClientRequest(method: "GET", path: "/api/" + path, query: "id[]=5&with_suspended=true", contentType: "application/x-www-form-urlencoded")
        }
        let mixed = { (path: String) in VirtualAccountRoute.Mixed(asked: ["5", Self.id], ours: [Self.id], forward: rest(path)) }
        #expect(route("GET", "v1/accounts/relationships", query) == .relationships(mixed("v1/accounts/relationships")))
        #expect(route("GET", "v1/accounts/familiar_followers", query) == .familiarFollowers(mixed("v1/accounts/familiar_followers")))
        #expect(route("GET", "v1/accounts", query) == .accounts(mixed("v1/accounts")))
        #expect(route("GET", "v1/accounts", "id[]=" + Self.id) == .accounts(.init(asked: [Self.id], ours: [Self.id], forward: nil)))
        #expect(route("GET", "v1/accounts/relationships", "id[]=5") == nil)
    }

    @Test(arguments: [
        ("unfollow", "", VirtualAccountRoute.Act.less(seconds: nil)), ("follow", "reblogs=false", .less(seconds: nil)), ("follow", "", .more),
        ("follow", "reblogs=true&notify=false", .more), ("mute", "duration=3600", .mute(seconds: 3_600)), ("mute", "duration=0", .mute(seconds: nil)),
        ("unmute", "", .more), ("block", "", .block), ("unblock", "", .unblock),
    ])
    func `acts are gestures about the reason`(word: String, body: String, act: VirtualAccountRoute.Act) {
        #expect(route("POST", "v1/accounts/\(Self.id)/\(word)", body: body) == .act(id: Self.id, act))
    }

    @Test func `what cannot be done is refused`() {
        for word in ["note", "pin", "unpin", "endorse", "unendorse", "remove_from_followers"] {
            #expect(route("POST", "v1/accounts/\(Self.id)/\(word)") == .refused)
        }
        #expect(route("POST", "v1/reports", body: "account_id=" + Self.id) == .refused)
        #expect(route("POST", "v1/lists/3/accounts", body: "account_ids[]=4&account_ids[]=" + Self.id) == .refused)
        #expect(route("POST", "v1/reports", body: "account_id=4") == nil)
        #expect(VirtualAccountRoute.readsBody(method: "POST", path: "/api/v1/accounts/\(Self.id)/mute"))
        #expect(!VirtualAccountRoute.readsBody(method: "POST", path: "/api/v1/accounts/4/mute"))
    }

    @Test(arguments: ["v1/accounts/4", "v1/accounts/sheltie", "v1/accounts/sheltieABCDEFGHIJ2345672345", "v1/timelines/home", "v1/accounts/verify_credentials"])
    func `other requests are none of ours`(path: String) {
        #expect(route("GET", path) == nil)
        #expect(route("POST", path) == nil)
    }
}
