import Database
import Fediverse
import Privacy
import Recommender
import TestSupport
import Testing

@testable import Store

/// More than a year by a clock of the test's own: each day people act, the anonymizer runs, no row is overdue, and what is stored is
/// exactly what is owed. Once in a while the wall clock jumps a month forward for one run, as after a wrong setting.
struct VirtualDaysTests {
    @Test func `each day of a year no row is overdue, and none has gone early`() async throws {
        let test = LargeTest("virtual-days", seed: 31)
        var year = try await VirtualYear(aliasesOfALevel: LargeTest.isFull ? 1_000 : 60)
        for day in 0..<test.planned {
            try await year.live(day)
            if day % 10 == 5 { try await year.runWithWrongClock() }
            try await year.runAnonymizer()
            try await year.expectNothingOverdue(day)
            // Row by row each day while there are few people, else now and then.
            if !LargeTest.isFull || day % 13 == 12 || day == test.planned - 1 { try await year.expectWhatIsOwed(day) }
        }
        test.finish(done: test.planned, failed: 0)
        await year.end()
    }
}

private struct VirtualYear {
    /// 2026-01-05 10:00 UTC, a Monday.
    static let start = Instant(seconds: 20_458 * 86_400 + 10 * 3_600)
    /// Everybody acts once in so many days, each day others.
    static let turn = 15
    /// The last of each level are not seen again after this day.
    static let leavingDay = 20
    static let leaving = 3

    /// docs/privacy.md once more, written down apart from the product's own table.
    private struct Owed {
        let interactions: Int64
        let logs: Int64
        let suppressions: Int64
        let unseen: Int64
    }
    private static let owed: [PrivacyLevel: Owed] = [
        .limited: Owed(interactions: 14, logs: 7, suppressions: 90, unseen: 180),
        .full: Owed(interactions: 90, logs: 30, suppressions: 365, unseen: 365),
    ]

    private struct Person {
        var viewer: Viewer
        let number: Int
        var isHere = true
    }

    private let aliasesOfALevel: Int
    private let storage: Storage
    private let tenant: TenantKey
    private let policy = PrivacyPolicy()
    private var people: [Person] = []
    private var now = start
    private var sinceBoot = Instant.Span.hours(5)
    private var mark: ClockMark?
    /// Rows as they are kept, by what they are: "table alias subject" and the kept time.
    private var interactions: [AliasID: [String: Instant]] = [:]
    private var views: [AliasID: [String: Instant]] = [:]
    private var logs: [AliasID: [String: Instant]] = [:]
    private var suppressions: [AliasID: [String: Instant]] = [:]
    private var lastSeen: [AliasID: Instant] = [:]

    init(aliasesOfALevel: Int) async throws {
        self.aliasesOfALevel = aliasesOfALevel
        storage = try await Storage.open(.sqlite(path: ":memory:"), role: .serve, now: Self.start)
        tenant = try await storage.tenant(domain: "social.example", at: Self.start)
        try await storage.registerKey(id: "key-1", in: tenant, at: Self.start)
        for level in PrivacyLevel.allCases {
            for number in 0..<aliasesOfALevel {
                let alias = try #require(AliasID(hex: Self.id("\(level) \(number)")))
                let viewer = try await storage.people.setLevel(level, of: alias, in: tenant, at: Self.start).viewer
                people.append(Person(viewer: viewer, number: number))
                if level > .none { lastSeen[alias] = Self.cut(Self.start, level == .full ? .day : .week) }
            }
        }
    }

    func end() async { await storage.shutdown() }

    private static func id(_ text: String) -> String { Pseudonymizer.postID(host: "virtual.example", uri: text) }
    private static func cut(_ moment: Instant, _ precision: KeepingPolicy.Precision) -> Instant { precision.cut(moment) }

