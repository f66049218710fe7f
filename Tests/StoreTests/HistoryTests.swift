import Database
import Fediverse
import Privacy
import Recommender
import TestSupport
import Testing

@testable import Store

/// Two hundred drawn events of a few people, levels up and down among them; after every twentieth the database holds what the oracle says, no row more
/// and none less, on both engines.
struct HistoryTests {
    @Test func `after any history the database holds what is owed and nothing else`() async throws {
        let test = LargeTest("histories", seed: 61)
        for engine in Engine.all {
            try await Engine.$current.withValue(engine) {
                try await StorePlace.with(engine) { place in
                    let storage = try await Storage.open(place.location, role: .serve, now: noon)
                    // Several at once, each with a tenant of its own.
                    let result: Result<Int, any Error> = await withTaskGroup(of: Result<Int, any Error>.self) { group in
                        for worker in 0..<4 {
                            group.addTask {
                                do {
                                    var rows = 0
                                    for number in stride(from: worker, to: test.planned, by: 4) {
                                        var history = try await History(number, seed: test.seed, storage, place, engine)
                                        rows += try await history.run()
                                    }
                                    return .success(rows)
                                } catch {
                                    return .failure(error)
                                }
                            }
                        }
                        return await group.reduce(.success(0)) { all, one in all.flatMap { rows in one.map { rows + $0 } } }
                    }
                    await storage.shutdown()
                    #expect(try result.get() > test.planned * 20, "databases that are nearly empty prove little")
                }
            }
        }
        test.finish(done: test.planned, failed: 0)
    }
}

private struct History {
    static let people = 4
    static let posts = 14
    static let events = 200

    let number: Int
    let storage: Storage
    let tenant: TenantKey
    let store: TestStore
    let engine: Engine
    private let policy = PrivacyPolicy()
    private var random: SeededGenerator
    private var now = noon
    private var oracle = HistoryOracle()
    private var shown = 0

    init(_ number: Int, seed: UInt64, _ storage: Storage, _ place: StorePlace, _ engine: Engine) async throws {
        (self.number, self.storage, self.engine) = (number, storage, engine)
        random = SeededGenerator(seed: seed &* 1_000_003 &+ UInt64(number))
        tenant = try await storage.tenant(domain: "h\(number).example", at: noon)
        try await storage.registerKey(id: "key-1", ledger: Ledger(tag: Self.tag, file: nil), in: tenant, at: noon)
        store = TestStore(storage: storage, tenant: tenant, path: place.path)
    }

    private static let tag: @Sendable (AliasID) -> String = { String($0.hex.reversed()) }

    /// - Returns: how many rows there were to compare, ten times in its course.
    mutating func run() async throws -> Int {
        var rows = 0
        for event in 1...Self.events {
            // Mostly minutes; once in a while days or weeks pass.
            now = now + (random.next(25) == 0 ? .days(Int64(random.next(45))) : .minutes(Int64(random.next(400))))
            try await happen()
            guard event.isMultiple(of: 20) else { continue }
            rows += owed().count
            let early = try await differences(posts: false)
            #expect(early.isEmpty, "history \(number) on \(engine), after \(event) events: \(early.prefix(5))")
        }
        try await anonymize()
        let late = try await differences(posts: true)
        #expect(late.isEmpty, "history \(number) on \(engine): \(late.prefix(5))")
        let tenant = tenant
        _ = try await storage.pool.write(.process) { try $0.run("DELETE FROM tenants WHERE tenant_id = \(tenant)") }
        return rows
    }

    private mutating func happen() async throws {
        let person = random.next(Self.people) + 1, post = random.next(Self.posts) + 1
        let alias = alias(person)
        let viewer = try await storage.people.viewer(alias, in: tenant)
        #expect(viewer.level == oracle.level(person), "history \(number) on \(engine)")
        switch random.next(100) {
        case ..<34: try await act(viewer, person, post)
        case ..<42:
            let kind = InteractionKind.allCases[random.next(5)]
            try await storage.interactions.undo(kind, on: id(post), by: viewer)
            oracle.undo(kind, post, person)
        case ..<52:
            let created = now - .hours(Int64(random.next(60)))
            _ = try await storage.statuses.keep(
                [.status(post, by: HistoryOracle.author(of: post), createdAt: created)], cursor: nil, in: tenant, at: now)
            oracle.keep(post, created: created)
        case ..<62: try await show(viewer, person, post)
        case ..<67:
            let setting = Setting(name: "n\(random.next(3))", value: random.next(3) == 0 ? nil : "v\(random.next(9))")
            if let permitted = policy.permit(setting: setting, for: viewer) { try await storage.preferences.set(permitted) }
            oracle.set(setting.name, setting.value, person)
        case ..<75: try await suppress(viewer, person)
        case ..<80:
            if let permitted = policy.permit(visit: now, for: viewer) { try await storage.people.seen(permitted) }
            oracle.visit(person, at: now)
        case ..<92:
            let level = PrivacyLevel.allCases[[0, 1, 1, 2, 2, 2][random.next(6)]]
            _ = try await storage.people.setLevel(level, of: alias, in: tenant, at: now)
            oracle.choose(level, person, at: now)
        case ..<94:
            _ = try await storage.people.erase(alias, in: tenant, ledgerTag: Self.tag(alias), at: now)
            oracle.erase(person, at: now)
        case 94:
            let author = random.next(HistoryOracle.authors) + 1
            // Not in every history, or soon nobody would be left to like.
            guard number % 3 == 0 else { return }
            _ = try await storage.statuses.optOut(authorID: id(author), source: .request, in: tenant, at: now)
            oracle.optOut(author)
        default: try await anonymize()
        }
    }

