import Fediverse

/// Everything that a demo server knows: the world, who may act, and what was done.
struct DemoState: Sendable {
    struct App: Sendable {
        var id: Int64
        var name: String
        var website: String?
        var clientID: String
        var secret: String
        var redirects: [String]
        var scopes: [String]
    }

    struct Token: Sendable {
        var app: String?
        /// nil for a token of an app alone.
        var account: Int32?
        var scopes: [String]
        /// Milliseconds since 1970.
        var createdAt: Int64
        var windowStart: Int64 = 0
        var used = 0
    }

    struct Grant: Sendable {
        var clientID: String
        var account: Int32
        var redirect: String
        var scopes: [String]
        var challenge: String?
        var expiresAt: Int64
    }

    struct Media: Sendable {
        var owner: Int32
        var type: String
        var bytes: [UInt8]
        var description: String?
    }

    var world: DemoWorld
    let settings: DemoSettings
    var accounts: [Int32: AccountState] = [:]
    var apps: [String: App] = [:]
    var tokens: [String: Token] = [:]
    var grants: [String: Grant] = [:]
    var media: [Int64: Media] = [:]
    var mediaOrder: [Int64] = []
    var mediaBytes = 0
    /// By person and key: the post made, and when.
    var idempotent: [String: (post: Int64, at: Int64)] = [:]
    private var lastID: Int64 = 0

    init(world: DemoWorld, settings: DemoSettings) {
        self.world = world
        self.settings = settings
    }

    /// Small ids for what has no time in it: lists, filters, marks.
    mutating func nextID() -> Int64 {
        lastID += 1
        return lastID
    }

    subscript(of account: Int32) -> AccountState {
        get { accounts[account] ?? AccountState() }
        set { accounts[account] = newValue }
    }

    mutating func issueToken(for account: Int32?, app: String? = nil, scopes: [String], at now: Int64) -> String {
        let token = secretWord()
        tokens[token] = Token(app: app, account: account, scopes: scopes, createdAt: now)
        return token
    }

    /// 256 random bits, from the system: a token must not follow from the seed.
    func secretWord() -> String {
        var random = SystemRandomNumberGenerator()
        return Base64.urlEncoded((0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) })
    }

    /// Whether this person wants nothing of the account, or the account nothing of them.
    func isHidden(_ account: Int32, from viewer: Int32) -> Bool {
        guard account != viewer else { return false }
        let mine = accounts[viewer]
        if let mine {
            if mine.isMuting(account) || mine.blocks.contains(account) { return true }
            if let domain = world.people[Int(account)].domain, mine.domainBlocks.contains(domain) { return true }
        }
        return accounts[account]?.blocks.contains(viewer) ?? false
    }

    func canSee(_ post: Post, _ viewer: Int32?) -> Bool {
        if post.isDeleted { return false }
        if post.author == viewer { return true }
        if let viewer, accounts[post.author]?.blocks.contains(viewer) == true { return false }
        switch post.visibility {
        case .public, .unlisted: break
        case .private:
            guard let viewer, world.following[Int(viewer)].contains(post.author) || world.mentions(of: post).contains(viewer) else {
                return false
            }
        case .direct:
            guard let viewer, world.mentions(of: post).contains(viewer) else { return false }
        }
        if post.reblogOf != 0 { return world.post(post.reblogOf).map { canSee($0, viewer) } ?? false }
        return true
    }

    /// For timelines: visible, and neither the author nor the boosted author hidden.
    func isShown(_ post: Post, _ viewer: Int32?) -> Bool {
        guard canSee(post, viewer) else { return false }
        guard let viewer else { return true }
        if isHidden(post.author, from: viewer) { return false }
        if post.reblogOf != 0, let inner = world.post(post.reblogOf) { return !isHidden(inner.author, from: viewer) }
        return true
    }

    /// The home timeline: own and followed accounts, their boosts, and posts with followed tags. An answer is shown when it goes to
    /// the author, to the viewer, or to somebody whom the viewer follows.
    func isHome(_ viewer: Int32) -> (Post) -> Bool {
        let following = Set(world.following[Int(viewer)])
        let mine = self[of: viewer]
        let exclusive = Set(mine.lists.filter(\.exclusive).flatMap(\.members))
        let tags = Set(mine.followedTags)
        return { post in
            if post.author == viewer { return !post.isDeleted }
            guard following.contains(post.author), !exclusive.contains(post.author) else {
                return !tags.isEmpty && post.visibility == .public && post.reblogOf == 0 && post.replyTo == 0
                    && !tags.isDisjoint(with: world.tags(of: post)) && isShown(post, viewer)
            }
            if post.reblogOf != 0, mine.withoutReblogs.contains(post.author) { return false }
            if post.replyTo != 0 {
                guard let parent = world.position(of: post.replyTo).map({ world.posts[$0].author }) else { return false }
                guard parent == post.author || parent == viewer || following.contains(parent) else { return false }
            }
            return isShown(post, viewer)
        }
    }

    /// Those of the world who favourited a post by now, then those who did it through the API.
    func favouriters(of post: Post) -> [Int32] {
        let acted = accounts.filter { $0.value.hasFavourited(post.id) }.keys.sorted()
        var random = SeededRandom(post.seed, 7)
        let wanted = world.favouriteCount(post) - Int(post.favourites)
        var chosen: [Int32] = []
        while chosen.count < wanted {
            let other = Int32(random.below(world.people.count))
            if other != post.author, !chosen.contains(other), !acted.contains(other) { chosen.append(other) }
            if chosen.count + acted.count + 1 >= world.people.count { break }
        }
        return chosen + acted
    }
}
