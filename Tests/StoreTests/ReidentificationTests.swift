import Database
import Fediverse
import Foundation
import Privacy
import Recommender
import TestSupport
import Testing

@testable import Store

/// How often somebody who has the whole database, but not the key, finds a person's row by eight favourites that everybody can see.
struct ReidentificationTests {
    @Test func `after its time nothing of a LIMITED person leads to their row`() async throws {
        let test = LargeTest("reidentification", seed: 8)
        let chance = 1 / Double(test.planned)
        let expired = try await Self.share(found: .limited, after: .days(15), test)
        #expect(expired <= chance + 0.01)
        test.finish(done: test.planned, failed: expired <= chance + 0.01 ? 0 : 1)
        // The same attacker before the rows' time is over: who finds nobody then is no attacker.
        let inside = try await Self.share(found: .limited, after: .days(0), test)
        let full = try await Self.share(found: .full, after: .days(0), test)
        #expect(inside > 0.5 && full > 0.5)
        print("re-identified of \(test.planned) people: LIMITED after 14 days \(expired), within them \(inside), FULL \(full), by chance \(chance)")
    }

    private static func share(found level: PrivacyLevel, after wait: Instant.Span, _ test: LargeTest) async throws -> Double {
        var found = 0.0
        try await TestStore.with(candidateLimit: 10_000) { store in
            let crowd = Crowd(people: test.planned, seed: test.seed)
            try await crowd.live(in: store, at: level)
            if wait > .days(0) {
                let later = ClockReading(wall: Crowd.end + wait, sinceBoot: nil)
                let report = try await Anonymizer().run(on: store.storage.retention, tenant: store.tenant, at: later, lastRun: nil)
                try #require(report.finished)
            }
            let attacker = try await Attacker(store)
            for person in crowd.people { found += attacker.success(against: person) }
        }
        return found / Double(test.planned)
    }
}

/// People who favourite for two weeks: some authors much, some posts of everybody's.
private struct Crowd {
    struct Person: Sendable {
        var number: Int
        var joined: Instant
        var acts: [(post: Int, at: Instant)]
        /// What the attacker has seen of them.
        var known: [(post: Int, at: Instant)]
    }

    static let posts = 3_000, authors = 400, days: Int64 = 13
    static let start = noon, end = noon + .days(days)
    let people: [Person]

    init(people count: Int, seed: UInt64) {
        var dice = SeededGenerator(seed: seed)
        people = (1...count).map { number in
            // Log-normal activity, about 25 favourites in two weeks; four of five on a few authors of their own.
            let activity = exp(3 + 0.7 * Self.normal(&dice))
            let own = (0..<12).map { _ in Self.zipf(&dice, Self.authors) }
            let joined = Self.start + .hours(Int64(dice.next(24 * 5)))
            let span = Int((Self.end - joined).microseconds / 3_600_000_000)
            var acts: [Int: Instant] = [:]
            for _ in 0..<max(3, min(200, Int(activity))) {
                let author = dice.next(5) > 0 ? own[dice.next(own.count)] : Self.zipf(&dice, Self.authors)
                let post = author + Self.authors * Self.zipf(&dice, Self.posts / Self.authors)
                acts[post] = joined + .hours(Int64(dice.next(span))) + .seconds(Int64(dice.next(3_600)))
            }
            let all = acts.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.map { (post: $0.key, at: $0.value) }
            return Person(number: number, joined: joined, acts: all, known: Array(all.shuffled(using: &dice).prefix(8)))
        }
    }

    static func author(of post: Int) -> Int { post % authors }

