import Fediverse
import Glibc
import Privacy

/// What must be stored after what people did: docs/privacy.md once more, written down apart from the product and as plainly as possible.
/// It has everything in dictionaries, looks at all of it each time, and knows no SQL.
struct HistoryOracle {
    struct Person { var level: PrivacyLevel, created: Instant, seen: Instant }
    struct ActKey: Hashable { var person: Int, post: Int, kind: InteractionKind }
    struct Act { var at: Instant, weight: Double?, source: String?, position: Int? }
    struct LogKey: Hashable { var person: Int, shownAs: String }
    struct Log { var post: Int, at: Instant, reason: String, model: String?, position: Int? }
    struct SubjectKey: Hashable { var person: Int, kind: String, subject: String }
    struct Less { var at: Instant, until: Instant? }
    struct TasteKey: Hashable { var person: Int, author: Int }
    struct Taste { var count: Int, last: Instant, score: Double, carried: Double, carriedCount: Int }

    private(set) var people: [Int: Person] = [:]
    private(set) var acts: [ActKey: Act] = [:]
    private(set) var logs: [LogKey: Log] = [:]
    private(set) var settings: [Int: [String: String]] = [:]
    private(set) var less: [SubjectKey: Less] = [:]
    private(set) var tastes: [TasteKey: Taste] = [:]
    /// Candidates and when they were written.
    private(set) var kept: [Int: Instant] = [:]
    private(set) var left: Set<Int> = []
    private(set) var ledger: [Int: (level: PrivacyLevel, at: Instant)] = [:]

    static let authors = 5
    static func author(of post: Int) -> Int { post % authors + 1 }

    func level(_ person: Int) -> PrivacyLevel { people[person]?.level ?? .none }

    // What happens.

    mutating func choose(_ level: PrivacyLevel, _ person: Int, at now: Instant) {
        let before = self.level(person)
        if level == before { return }
        if level < before { note(person, level, now) }
        switch (before, level) {
        case (_, .none): forget(person)
        case (.none, _): people[person] = Person(level: level, created: now.floored(to: .days(1)), seen: Self.seen(now, level))
        case (_, .limited): stepDown(person, at: now)
        default:
            people[person]?.level = .full
            people[person]?.seen = Self.seen(now, .full)
            tastes = tastes.filter { $0.key.person != person }
            for author in 1...Self.authors { weigh(person, author) }
        }
    }

    mutating func erase(_ person: Int, at now: Instant) {
        forget(person)
        note(person, .none, now)
    }

    mutating func act(_ kind: InteractionKind, _ post: Int, _ person: Int, _ act: Act) {
        let level = level(person)
        if level == .none || left.contains(Self.author(of: post)) { return }
        if level == .limited, kind == .bookmark || kind == .view { return }
        let unit: Instant.Span = level == .limited ? .hours(1) : kind == .view ? .days(1) : .seconds(1)
        let at = act.at.floored(to: unit)
        let key = ActKey(person: person, post: post, kind: kind)
        let keepsMore = level == .full && kind != .view
        let fresh = Act(at: at, weight: keepsMore ? act.weight : nil, source: keepsMore ? act.source : nil, position: keepsMore ? act.position : nil)
        // A repeat moves the time, and only forward.
        if let known = acts[key] { acts[key]?.at = max(known.at, at) } else { acts[key] = fresh }
        weigh(person, Self.author(of: post))
    }

    mutating func undo(_ kind: InteractionKind, _ post: Int, _ person: Int) {
        if acts.removeValue(forKey: ActKey(person: person, post: post, kind: kind)) != nil { weigh(person, Self.author(of: post)) }
    }

    mutating func show(_ shownAs: String, _ log: Log, to person: Int) {
        let level = level(person)
        guard level != .none, kept[log.post] != nil else { return }
        logs[LogKey(person: person, shownAs: shownAs)] =
            level == .full
            ? Log(post: log.post, at: log.at.floored(to: .seconds(1)), reason: log.reason, model: log.model, position: log.position)
            : Log(post: log.post, at: log.at.floored(to: .days(1)), reason: Self.code(log.reason), model: nil, position: nil)
    }

    mutating func set(_ name: String, _ value: String?, _ person: Int) {
        if level(person) != .none { settings[person, default: [:]][name] = value }
    }

    mutating func wantLess(_ subject: SubjectKey, until: Instant?, at now: Instant) {
        let level = level(subject.person)
        if level == .none || subject.kind == "author" && left.contains(Int(subject.subject) ?? 0) { return }
        let at = level == .full ? now.floored(to: .days(1)) : Self.monday(now)
        let end = at + .days(level == .full ? 365 : 90)
        less[subject] = Less(at: at, until: until.map { min(end, level == .full ? Self.raised($0, .days(1)) : Self.raisedWeek($0)) })
    }

    mutating func release(_ subject: SubjectKey) { if level(subject.person) != .none { less[subject] = nil } }

    mutating func visit(_ person: Int, at now: Instant) {
        guard let known = people[person] else { return }
        people[person]?.seen = max(known.seen, Self.seen(now, known.level))
    }

    mutating func keep(_ post: Int, created: Instant) {
        if !left.contains(Self.author(of: post)), kept[post] == nil { kept[post] = created }
    }

    mutating func optOut(_ author: Int) {
        left.insert(author)
        kept = kept.filter { Self.author(of: $0.key) != author }
        acts = acts.filter { Self.author(of: $0.key.post) != author }
        logs = logs.filter { Self.author(of: $0.value.post) != author }
        tastes = tastes.filter { $0.key.author != author }
        less = less.filter { $0.key.kind != "author" || $0.key.subject != String(author) }
    }

