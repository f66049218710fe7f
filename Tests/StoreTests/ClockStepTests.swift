import Database
import Fediverse
import Privacy
import Recommender
import TestSupport
import Testing

@testable import Store

/// Somebody sets the clock while the anonymizer is at work: nothing that is not due goes, but for what the guard tolerates, and nothing
/// that is due stays once the clock is right.
struct ClockStepTests {
    private static let steps: [(name: String, span: Instant.Span)] = [
        ("an hour ahead", .hours(1)), ("an hour behind", Instant.Span(microseconds: -3_600_000_000)), ("a day ahead", .days(1)),
        ("a day behind", .days(-1)), ("a year ahead", .days(365)), ("a year behind", .days(-365)), ("a leap second", .seconds(1)),
        ("a leap second the other way", .seconds(-1)), ("two hours ahead, as a wrong zone", .hours(2)), ("two hours behind", .hours(-2)),
    ]

    @Test func `no step of the clock ends what is not due, and none keeps what is`() async throws {
        let test = LargeTest("clock-steps", seed: 81)
        let storage = try await Storage.open(.sqlite(path: ":memory:"), role: .serve, now: noon)
        var random = SeededGenerator(seed: test.seed)
        var (doubted, ended) = (0, 0)
        for number in 0..<test.planned {
            let step = Self.steps[number % Self.steps.count]
            let one = try await OneClock(number, step.span, storage, random.next(3))
            let (wasDoubted, gone) = try await one.run(&random, "\(step.name), case \(number)")
            doubted += wasDoubted ? 1 : 0
            ended += gone
        }
        await storage.shutdown()
        #expect(doubted > test.planned / 5 && ended > test.planned * 20)
        test.finish(done: test.planned, failed: 0)
    }
}

private struct OneClock {
    let storage: Storage
    let tenant: TenantKey
    let step: Instant.Span
    /// 0: as after a start of the machine, when only the wall tells the time. Else both clocks are known.
    let kind: Int
    let level: PrivacyLevel
    private let kept: Int64

    init(_ number: Int, _ step: Instant.Span, _ storage: Storage, _ kind: Int) async throws {
        (self.storage, self.step, self.kind) = (storage, step, kind)
        level = number % 2 == 0 ? .full : .limited
        kept = level == .full ? 90 : 14
        tenant = try await storage.tenant(domain: "c\(number).example", at: noon)
        try await storage.registerKey(id: "key-1", in: tenant, at: noon)
        let viewer = try await storage.people.setLevel(level, of: alias(1), in: tenant, at: noon).viewer
        // From a week before the end of their time to a week after it, four a day, and some that are far from it.
        for quarter in -28...28 {
            let at = noon - .days(kept) + .hours(Int64(quarter) * 6) + .minutes(Int64(number % 50))
            let act = Interaction(post: PostReference(postID: id(quarter + 100), authorID: id(1)), kind: .favourite, at: at)
            if let permitted = PrivacyPolicy().permit(act, visibility: .public, for: viewer) { _ = try await storage.interactions.record(permitted) }
        }
    }

    private func left() async throws -> [Instant] {
        try await storage.pool.read { connection in
            try connection.all("SELECT occurred_at FROM user_interactions WHERE tenant_id = \(tenant)") { $0.instant(0) }
        }
    }

    /// - Returns: whether a run doubted the clock, and how many rows ended.
    func run(_ random: inout SeededGenerator, _ name: String) async throws -> (Bool, Int) {
        var (real, boot) = (noon, Instant.Span.hours(9))
        var (mark, doubted): (ClockMark?, Bool) = (nil, false)
        let all = try await left().count
        func anonymize(wall: Instant, knowsBoot: Bool = true) async throws {
            let reading = ClockReading(wall: wall, sinceBoot: knowsBoot ? boot : nil)
            let report = try await Anonymizer().run(on: storage.retention, tenant: tenant, at: reading, lastRun: mark)
            if let failure = report.firstFailure { throw failure }
            mark = report.mark
            doubted = doubted || report.clockDoubted
        }
        func pass(_ span: Instant.Span) {
            real = real + span
            boot = Instant.Span(microseconds: boot.microseconds + span.microseconds)
        }
        try await anonymize(wall: real)
        // Hours later the clock is wrong for one run, in the middle of the hour.
        for _ in 0..<random.next(4) {
            pass(.hours(1))
            try await anonymize(wall: real)
        }
        pass(.minutes(Int64(random.next(60)) + 1))
        let before = try await left()
        try await anonymize(wall: real + step, knowsBoot: kind != 0)
        let after = Set(try await left())
        let early = before.filter { !after.contains($0) && $0 >= real - .days(kept) + ClockGuard.tolerance }
        #expect(early.isEmpty, "\(name): \(early.count) rows went before their time")
        // It is right again.
        pass(.hours(1))
        try await anonymize(wall: real)
        pass(.hours(1))
        try await anonymize(wall: real)
        let rows = try await left()
        #expect(rows.allSatisfy { $0 >= real - .days(kept) }, "\(name): a row outlived its time")
        #expect(rows.count >= 26, "\(name): \(rows.count) of 29 that are not due are left")
        return (doubted, all - rows.count)
    }
}
