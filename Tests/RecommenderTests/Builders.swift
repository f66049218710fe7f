import Fediverse
import Privacy
import Recommender

/// The moment of all tests: 2026-01-01 00:00 UTC.
let now = Instant(seconds: 1_767_225_600)

extension StoredPost {
    /// A valid status with defaults; posted `hours` ago.
    static func status(
        _ key: Int64, author: Int64 = 1, hours: Double = 1, language: String? = "en", favourites: Int = 0, reblogs: Int = 0,
        replies: Int = 0, tags: [String] = [], own: Double = 0, growth: Double = 0
    ) -> StoredPost {
        StoredPost(
            key: PostKey(key), author: AuthorKey(author), localID: "11\(key)",
            createdAt: now - .milliseconds(Int64(hours * 3_600_000)), language: language, favourites: favourites, reblogs: reblogs,
            replies: replies, tags: tags, ownScore: own, publicScore: growth)
    }
}

extension CandidateIndex {
    convenience init(_ posts: [StoredPost], version: Int64 = 1) {
        self.init(SnapshotChanges(version: version, changed: posts, removed: []))
    }
}

extension ReaderHistory.AuthorAffinity {
    static func pull(_ score: Double, interactions: Int = 3, positive: Int? = nil, daysAgo: Int64 = 1) -> Self {
        .init(score: score, interactions: interactions, positive: positive, lastAt: now - .days(daysAgo))
    }
}

extension Slate {
    var keys: [Int64] { entries.map(\.post.value) }
}

/// Random numbers from a seed, so that a failing world can be made again.
struct Dice: RandomNumberGenerator {
    var state: UInt64
    init(_ seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }
    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state &* 0x2545_f491_4f6c_dd1d
    }
    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
    mutating func share() -> Double { Double.random(in: 0...1, using: &self) }
    mutating func happens(_ chance: Double) -> Bool { share() < chance }
}

/// Candidates, a reader and a wish, drawn from a seed.
struct World {
    var posts: [StoredPost]
    var history: ReaderHistory
    var level: PrivacyLevel
    var requested: Set<String>?
    var size: Int
    var policy: RankingPolicy

    static let words = ["art", "bread", "cats", "dns", "été", "fediverse", "gardening", "Ö"]
    static let codes: [String?] = ["de", "en", "pt", "pt-BR", "en-gb", "sv", nil]

    init(seed: UInt64) {
        var dice = Dice(seed)
        posts = (0..<dice.number(0...90)).map { Self.post(Int64($0) + 1, &dice) }
        history = ReaderHistory()
        for author in 1...10 where dice.happens(0.4) {
            history.authors[AuthorKey(Int64(author))] = .pull(dice.share(), interactions: dice.number(1...9), daysAgo: Int64(dice.number(0...40)))
        }
        for word in Self.words + ["unheard"] where dice.happens(0.4) { history.tags[word] = Double(dice.number(0...9)) }
        for post in posts {
            if dice.happens(0.1) { history.actedOn.insert(post.key) }
            if dice.happens(0.15) { history.shown[post.key] = now - .hours(Int64(dice.number(0...336))) }
        }
        for author in 1...10 where dice.happens(0.1) { history.suppressedAuthors.insert(AuthorKey(Int64(author))) }
        for reason in ReasonCode.allCases where dice.happens(0.1) { history.suppressedReasons.insert(reason.rawValue) }
        for reason in ReasonCode.allCases where dice.happens(0.2) {
            history.settings["weight." + reason.rawValue] = "\(Double(dice.number(-25...25)) / 10)"
        }
        if dice.happens(0.3) { history.settings["languages"] = ["de", "en,und", "pt, de", "und", ""].randomElement(using: &dice) }
        if dice.happens(0.4) { history.settings["policy"] = RankingPolicy.allCases.randomElement(using: &dice)?.rawValue }
        level = dice.happens(0.2) ? .none : dice.happens(0.4) ? .limited : .full
        requested = dice.happens(0.3) ? (dice.happens(0.5) ? ["en"] : ["de", "pt"]) : nil
        size = dice.number(1...12)
        policy = dice.happens(0.6) ? .blend : RankingPolicy.allCases.randomElement(using: &dice) ?? .blend
    }

    static func post(_ key: Int64, _ dice: inout Dice) -> StoredPost {
        StoredPost.status(
            key, author: Int64(dice.number(1...10)), hours: Double(dice.number(-2...400)),
            language: codes.randomElement(using: &dice) ?? nil, favourites: dice.number(0...50), reblogs: dice.number(0...9),
            replies: dice.number(0...5), tags: Array(words.shuffled(using: &dice).prefix(dice.number(0...4))),
            own: dice.happens(0.3) ? Double(dice.number(1...6) * 5) : 0, growth: Double(dice.number(-2...80)))
    }

    func ranked(caps: Caps = Caps(), lambda: Double = 0.7) -> RankedSlate {
        TimelineRecommender(policy: policy, lambda: lambda, caps: caps).ranked(
            for: history, level: level, from: CandidateIndex(posts), size: size, at: now, seed: 7, requested: requested)
    }
}