    mutating func anonymize(at now: Instant) {
        for (key, act) in acts where act.at < now - .days(key.kind == .view ? 7 : level(key.person) == .limited ? 14 : 90) { end(key, act) }
        for (person, known) in people where known.level == .limited { for author in 1...Self.authors { weigh(person, author) } }
        logs = logs.filter { $0.value.at >= now - .days(level($0.key.person) == .limited ? 7 : 30) }
        less = less.filter { $0.value.at >= now - .days(level($0.key.person) == .limited ? 90 : 365) && ($0.value.until ?? now) >= now }
        for (person, known) in people where known.seen < now - .days(known.level == .limited ? 180 : 365) { forget(person) }
        tastes = tastes.filter { key, taste in
            level(key.person) == .limited || taste.last >= now - .days(1) || Self.faded(taste, at: now) >= 0.05
        }
        kept = kept.filter { $0.value >= now - .days(30) }
        ledger = ledger.filter { $0.value.at >= now - .days(37) }
    }

    // What follows from it.

    private mutating func forget(_ person: Int) {
        people[person] = nil
        settings[person] = nil
        acts = acts.filter { $0.key.person != person }
        logs = logs.filter { $0.key.person != person }
        less = less.filter { $0.key.person != person }
        tastes = tastes.filter { $0.key.person != person }
    }

    private mutating func note(_ person: Int, _ level: PrivacyLevel, _ now: Instant) {
        ledger[person] = (ledger[person]?.level == PrivacyLevel.none ? .none : level, now)
    }

    private mutating func stepDown(_ person: Int, at now: Instant) {
        for (key, act) in acts where key.person == person {
            let at = act.at.floored(to: .hours(1))
            let stays = key.kind != .bookmark && key.kind != .view && at >= now - .days(14)
            acts[key] = stays ? Act(at: at, weight: nil, source: nil, position: nil) : nil
        }
        for (key, log) in logs where key.person == person {
            let at = log.at.floored(to: .days(1))
            logs[key] = at >= now - .days(7) ? Log(post: log.post, at: at, reason: Self.code(log.reason), model: nil, position: nil) : nil
        }
        for (key, row) in less where key.person == person {
            let at = Self.monday(row.at)
            less[key] = at >= now - .days(90) ? Less(at: at, until: row.until.map(Self.raisedWeek)) : nil
        }
        people[person]?.level = .limited
        let seen = people[person]?.seen ?? now
        people[person]?.seen = Self.monday(seen)
        tastes = tastes.filter { $0.key.person != person }
        for author in 1...Self.authors { weigh(person, author) }
    }

    /// An act whose time has come. At FULL its share stays with the author's score, if there is one.
    private mutating func end(_ key: ActKey, _ act: Act) {
        acts[key] = nil
        let taste = TasteKey(person: key.person, author: Self.author(of: key.post))
        guard level(key.person) == .full, let known = tastes[taste] else { return }
        tastes[taste]?.carried += Self.weight(key.kind) * Self.half(act.at, known.last)
        tastes[taste]?.carriedCount += 1
    }

    private mutating func weigh(_ person: Int, _ author: Int) {
        let key = TasteKey(person: person, author: author)
        let mine = acts.filter { $0.key.person == person && Self.author(of: $0.key.post) == author }
        let newest = mine.values.map(\.at).max()
        if level(person) == .limited {
            let step = mine.count >= 8 ? 4 : mine.count >= 5 ? 3 : mine.count >= 3 ? 2 : mine.count == 2 ? 1 : 0
            tastes[key] = step == 0 ? nil : newest.map { Taste(count: mine.count, last: $0, score: Double(step) / 4, carried: 0, carriedCount: 0) }
            return
        }
        let before = tastes[key]
        tastes[key] = nil
        guard let last = newest?.floored(to: .days(1)) ?? before?.last, !mine.isEmpty || (before?.carriedCount ?? 0) > 0 else { return }
        // What was carried until one day, as of another.
        let carried = before.map { $0.carried * exp2(-Self.days($0.last, last) / 30) } ?? 0
        let score = 1 - exp(-(mine.reduce(carried) { $0 + Self.weight($1.key.kind) * Self.half($1.value.at, last) }) / 4)
        if score < 0.05 { return }
        let count = before?.carriedCount ?? 0
        tastes[key] = Taste(count: mine.count + count, last: last, score: score, carried: carried, carriedCount: count)
    }

    private static func weight(_ kind: InteractionKind) -> Double {
        switch kind {
        case .view: 0.1
        case .favourite: 1
        case .bookmark: 1.2
        case .reply: 1.3
        case .reblog: 1.5
        }
    }

    private static func days(_ from: Instant, _ to: Instant) -> Double { Double(to.microseconds - from.microseconds) / 86_400e6 }
    /// What is left of 1 from then on; what is later than the moment counts whole.
    private static func half(_ from: Instant, _ to: Instant) -> Double { exp2(-max(0, days(from, to)) / 30) }
    private static func faded(_ taste: Taste, at now: Instant) -> Double { 1 - pow(1 - taste.score, half(taste.last, now)) }
    private static func code(_ reason: String) -> String { String(reason.split(separator: ":")[0]) }
    private static func seen(_ now: Instant, _ level: PrivacyLevel) -> Instant { level == .full ? now.floored(to: .days(1)) : monday(now) }
    private static func monday(_ now: Instant) -> Instant {
        let day = now.microseconds / 86_400_000_000
        return Instant(seconds: (day - (day + 3) % 7) * 86_400)
    }
    private static func raised(_ moment: Instant, _ unit: Instant.Span) -> Instant {
        let start = moment.floored(to: unit)
        return start == moment ? moment : start + unit
    }
    private static func raisedWeek(_ moment: Instant) -> Instant { monday(moment) == moment ? moment : monday(moment) + .days(7) }
}
