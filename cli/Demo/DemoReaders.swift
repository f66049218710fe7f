import DemoInstance
import Fediverse
import Jobs
import Privacy
import Store
import Upstream

/// The demo's people: one reader whose page is shown, and 60 more with levels and yesterday's acts, so that shared tables
/// have cells above and below the five people that they need.
struct DemoReaders {
    static let others = 60
    static let limited = 20
    static let none = 5

    let installation: Installation
    let server: DemoServer
    let seed: UInt64

    func arrive() async throws -> (token: String, alias: AliasID) {
        let now = Clock.now()
        let names = Array(server.usernames.prefix(Self.others + 1))
        let statuses = try await recentStatuses()
        var random = Shuffling(state: seed &+ 0x9E37_79B9)
        var shown: (token: String, alias: AliasID)?
        for (place, name) in names.enumerated() {
            guard let token = server.issueToken(for: name) else { continue }
            let account = try await installation.mastodon.verifyCredentials(authorization: "Bearer " + token)
            let alias = try installation.pseudonymizer.alias(domain: installation.instance.domain, accountID: account.id)
            let level: PrivacyLevel = place == 0 ? .full : place <= Self.limited ? .limited : place <= Self.limited + Self.none ? .none : .full
            let viewer = try await installation.storage.people.setLevel(level, of: alias, in: installation.tenant, at: now).viewer
            if shown == nil {
                shown = (token, alias)
                // The curl line is a program, and programs get no labels unless their owner asks.
                if let setting = PrivacyPolicy().permit(setting: Setting(name: "label", value: "reblog"), for: viewer) {
                    try await installation.storage.preferences.set(setting)
                }
            }
            try await live(viewer, accountID: account.id, statuses: statuses, at: now, &random)
        }
        // Yesterday is closed into the shared table by the job itself, as on any day.
        _ = try await SignalsJob(statuses: installation.storage.statuses, tenant: installation.tenant).run(at: now)
        guard let shown else { throw Failure("the invented instance has nobody to read it", .software) }
        return shown
    }

    /// What a person did yesterday: a few favourites and boosts, the popular statuses more often than the others.
    private func live(
        _ viewer: Viewer, accountID: String, statuses: [Status], at now: Instant, _ random: inout Shuffling
    ) async throws {
        let yesterday = now.floored(to: .days(1)) - .hours(12)
        for _ in 0..<24 {
            // The square draws low numbers more often: those statuses are everybody's.
            let draw = Double(random.next() % 10_000) / 10_000
            let status = statuses[Int(draw * draw * draw * Double(statuses.count))]
            guard status.account.id != accountID else { continue }
            let kind: InteractionKind = random.next() % 4 == 0 ? .reblog : .favourite
            let post = PostReference(
                postID: Pseudonymizer.postID(host: installation.instance.domain, uri: status.uri),
                authorID: installation.pseudonymizer.authorID(uri: status.account.uri))
            let interaction = Interaction(
                post: post, kind: kind, at: yesterday + .minutes(Int64(random.next() % 600)), context: .init(source: "demo"))
            if let permitted = PrivacyPolicy().permit(interaction, visibility: status.visibility, for: viewer) {
                try await installation.storage.interactions.record(permitted)
            }
        }
    }

    /// Public statuses of the last days, most liked first.
    private func recentStatuses() async throws -> [Status] {
        var statuses: [Status] = []
        var path: String? = "/api/v1/timelines/public?limit=40"
        for _ in 0..<10 {
            guard let asked = path else { break }
            let page = try await installation.mastodon.page(asked)
            statuses += page.statuses.filter { $0.reblog == nil && $0.visibility == .public }
            path = page.next.map { String($0.dropFirst(installation.instance.base.count)) }
        }
        guard statuses.count >= 40 else { throw Failure("the invented instance has too few posts", .software) }
        return statuses.sorted { ($0.favourites + $0.reblogs, $0.id) > ($1.favourites + $1.reblogs, $1.id) }
    }
}

/// A small generator with a seed (SplitMix64), so that the same demo is the same.
struct Shuffling: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