    private mutating func act(_ viewer: Viewer, _ person: Int, _ post: Int) async throws {
        let kind = InteractionKind.allCases[random.next(5)]
        let at = now - .minutes(Int64(random.next(200))) - .milliseconds(250)
        let source = random.next(3) == 0 ? nil : "home", position = random.next(3) == 0 ? nil : random.next(20)
        let context = source == nil && position == nil ? nil : Interaction.Context(source: source, position: position)
        let act = Interaction(
            post: PostReference(postID: id(post), authorID: id(HistoryOracle.author(of: post))), kind: kind, at: at, weight: random.next(2) == 0 ? 1.5 : nil,
            context: context)
        if let permitted = policy.permit(act, visibility: .public, for: viewer, keepingViews: true) {
            #expect(try await storage.interactions.record(permitted))
        }
        oracle.act(kind, post, person, .init(at: at, weight: act.weight, source: source, position: position))
    }

    private mutating func show(_ viewer: Viewer, _ person: Int, _ post: Int) async throws {
        guard oracle.kept[post] != nil, let key = try await storage.posts(ids: [id(post)], in: tenant).first?.key else { return }
        shown += 1
        let reason = random.next(2) == 0 ? "popular" : "tag-affinity:dogs"
        let recommendation = Recommendation(
            post: key, at: now, reason: reason, modelVersion: "blend-v1", shownAs: "w\(shown)", above: "a", below: "b", position: random.next(20))
        if let permitted = policy.permit(recommendation, for: viewer) {
            #expect(try await storage.recommendationLog.record([permitted], while: { true }))
        }
        oracle.show("w\(shown)", .init(post: post, at: now, reason: reason, model: "blend-v1", position: recommendation.position), to: person)
    }

    private mutating func suppress(_ viewer: Viewer, _ person: Int) async throws {
        let author = random.next(HistoryOracle.authors) + 1
        let isAuthor = random.next(2) == 0
        let subject = isAuthor ? Suppression.Subject.author(id: id(author)) : .reason(code: "popular")
        let key = HistoryOracle.SubjectKey(person: person, kind: isAuthor ? "author" : "reason", subject: isAuthor ? String(author) : "popular")
        if random.next(3) == 0 {
            try await storage.preferences.release(subject, by: viewer)
            return oracle.release(key)
        }
        let until = random.next(3) == 0 ? now + .days(Int64(random.next(200))) : nil
        if let permitted = policy.permit(suppression: Suppression(subject: subject, setAt: now, until: until), for: viewer) {
            try await storage.preferences.suppress(permitted)
        }
        oracle.wantLess(key, until: until, at: now)
    }

    private mutating func anonymize() async throws {
        let report = try await Anonymizer().run(on: storage.retention, tenant: tenant, at: ClockReading(wall: now, sinceBoot: nil), lastRun: nil)
        if let failure = report.firstFailure { throw failure }
        #expect(report.finished)
        oracle.anonymize(at: now)
    }

    // What is there, beside what should be.

    private func differences(posts: Bool) async throws -> [String] {
        let stored = try await stored()
        let owed = owed()
        var differences = owed.subtracting(stored.rows).map { "missing: \($0)" } + stored.rows.subtracting(owed).map { "too much: \($0)" }
        for (key, numbers) in stored.tastes {
            guard let taste = oracle.tastes[key] else { continue }
            let same = zip(numbers, [taste.score, taste.carried]).allSatisfy { abs($0 - $1) < 1e-6 * max(1, $1) }
            if !same { differences.append("person \(key.person), author \(key.author): \(numbers), not \(taste)") }
        }
        if posts {
            let referred = Set(oracle.acts.keys.map(\.post)).union(oracle.logs.values.map(\.post))
            let wanted = Set(oracle.kept.keys.map { "\($0) 1" } + referred.subtracting(oracle.kept.keys).map { "\($0) 0" })
            differences += wanted.symmetricDifference(stored.posts).map { "post \($0)" }
        }
        return differences.sorted()
    }

