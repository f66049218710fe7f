public import Fediverse

/// Invented people and posts, the same for the same seed and start on every machine.
///
/// The world goes on: `advance` adds the posts of the time that went by, at the pace of its first days.
public struct DemoWorld: Sendable {
    public let seed: UInt64
    /// Up to when the world is written.
    public internal(set) var now: Instant
    /// The domain in the addresses of its own people.
    public let domain: String

    var people: [Person]
    /// In the order of their ids.
    var posts: [Post] = []
    var written: [Int64: Written] = [:]
    /// Per person, in the order in which they were followed.
    var following: [[Int32]]
    var followers: [[Int32]]
    /// Answers to a post, in the order of their ids.
    var answers: [Int64: [Int64]] = [:]
    /// Per person: what others did with their posts, oldest first.
    var events: [[WorldEvent]]
    /// Per person: how many of their posts are there, and the newest that is not direct.
    var postCounts: [Int]
    var newest: [Int64]
    var usernames: [String: Int32] = [:]
    var positions: [Int64: Int32] = [:]

    /// What has happened and was told to nobody yet.
    var news: [DemoNews] = []

    let start: Int64
    let step: Int64
    var made: UInt64 = 0
    var recent: [Int64] = []
    var doomed: [(at: Int64, id: Int64)] = []
    let activity: WeightedDraw

    /// - Parameters:
    ///   - people: at least 2.
    ///   - posts: how many stand in the `days` before `now`; boosts count.
    public init(
        seed: UInt64 = 1, people count: Int = 240, posts: Int = 20_000, days: Int = 14, now: Instant, domain: String = "meadow.example"
    ) {
        precondition(count >= 2 && posts > 0 && days > 0, "a world has people, posts and days")
        self.seed = seed
        self.domain = domain
        let end = now.microseconds / 1_000
        let span = Int64(days) * 86_400_000
        start = end - span
        step = span / Int64(posts)
        self.now = Instant(microseconds: start * 1_000)
        people = PeopleMaker(seed: seed, count: count, start: start).make()
        events = Array(repeating: [], count: count)
        postCounts = Array(repeating: 0, count: count)
        newest = postCounts.map { _ in 0 }
        activity = WeightedDraw((0..<count).map { 1 / Double($0 % 60 + 6) })
        (following, followers) = Self.follows(people, seed: seed)
        for (index, person) in people.enumerated() {
            usernames[person.acct] = Int32(index)
            positions[person.id] = Int32(index)
        }
        self.posts.reserveCapacity(posts)
        while made < UInt64(posts) { makeNext() }
        self.now = now
        // Nothing has been deleted in the days that are told; what is due later will be.
        doomed.removeAll { $0.at <= end }
        news = []
    }

    /// What has happened since the last call.
    mutating func takeNews() -> [DemoNews] {
        defer { news.removeAll() }
        return news
    }

    /// Goes on to a later moment; an earlier one changes nothing.
    public mutating func advance(to moment: Instant) {
        guard moment > now else { return }
        let end = moment.microseconds / 1_000
        while nextMoment <= end { makeNext() }
        now = moment
        let (due, later) = (doomed.filter { $0.at <= end }, doomed.filter { $0.at > end })
        doomed = later
        for death in due { delete(death.id) }
    }

    /// The accounts that a demo may show: names of people of this instance, the reader first.
    public var localUsernames: [String] { people.filter { $0.isLocal && !$0.bot && !$0.group }.map(\.username) }
    public var peopleCount: Int { people.count }
    /// Boosts count, deleted ones do not.
    public var postCount: Int { posts.count { !$0.isDeleted } }
    public var languages: Set<String> { Set(posts.map(\.language.rawValue)) }

    func position(of id: Int64) -> Int? {
        let index = firstPosition(from: id)
        return index < posts.count && posts[index].id == id ? index : nil
    }

