import Fediverse
import TestSupport

@testable import Proxy

/// A home feed of one server, newest first, in that server's own form of ids.
struct SimulatedFeed {
    struct Post {
        var id: String
        var createdAt: String
        var json: [UInt8]
        /// What it passes on, if it does.
        var innerID: String?
    }

    let alphabet: IDAlphabet
    private(set) var posts: [Post] = []
    private var generator: SeededGenerator
    private var now: Int64 = 1_795_000_000_000
    private let withReblogs: Bool
    /// Space between the entries of a page, which is upstream's to choose.
    let space: String

    init(_ alphabet: IDAlphabet, count: Int, seed: UInt64, withReblogs: Bool = true) {
        self.alphabet = alphabet
        self.withReblogs = withReblogs
        generator = SeededGenerator(seed: seed)
        space = ["", " ", "\n  "].randomElement(using: &generator) ?? ""
        add(count)
    }

    /// New posts on top. Some come in the same second as the one before.
    mutating func add(_ count: Int) {
        for _ in 0..<count {
            now += Int64.random(in: 0..<4, using: &generator) == 0 ? Int64.random(in: 80...900, using: &generator) : Int64.random(in: 1_000...900_000, using: &generator)
            posts.insert(post(at: now), at: 0)
        }
    }

    /// What the server answers: the page's bytes, its Link header and its posts.
    func page(limit: Int, maxID: String? = nil, minID: String? = nil) -> (body: [UInt8], link: String?, posts: [Post]) {
        var found = posts[...]
        if let maxID { found = found.drop { PositionID($0.id) >= PositionID(maxID) } }
        if let minID {
            found = found.prefix { PositionID($0.id) > PositionID(minID) }
            found = found.suffix(limit)
        }
        let page = Array(found.prefix(limit))
        var body = Array("[".utf8)
        for (index, post) in page.enumerated() {
            if index > 0 { body += Array((space + "," + space).utf8) }
            body += post.json
        }
        body += Array("]".utf8)
        guard let first = page.first, let last = page.last else { return (body, nil, page) }
        let base = "<https://instance.example/api/v1/timelines/home?limit=\(limit)&"
        var links = [base + "min_id=\(first.id)>; rel=\"prev\""]
        // Mastodon sends `next` only with a page as long as was asked for.
        if page.count == limit { links.insert(base + "max_id=\(last.id)>; rel=\"next\"", at: 0) }
        return (body, links.joined(separator: ", "), page)
    }

    private mutating func post(at milliseconds: Int64) -> Post {
        let id = id(at: milliseconds)
        let time = Instant(microseconds: milliseconds * 1_000).iso8601
        let uri = "https://far.example/statuses/\(id)"
        guard withReblogs, Int.random(in: 0..<6, using: &generator) == 0 else {
            return Post(id: id, createdAt: time, json: Self.status(id: id, uri: uri, createdAt: time), innerID: nil)
        }
        let innerID = self.id(at: milliseconds - Int64.random(in: 10_000...90_000_000, using: &generator))
        let inner = String(decoding: Self.status(id: innerID, uri: "https://far.example/statuses/\(innerID)", createdAt: time), as: UTF8.self)
        return Post(id: id, createdAt: time, json: Self.status(id: id, uri: uri + "/activity", createdAt: time, reblog: inner), innerID: innerID)
    }

    /// An id as the server would make it in that millisecond.
    mutating func id(at milliseconds: Int64) -> String {
        func written(_ value: UInt64, _ length: Int) -> String {
            var rest = value
            var digits: [UInt8] = []
            for _ in 0..<length {
                digits.append(alphabet.digit(Int(rest % UInt64(alphabet.base))))
                rest /= UInt64(alphabet.base)
            }
            return String(decoding: digits.reversed(), as: UTF8.self)
        }
        let noise = generator.next()
        switch alphabet {
        case .decimal: return String(UInt64(milliseconds) << 16 | noise & 0xFFFF)
        case .ulid: return written(UInt64(milliseconds), 10) + written(noise, 8) + written(generator.next(), 8)
        case .flake: return "A" + written(UInt64(milliseconds), 7) + written(noise, 10)
        case .hex: return String(milliseconds) + written(noise, 15) + written(generator.next(), 14)
        }
    }

    static func status(
        id: String, uri: String, createdAt: String, acct: String = "alice@far.example", extra: String = "", reblog: String = "null"
    ) -> [UInt8] {
        Array("""
            {"id":"\(id)","created_at":"\(createdAt)","in_reply_to_id":null,"in_reply_to_account_id":null,"sensitive":false,\
            "spoiler_text":"","visibility":"public","language":"en","uri":"\(uri)","url":"\(uri)","replies_count":0,"reblogs_count":0,\
            "favourites_count":0,"content":"<p>caf\\u00e9 \\"and\\" ☕ \\/ ]},[{</p>","account":{"id":"7","acct":"\(acct)","username":"alice"},\
            "media_attachments":[],"mentions":[],"tags":[],"emojis":[],"filtered":[]\(extra),"reblog":\(reblog)}
            """.utf8)
    }
}