    func live(in store: TestStore, at level: PrivacyLevel) async throws {
        for part in stride(from: 0, to: Self.posts, by: 500) {
            try await store.keep((part..<min(part + 500, Self.posts)).map {
                .status($0, by: 100_000 + Self.author(of: $0), createdAt: Self.start - .hours(1), localID: "p\($0)")
            })
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, person) in people.enumerated() {
                if number >= 32 { try await group.next() }
                group.addTask {
                    let viewer = try await store.viewer(level, person.number, at: person.joined)
                    for act in person.acts { try await store.act(on: act.post, by: 100_000 + Self.author(of: act.post), viewer, at: act.at) }
                    if let last = person.acts.last { try await store.show([try await store.key(last.post)], to: viewer, at: last.at) }
                }
            }
            try await group.waitForAll()
        }
    }

    private static func normal(_ dice: inout SeededGenerator) -> Double {
        let (first, second) = (Double.random(in: 1e-9..<1, using: &dice), Double.random(in: 0..<1, using: &dice))
        return (-2 * log(first)).squareRoot() * cos(2 * .pi * second)
    }

    /// From 0 to below `count`, each as often as one over its place.
    private static func zipf(_ dice: inout SeededGenerator, _ count: Int) -> Int {
        min(count - 1, Int(exp(Double.random(in: 0..<log(Double(count + 1)), using: &dice))) - 1)
    }
}

/// Reads every table that refers to an alias, and takes the row that agrees best with what is known of a person.
private struct Attacker {
    private struct Row {
        var createdAt: Instant
        var lastSeen: Instant
        var acts: [Int: Instant] = [:]
        var authors: Set<Int> = []
        var shown: Set<Int> = []
    }

    private var rows: [Int64: Row] = [:]
    private var aliasOf: [Int: Int64] = [:]
    /// How many rows name an author: a rare one says more.
    private var fans: [Int: Int] = [:]

    init(_ store: TestStore) async throws {
        let (aliases, posts, acts, preferences, logs) = try await store.look { connection in
            (
                try connection.all("SELECT alias_key, alias_id, created_at, last_seen FROM user_aliases") {
                    ($0.integer(0), $0.text(1), $0.instant(2), $0.instant(3))
                },
                // Posts are public: whoever has seen one knows its id here, and by its row its author's number.
                try connection.all("SELECT post_key, post_id, author_key FROM post_metadata") { ($0.integer(0), $0.text(1), $0.integer(2)) },
                try connection.all("SELECT alias_key, post_key, occurred_at FROM user_interactions") { ($0.integer(0), $0.integer(1), $0.instant(2)) },
                try connection.all("SELECT alias_key, author_key FROM author_preferences") { ($0.integer(0), $0.integer(1)) },
                try connection.all("SELECT alias_key, post_key FROM recommendation_logs") { ($0.integer(0), $0.integer(1)) }
            )
        }
        var number: [Int64: Int] = [:], author: [Int64: Int] = [:]
        for (key, id, authorKey) in posts {
            let post = Int(id.suffix(12), radix: 16) ?? 0
            (number[key], author[authorKey]) = (post, Crowd.author(of: post))
        }
        for (key, id, created, seen) in aliases {
            rows[key] = Row(createdAt: created, lastSeen: seen)
            // For the count afterwards; the attacker does not know it.
            aliasOf[Int(id.suffix(12), radix: 16) ?? 0] = key
        }
        for (alias, post, at) in acts { if let post = number[post] { rows[alias]?.acts[post] = at } }
        for (alias, key) in preferences { if let author = author[key] { rows[alias]?.authors.insert(author) } }
        for (alias, post) in logs { if let post = number[post] { rows[alias]?.shown.insert(post) } }
        for row in rows.values { for author in row.authors { fans[author, default: 0] += 1 } }
    }

    /// 1 where the best row is the person's, its share where several are equally good, else 0.
    func success(against person: Crowd.Person) -> Double {
        var best: [Int64] = [], bestScore = -1.0
        let first = person.known.map(\.at).min() ?? Crowd.start
        for (key, row) in rows {
            // Who came after the first known act did not do it.
            guard row.createdAt <= first else { continue }
            var score = 0.0
            for (post, at) in person.known {
                if let kept = row.acts[post] { score += 3 + (kept.floored(to: .hours(1)) == at.floored(to: .hours(1)) ? 1 : 0) }
                if row.shown.contains(post) { score += 1 }
            }
            for author in Set(person.known.map { Crowd.author(of: $0.post) }) where row.authors.contains(author) {
                score += 1 / Double(fans[author] ?? 1).squareRoot()
            }
            if score > bestScore + 1e-9 { (best, bestScore) = ([], score) }
            if score >= bestScore - 1e-9 { best.append(key) }
        }
        guard let own = aliasOf[person.number], best.contains(own) else { return 0 }
        return 1 / Double(best.count)
    }
}