    /// The position of the first post with this id or a higher one.
    func firstPosition(from id: Int64) -> Int {
        var low = 0
        var high = posts.count
        while low < high {
            let middle = (low + high) / 2
            if posts[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// nil when there is none, or no more.
    func post(_ id: Int64) -> Post? {
        guard let index = position(of: id), !posts[index].isDeleted else { return nil }
        return posts[index]
    }

    /// Adds a post in its place and counts it where it belongs.
    mutating func insert(_ post: Post) {
        if let last = posts.last, last.id >= post.id {
            posts.insert(post, at: firstPosition(from: post.id))
        } else {
            posts.append(post)
        }
        count(post, by: 1)
        if post.visibility != .direct { newest[Int(post.author)] = max(newest[Int(post.author)], post.id) }
        if post.replyTo != 0 { answers[post.replyTo, default: []].append(post.id) }
        news.append(.posted(post.id))
    }

    /// Deletes a post and every boost of it.
    mutating func delete(_ id: Int64) {
        guard let index = position(of: id), !posts[index].isDeleted else { return }
        news.append(.deleted(posts[index]))
        posts[index].isDeleted = true
        written[id] = nil
        count(posts[index], by: -1)
        if posts[index].replyTo != 0 { answers[posts[index].replyTo]?.removeAll { $0 == id } }
        guard posts[index].reblogOf == 0, posts[index].reblogs > 0 else { return }
        for boost in index..<posts.count where posts[boost].reblogOf == id && !posts[boost].isDeleted {
            posts[boost].isDeleted = true
            postCounts[Int(posts[boost].author)] -= 1
        }
    }

    mutating func update(_ id: Int64, _ change: (inout Post) -> Void) {
        if let index = position(of: id) { change(&posts[index]) }
    }

    /// A new id for this moment, higher than every id there.
    func freshID(at milliseconds: Int64) -> Int64 { max(milliseconds << 16, (posts.last?.id ?? 0) + 1) }

    /// How many have favourited a post by now: half of its appeal within six hours, the rest ever more slowly.
    func favouriteCount(_ post: Post) -> Int {
        let hours = Double(now.microseconds / 1_000 - post.createdAt) / 3_600_000
        return Int(Double(post.appeal) * hours / (hours + 6)) + Int(post.favourites)
    }

    private mutating func count(_ post: Post, by difference: Int32) {
        postCounts[Int(post.author)] += Int(difference)
        if post.reblogOf != 0 { update(post.reblogOf) { $0.reblogs = max(0, $0.reblogs + difference) } }
        if post.replyTo != 0 { update(post.replyTo) { $0.replies = max(0, $0.replies + difference) } }
        if post.quoteOf != 0 { update(post.quoteOf) { $0.quotes = max(0, $0.quotes + difference) } }
    }

    /// Each follows 10 to 60 others, half of them for a shared topic.
    private static func follows(_ people: [Person], seed: UInt64) -> (following: [[Int32]], followers: [[Int32]]) {
        var following = Array(repeating: [Int32](), count: people.count)
        var followers = following
        let fame = WeightedDraw(people.indices.map { 1 / Double(($0 &* 7919) % people.count + 8) })
        for index in people.indices {
            var random = SeededRandom(seed, 500_000 + UInt64(index))
            let wanted = min(people.count - 1, 10 + random.below(51))
            var chosen: Set<Int32> = [Int32(index)]
            var tries = 0
            while chosen.count <= wanted, tries < 5_000 {
                tries += 1
                let other = Int32(fame.draw(&random))
                let shares = people[Int(other)].topics.contains { people[index].topics.contains($0) }
                guard shares || random.chance(25), chosen.insert(other).inserted else { continue }
                following[index].append(other)
                followers[Int(other)].append(Int32(index))
            }
        }
        return (following, followers)
    }
}

/// Something that one person did with a post of another.
struct WorldEvent: Sendable {
    enum Kind: String, Sendable { case mention, reblog, favourite, follow, status }
    /// A snowflake.
    let id: Int64
    let kind: Kind
    let from: Int32
    /// 0 for a follow.
    let post: Int64
}
