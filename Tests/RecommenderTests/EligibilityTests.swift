import Fediverse
import Privacy
import Testing

@testable import Recommender

/// What must hold for every slate, tried on 2,000 worlds drawn from seeds.
struct EligibilityTests {
    @Test(arguments: 0..<20) func `no slate holds what its reader must not be shown`(hundred: Int) throws {
        var entries = 0
        for seed in 0..<100 {
            let world = World(seed: UInt64(hundred * 100 + seed))
            let (slate, trace) = (world.ranked().slate, world.ranked().trace)
            let posts = Dictionary(uniqueKeysWithValues: world.posts.map { ($0.key, $0) })
            let history = world.level == .none ? ReaderHistory() : world.history
            entries += slate.entries.count
            let acts = history.actedOn.compactMap { posts[$0]?.language?.lowercased().split(separator: "-").first.map(String.init) }
            let spoken = acts.count < 5 ? [] : Set(Dictionary(grouping: acts, by: { $0 }).filter { $0.value.count > 1 }.keys)
            #expect(slate.entries.count <= world.size)
            #expect(Set(slate.keys).count == slate.entries.count)
            #expect(trace.ineligible == 0)
            for entry in slate.entries {
                let post = try #require(posts[entry.post])
                #expect(!history.actedOn.contains(post.key))
                if let shown = history.shown[post.key] { #expect(now - shown >= .days(7)) }
                #expect(!history.suppressedAuthors.contains(post.author))
                #expect(!history.suppressedReasons.contains(entry.reason.rawValue))
                #expect(reads(post.language, history.settings["languages"], world.requested, spoken))
                #expect(entry.author == post.author && entry.localID == post.localID)
                #expect(entry.score > 0)
            }
        }
        #expect(entries > 100)
    }

    @Test(arguments: 0..<20) func `every reason is the term that contributed most, and the terms make the score`(hundred: Int) throws {
        for seed in 0..<100 {
            let world = World(seed: UInt64(10_000 + hundred * 100 + seed))
            for entry in world.ranked().slate.entries {
                let largest = try #require(entry.contributions.map(\.value).max())
                let reason = entry.contributions.first { $0.term == entry.reason.rawValue }
                #expect(reason?.value == largest)
                #expect(largest > 0)
                #expect(abs(entry.contributions.reduce(0) { $0 + $1.value } - entry.score) < 1e-12)
                #expect(entry.contributions.map(\.value) == entry.contributions.map(\.value).sorted(by: >))
                if entry.reason == .tag {
                    let tag = try #require(entry.argument)
                    let post = world.posts.first { $0.key == entry.post }
                    #expect(post?.tags.contains(tag) == true)
                    #expect((world.history.tags[tag] ?? 0) > 0)
                } else {
                    #expect(entry.argument == nil)
                }
            }
        }
    }

    @Test(arguments: 0..<10) func `no author takes more than two places, no tag more than three`(hundred: Int) {
        var full = 0
        for seed in 0..<100 {
            let world = World(seed: UInt64(20_000 + hundred * 100 + seed))
            let slate = world.ranked().slate
            let tags = Dictionary(uniqueKeysWithValues: world.posts.map { ($0.key, $0.tags) })
            let authors = Dictionary(grouping: slate.entries, by: \.author).mapValues(\.count)
            let places = Dictionary(grouping: slate.entries.flatMap { tags[$0.post] ?? [] }, by: { $0 }).mapValues(\.count)
            #expect(authors.values.allSatisfy { $0 <= 2 })
            #expect(places.values.allSatisfy { $0 <= 3 })
            full += authors.values.contains(2) && places.values.contains(3) ? 1 : 0
        }
        #expect(full > 0)
    }

    @Test(arguments: 0..<5) func `the order in which candidates come makes no difference`(hundred: Int) {
        for seed in 0..<100 {
            var world = World(seed: UInt64(30_000 + hundred * 100 + seed))
            var dice = Dice(UInt64(seed) + 5)
            let slate = world.ranked()
            world.posts.shuffle(using: &dice)
            // Dictionaries made in another order are walked through in another order.
            world.history.authors = Dictionary(uniqueKeysWithValues: world.history.authors.shuffled(using: &dice))
            world.history.tags = Dictionary(uniqueKeysWithValues: world.history.tags.shuffled(using: &dice))
            world.history.actedOn = Set(world.history.actedOn.shuffled(using: &dice))
            #expect(world.ranked() == slate)
        }
    }

    @Test func `what was shown comes again after seven days, not a moment before`() {
        let index = CandidateIndex([.status(1, growth: 5)])
        let recommender = TimelineRecommender()
        func served(_ age: Instant.Span) -> Bool {
            let history = ReaderHistory(shown: [PostKey(1): now - age])
            return !recommender.slate(for: history, level: .limited, from: index, size: 1, at: now, seed: 0).entries.isEmpty
        }
        #expect(!served(.days(7) - .milliseconds(1)))
        #expect(served(.days(7)))
    }

    @Test func `a status of unknown language needs the reader's own wish`() {
        let index = CandidateIndex([.status(1, language: nil, growth: 5), .status(2, author: 2, language: "pt-BR", growth: 5)])
        func served(_ languages: String?, requested: Set<String>? = nil) -> [Int64] {
            let history = ReaderHistory(settings: languages.map { ["languages": $0] } ?? [:])
            return TimelineRecommender().slate(
                for: history, level: .limited, from: index, size: 9, at: now, seed: 0, requested: requested
            ).keys.sorted()
        }
        #expect(served(nil) == [2])
        #expect(served("und") == [1, 2])
        #expect(served("PT, und") == [1, 2])
        #expect(served("en") == [])
        #expect(served("pt", requested: ["en"]) == [])
        #expect(served(nil, requested: ["pt-br"]) == [2])
    }

    struct Reading: Sendable {
        let acts: [String?]
        let served: Set<String>
    }

    static let readings: [Reading] = [
        // Four acts tell nothing, the fifth tells.
        .init(acts: ["de", "de", "de", "de"], served: ["de", "en", "pt", "pt-br", "sv"]),
        .init(acts: ["de", "de", "de", "de", "de"], served: ["de"]),
        // A slip is none, twice is a language; a region reads the whole language.
        .init(acts: ["de", "de", "de", "de", "sv"], served: ["de"]),
        .init(acts: ["de", "de", "de", "sv", "sv"], served: ["de", "sv"]),
        .init(acts: ["en", "en", "en", "pt", "pt-BR"], served: ["en", "pt", "pt-br"]),
        .init(acts: ["de", "en", "pt", "sv", "fr"], served: ["de", "en", "pt", "pt-br", "sv"]),
        // Unknown is no language, and never English.
        .init(acts: [nil, nil, nil, nil, nil, "de"], served: ["de", "en", "pt", "pt-br", "sv"]),
        .init(acts: [nil, nil, nil, nil, "de", "de", "de", "de", "de"], served: ["de"]),
        .init(acts: [nil, nil, nil, nil, "en", "de", "de", "de", "de"], served: ["de"]),
    ]

    @Test(arguments: readings)
    func `without a setting, the languages are those of what was acted on`(reading: Reading) {
        let (acts, served) = (reading.acts, reading.served)
        let offered: [String?] = ["de", "en", "pt", "pt-BR", "sv", nil]
        let posts = (acts + offered).enumerated().map { StoredPost.status(Int64($0), author: Int64($0), language: $1, growth: 5) }
        let history = ReaderHistory(actedOn: Set((0..<Int64(acts.count)).map { PostKey($0) }))
        let index = CandidateIndex(posts)
        func languages(_ settings: [String: String], level: PrivacyLevel = .limited, requested: Set<String>? = nil) -> Set<String> {
            var history = history
            history.settings = settings
            let slate = TimelineRecommender().slate(
                for: history, level: level, from: index, size: 20, at: now, seed: 0, requested: requested)
            return Set(slate.entries.map { index[$0.post]?.language ?? "none" })
        }
        #expect(languages([:]) == served)
        // What somebody says is not narrowed by what they did.
        #expect(languages(["languages": "sv,en"]) == ["sv", "en"])
        #expect(languages(["languages": "und"]) == ["de", "en", "pt", "pt-br", "sv", "none"])
        #expect(languages([:], requested: ["sv"]) == ["sv"])
        // At NONE nothing was done, as far as we know: what is acted on is then among the offered.
        #expect(languages([:], level: .none).isSuperset(of: ["de", "en", "pt", "pt-br", "sv"]))
    }

    /// The language rule, said a second time.
    /// - Parameter spoken: the languages of what was acted on; empty where that does not tell.
    private func reads(_ language: String?, _ setting: String?, _ requested: Set<String>?, _ spoken: Set<String>) -> Bool {
        let wish = (setting ?? "").split(separator: ",").map { $0.filter { $0 != " " }.lowercased() }
        guard let language = language?.lowercased() else { return wish.contains("und") }
        let primary = language.split(separator: "-").first.map(String.init) ?? language
        let chosen = wish.filter { $0 != "und" }
        if wish.isEmpty, requested == nil { return spoken.isEmpty || spoken.contains(primary) }
        let inSetting = chosen.isEmpty || chosen.contains(language) || chosen.contains(primary)
        return inSetting && (requested.map { $0.contains(language) || $0.contains(primary) } ?? true)
    }
}

private func - (left: Instant.Span, right: Instant.Span) -> Instant.Span {
    Instant.Span(microseconds: left.microseconds - right.microseconds)
}