    private func owed() -> Set<String> {
        var rows: Set<String> = []
        for (person, row) in oracle.people { rows.insert("person \(person) \(row.level.rawValue) \(row.created.text) \(row.seen.text)") }
        for (key, act) in oracle.acts {
            let context = [act.source.map { #""source":"\#($0)""# }, act.position.map { #""position":\#($0)"# }].compactMap { $0 }.sorted()
            rows.insert("act \(key.person) \(key.post) \(key.kind.code) \(act.at.text) \(act.weight ?? 0) \(context)")
        }
        for (key, log) in oracle.logs {
            rows.insert("log \(key.person) \(key.shownAs) \(log.post) \(log.at.text) \(log.reason) \(log.model ?? "-") \(log.position ?? -1)")
        }
        for (person, settings) in oracle.settings { for (name, value) in settings { rows.insert("setting \(person) \(name) \(value)") } }
        for (key, row) in oracle.less { rows.insert("less \(key.person) \(key.kind) \(key.subject) \(row.at.text) \(row.until?.text ?? "-")") }
        for (key, taste) in oracle.tastes { rows.insert("taste \(key.person) \(key.author) \(taste.count) \(taste.last.text) \(taste.carriedCount)") }
        for (person, entry) in oracle.ledger { rows.insert("ledger \(person) \(entry.level.rawValue) \(entry.at.text)") }
        for author in oracle.left { rows.insert("left \(author)") }
        return rows
    }

    private func stored() async throws -> (rows: Set<String>, tastes: [HistoryOracle.TasteKey: [Double]], posts: Set<String>) {
        let tenant = tenant
        return try await store.look { connection in
            var rows: Set<String> = []
            var tastes: [HistoryOracle.TasteKey: [Double]] = [:]
            func each(_ statement: SQL, _ line: (any Row) -> String) throws { try connection.rows(statement) { rows.insert(line($0)) } }
            let people = "JOIN user_aliases u ON u.tenant_id = x.tenant_id AND u.alias_key = x.alias_key"
            let ids = "JOIN post_metadata p ON p.tenant_id = x.tenant_id AND p.post_key = x.post_key"
            try each("SELECT alias_id, privacy_level, created_at, last_seen FROM user_aliases WHERE tenant_id = \(tenant)") {
                "person \(tail($0.text(0))) \($0.text(1)) \($0.instant(2).text) \($0.instant(3).text)"
            }
            try each("""
                SELECT u.alias_id, p.post_id, x.kind, x.occurred_at, x.score_weight, x.context FROM user_interactions x \(raw: people) \(raw: ids)
                WHERE x.tenant_id = \(tenant)
                """) { row in
                let context = (row.textOrNil(5) ?? "").filter { !"{} ".contains($0) }.split(separator: ",").map(String.init).sorted()
                return "act \(tail(row.text(0))) \(tail(row.text(1))) \(row.integer(2)) \(row.instant(3).text) \(row.realOrNil(4) ?? 0) \(context)"
            }
            try each("""
                SELECT u.alias_id, x.shown_as, p.post_id, x.recommended_at, x.reason, x.model_version, x.position
                FROM recommendation_logs x \(raw: people) \(raw: ids) WHERE x.tenant_id = \(tenant)
                """) { row in
                "log \(tail(row.text(0))) \(row.text(1)) \(tail(row.text(2))) \(row.instant(3).text) \(row.text(4)) \(row.textOrNil(5) ?? "-") \(row.integerOrNil(6) ?? -1)"
            }
            try each("SELECT u.alias_id, x.name, x.value FROM preferences x \(raw: people) WHERE x.tenant_id = \(tenant)") {
                "setting \(tail($0.text(0))) \($0.text(1)) \($0.text(2))"
            }
            try each("""
                SELECT u.alias_id, x.subject_kind, x.subject, x.set_at, x.until FROM suppressions x \(raw: people) WHERE x.tenant_id = \(tenant)
                """) { row in
                let subject = row.text(1) == "author" ? String(tail(row.text(2))) : row.text(2)
                return "less \(tail(row.text(0))) \(row.text(1)) \(subject) \(row.instant(3).text) \(row.instantOrNil(4)?.text ?? "-")"
            }
            try each("""
                SELECT u.alias_id, a.author_id, x.interaction_count, x.last_interaction_at, x.preference_score, x.carried_weight, x.carried_count
                FROM author_preferences x \(raw: people) JOIN authors a ON a.tenant_id = x.tenant_id AND a.author_key = x.author_key
                WHERE x.tenant_id = \(tenant)
                """) { row in
                let key = HistoryOracle.TasteKey(person: tail(row.text(0)), author: tail(row.text(1)))
                tastes[key] = [row.real(4), row.real(5)]
                return "taste \(key.person) \(key.author) \(row.integer(2)) \(row.instant(3).text) \(row.integer(6))"
            }
            try each("SELECT tag, privacy_level, erased_at FROM erasure_ledger WHERE tenant_id = \(tenant)") {
                "ledger \(tail(String($0.text(0).reversed()))) \($0.text(1)) \($0.instant(2).text)"
            }
            try each("SELECT author_id FROM author_opt_outs WHERE tenant_id = \(tenant)") { "left \(tail($0.text(0)))" }
            let posts = Set(try connection.all("SELECT post_id, eligible FROM post_metadata WHERE tenant_id = \(tenant)") {
                "\(tail($0.text(0))) \($0.bool(1) ? 1 : 0)"
            })
            return (rows, tastes, posts)
        }
    }
}

/// The number at the end of 64 hex digits.
private func tail(_ id: String) -> Int { Int(id.suffix(8), radix: 16) ?? 0 }