    /// Everybody acts once in each way, and ten statuses come in.
    mutating func live(_ day: Int) async throws {
        now = Self.start + .days(Int64(day))
        sinceBoot = .hours(5 + 24 * Int64(day))
        let (storage, policy, now) = (storage, policy, self.now)
        let statuses = (0..<10).map { number in
            KeptStatus(
                postID: Self.id("status \(day) \(number)"), authorID: Self.id("author \(number)"), localID: "\(day)-\(number)",
                content: "Day \(day)", createdAt: now - .minutes(5), tags: ["day"])
        }
        _ = try await storage.statuses.keep(statuses, cursor: nil, in: tenant, at: now)
        let keys = try await storage.pool.read { connection in
            try statuses.map { status in try connection.first("SELECT post_key FROM post_metadata WHERE post_id = \(status.postID)") { $0.post(0) } }
        }
        for index in people.indices where day == Self.leavingDay && people[index].number >= aliasesOfALevel - Self.leaving {
            people[index].isHere = false
        }
        let here = people.filter { $0.isHere && ($0.number + day) % Self.turn == 0 }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for person in here {
                group.addTask {
                    try await Self.act(person, day, statuses, keys, storage, policy, now)
                }
            }
            try await group.waitForAll()
        }
        for person in here where person.viewer.level > .none { note(person, day) }
    }

    private static func act(
        _ person: Person, _ day: Int, _ statuses: [KeptStatus], _ keys: [PostKey?], _ storage: Storage, _ policy: PrivacyPolicy, _ now: Instant
    ) async throws {
        let viewer = person.viewer
        let status = statuses[person.number % statuses.count]
        // One known status, one that nobody ever kept, which becomes a stub.
        for (kind, post) in [
            (InteractionKind.favourite, status.postID), (.reblog, id("elsewhere \(person.number) \(day)")), (.view, status.postID),
        ] {
            let act = Interaction(post: PostReference(postID: post, authorID: status.authorID), kind: kind, at: now)
            let permitted = policy.permit(act, visibility: .public, for: viewer, keepingViews: true)
            #expect((permitted == nil) == (viewer.level == .none || kind == .view && viewer.level == .limited))
            if let permitted { #expect(try await storage.interactions.record(permitted)) }
        }
        if let key = keys[(person.number + 1) % keys.count] {
            let recommendation = Recommendation(
                post: key, at: now, reason: "popular", modelVersion: "blend-v1", shownAs: "\(day)-\(person.number)", above: "1", below: "2", position: 3)
            let permitted = policy.permit(recommendation, for: viewer)
            #expect((permitted == nil) == (viewer.level == .none))
            if let permitted { #expect(try await storage.recommendationLog.record([permitted], while: { true })) }
        }
        let suppression = Suppression(subject: .author(id: id("unwanted \(day)")), setAt: now)
        if let permitted = policy.permit(suppression: suppression, for: viewer) { try await storage.preferences.suppress(permitted) }
        if let visit = policy.permit(visit: now, for: viewer) { try await storage.people.seen(visit) }
    }

    private mutating func note(_ person: Person, _ day: Int) {
        let (alias, isFull) = (person.viewer.alias, person.viewer.level == .full)
        let at = isFull ? Self.cut(now, .second) : Self.cut(now, .hour)
        interactions[alias, default: [:]]["0 " + Self.id("status \(day) \(person.number % 10)")] = at
        interactions[alias, default: [:]]["1 " + Self.id("elsewhere \(person.number) \(day)")] = at
        if isFull { views[alias, default: [:]]["4 " + Self.id("status \(day) \(person.number % 10)")] = Self.cut(now, .day) }
        logs[alias, default: [:]]["\(day)-\(person.number)"] = isFull ? Self.cut(now, .second) : Self.cut(now, .day)
        suppressions[alias, default: [:]][Self.id("unwanted \(day)")] = Self.cut(now, isFull ? .day : .week)
        lastSeen[alias] = Self.cut(now, isFull ? .day : .week)
    }

    mutating func runAnonymizer() async throws {
        now = now + .hours(1)
        sinceBoot = Instant.Span(microseconds: sinceBoot.microseconds + Instant.Span.hours(1).microseconds)
        let report = try await run(at: ClockReading(wall: now, sinceBoot: sinceBoot))
        #expect(!report.clockDoubted && report.finished && report.at == now)
    }

    /// Somebody has set the clock a month ahead; it is right again at the next run.
    mutating func runWithWrongClock() async throws {
        let report = try await run(at: ClockReading(wall: now + .days(30), sinceBoot: sinceBoot))
        #expect(report.clockDoubted && report.at <= now)
    }

    private mutating func run(at reading: ClockReading) async throws -> AnonymizerReport {
        let report = try await Anonymizer().run(on: storage.retention, tenant: tenant, at: reading, lastRun: mark)
        #expect(report.firstFailure == nil)
        mark = report.mark
        return report
    }

    /// Asked of every table, by the ages written down above.
    func expectNothingOverdue(_ day: Int) async throws {
        let now = now
        let overdue = try await storage.pool.read { connection in
            var overdue: [String] = []
            for (level, owed) in Self.owed {
                let ages = [
                    ("user_interactions", "occurred_at", owed.interactions), ("recommendation_logs", "recommended_at", owed.logs),
                    ("suppressions", "set_at", owed.suppressions), ("user_aliases", "last_seen", owed.unseen),
                    ("author_preferences", "last_interaction_at", level == .limited ? owed.interactions : 400),
                ]
                for (table, column, days) in ages {
                    let rows = try connection.count("""
                        SELECT count(*) FROM \(raw: table) x WHERE \(raw: column) < \(now - .days(days)) AND alias_key IN (
                            SELECT alias_key FROM user_aliases WHERE privacy_level = \(level.rawValue))
                        """)
                    if rows > 0 { overdue.append("\(table) at \(level): \(rows)") }
                }
            }
            let nobodys = try personalTables.dropLast().reduce(0) { sum, table in
                try sum + connection.count("SELECT count(*) FROM \(raw: table) WHERE alias_key NOT IN (SELECT alias_key FROM user_aliases)")
            }
            return overdue + (nobodys > 0 ? ["\(nobodys) rows of nobody"] : [])
        }
        #expect(overdue.isEmpty, "day \(day)")
    }

    mutating func expectWhatIsOwed(_ day: Int) async throws {
        forgetWhatIsDue()
        var stored = try await storedRows()
        for person in people where person.viewer.level > .none {
            let alias = person.viewer.alias
            var expected = Set((interactions[alias] ?? [:]).map { "\($0.key) \($0.value.microseconds)" })
            expected.formUnion((views[alias] ?? [:]).map { "\($0.key) \($0.value.microseconds)" })
            expected.formUnion((logs[alias] ?? [:]).map { "log \($0.key) \($0.value.microseconds)" })
            expected.formUnion((suppressions[alias] ?? [:]).map { "less \($0.key) \($0.value.microseconds)" })
            let found = stored.removeValue(forKey: alias.hex) ?? []
            let (overdue, early) = (Array(found.subtracting(expected).prefix(3)), Array(expected.subtracting(found).prefix(3)))
            #expect(overdue.isEmpty && early.isEmpty, "day \(day), \(person.viewer.level) \(person.number): overdue \(overdue), early \(early)")
        }
        #expect(stored.isEmpty, "day \(day): rows of somebody who should have none")
        let aliases = try await storage.pool.read { connection in try connection.all("SELECT alias_id FROM user_aliases") { $0.text(0) } }
        #expect(Set(aliases) == Set(lastSeen.keys.map(\.hex)), "day \(day)")
        if day % 20 == 19 {
            // What an operator would be told: nothing.
            let proven = try await storage.checkRows(at: now, contentDays: 7) { _, _ in }
            #expect(proven.findings.isEmpty && proven.looked.contains { $0.amount > 100 }, "day \(day): \(proven.findings.prefix(5))")
        }
        try await expectPosts(day)
    }

    private mutating func forgetWhatIsDue() {
        for person in people {
            let alias = person.viewer.alias
            guard let owed = Self.owed[person.viewer.level] else { continue }
            let now = now
            if let seen = lastSeen[alias], seen < now - .days(owed.unseen) {
                for rows in [\VirtualYear.interactions, \.views, \.logs, \.suppressions] { self[keyPath: rows][alias] = nil }
                lastSeen[alias] = nil
            }
            interactions[alias] = interactions[alias]?.filter { $0.value >= now - .days(owed.interactions) }
            views[alias] = views[alias]?.filter { $0.value >= now - .days(7) }
            logs[alias] = logs[alias]?.filter { $0.value >= now - .days(owed.logs) }
            suppressions[alias] = suppressions[alias]?.filter { $0.value >= now - .days(owed.suppressions) }
        }
    }

    /// By alias: what the three tables say, as the model writes it.
    private func storedRows() async throws -> [String: Set<String>] {
        try await storage.pool.read { connection in
            var rows: [String: Set<String>] = [:]
            let read: (any Row) -> Void = { rows[$0.text(0), default: []].insert($0.text(1)) }
            try connection.rows("""
                SELECT u.alias_id, i.kind || ' ' || p.post_id || ' ' || i.occurred_at FROM user_interactions i
                JOIN user_aliases u ON u.alias_key = i.alias_key JOIN post_metadata p ON p.post_key = i.post_key
                """, read)
            try connection.rows("""
                SELECT u.alias_id, 'log ' || l.day_and_number || ' ' || l.recommended_at
                FROM (SELECT alias_key, shown_as AS day_and_number, recommended_at FROM recommendation_logs) l
                JOIN user_aliases u ON u.alias_key = l.alias_key
                """, read)
            try connection.rows("""
                SELECT u.alias_id, 'less ' || s.subject || ' ' || s.set_at FROM suppressions s JOIN user_aliases u ON u.alias_key = s.alias_key
                """, read)
            return rows
        }
    }

    /// Candidates for 30 days, their text for 7, and a stub for exactly as long as somebody's row refers to it.
    private func expectPosts(_ day: Int) async throws {
        let moment = now
        let wrong = try await storage.pool.read { connection in
            try [
                connection.count("SELECT count(*) FROM post_metadata WHERE created_at < \(moment - .days(30))"),
                connection.count("SELECT count(*) FROM post_metadata WHERE content IS NOT NULL AND created_at < \(moment - .days(7))"),
                connection.count("SELECT count(*) FROM post_metadata WHERE content IS NULL AND created_at >= \(moment - .days(7))"),
                connection.count("""
                    SELECT count(*) FROM post_metadata p WHERE p.created_at IS NULL
                    AND NOT EXISTS (SELECT 1 FROM user_interactions i WHERE i.tenant_id = p.tenant_id AND i.post_key = p.post_key)
                    AND NOT EXISTS (SELECT 1 FROM recommendation_logs l WHERE l.tenant_id = p.tenant_id AND l.post_key = p.post_key)
                    """),
                connection.count("SELECT count(*) FROM post_metadata WHERE created_at IS NOT NULL") - min(day + 1, 30) * 10,
            ]
        }
        #expect(wrong == [0, 0, 0, 0, 0], "day \(day)")
    }
}
